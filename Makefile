# Everything a developer needs, with nothing but python3, make and a package index. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
ARGS ?=
WORKERS ?= -n auto --maxprocesses=4
HAS_15 := from core.devserver import binaries_of; binaries_of(15)

# A virtual environment whose Python is gone (moved, upgraded) is made again.
$(shell test -x $(PY) || rm -f $(STAMP))

.PHONY: help run test check lint types demo demo-reset bench evaluate-safety openapi lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-24s%s\n", $$1, $$2}'

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "RevSync needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing into $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
	    -r requirements.txt -r requirements-dev.txt
	@touch $@

run: $(STAMP)  ## serve everything on http://localhost:8000 (PORT=, DATABASE_URL=, REDIS_URL=)
	@$(PY) manage.py up

test: $(STAMP)  ## all tests on servers of their own (ARGS="garage -k flash")
	@$(PY) -m pytest $(ARGS)

check: $(STAMP) lint types  ## all that must hold before a change is handed in
	@echo "== migrations, API description, deployment" && $(PY) manage.py makemigrations --check --dry-run
	@mkdir -p var && DEBUG=true $(PY) manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml
	@diff -u openapi.yaml var/openapi.yaml || { echo "openapi.yaml is not what the code says: make openapi"; exit 1; }
	@key=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))') && env DEBUG=false SECRET_KEY=$$key \
	    JWT_KEYS=1:j$$key REFRESH_KEY=r$$key OTP_KEY=o$$key FILES_KEY=f$$key ALLOWED_HOSTS=revsync.example \
	    DATABASE_URL=postgresql://nobody@localhost/none $(PY) manage.py check --deploy --fail-level WARNING
	@$(PY) -c '$(HAS_15)' 2>/dev/null || echo "== NOT RUN: the second round of tests, on PostgreSQL 15 (not installed)"
	@echo "== tests on PostgreSQL 18" && $(PY) -m pytest -q $(WORKERS) $(ARGS)
	@! $(PY) -c '$(HAS_15)' 2>/dev/null || \
	    { echo "== tests on PostgreSQL 15" && REVSYNC_TEST_PG=15 $(PY) -m pytest -q -x $(WORKERS) $(ARGS); }

lint: $(STAMP)
	@echo "== format, lint, floors" && $(PY) -m ruff format --check . && $(PY) -m ruff check .
	@$(VENV)/bin/lint-imports

types: $(STAMP)
	@echo "== types" && DEBUG=true $(PY) -m mypy .

demo: $(STAMP)  ## drive the main job against the running server, and print it (PORT=)
	@$(PY) -m demo

demo-reset: $(STAMP)  ## delete the private database and its files; the next `make run` starts afresh
	@$(PY) -m core.devserver forget var/postgres && rm -rf var/files

bench: $(STAMP)  ## CPU per request beside a plain DRF application (ARGS="vehicles")
	@$(PY) -m bench $(ARGS)

evaluate-safety: $(STAMP)  ## recall and false alarms of the tune analysis
	@$(PY) -m safety.evaluation --write docs/safety-evaluation.md $(ARGS)

openapi: $(STAMP)  ## write openapi.yaml from the code
	@DEBUG=true $(PY) manage.py spectacular --validate --fail-on-warn --file openapi.yaml

lock: $(STAMP)  ## requirements*.txt from requirements*.in
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@for name in requirements requirements-dev; do $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal \
	    --fork-strategy fewest --python-version 3.11 --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

clean:  ## remove the virtual environment, the private databases and all caches
	@test ! -x $(PY) || $(PY) -m core.devserver forget var/postgres var/test-postgres-15 var/test-postgres-16 \
	    var/test-postgres-18
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
