"""The settings of production: complete or refused, checked, and visible in every answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from core.logs import redact

ROOT = Path(settings.BASE_DIR)
KEYS = ["SECRET_KEY", "REFRESH_KEY", "OTP_KEY", "FILES_KEY"]


def environment(**changes):
    """What a production machine sets, and nothing of ours."""
    given = {name: name.lower() + "-3kd93kdk30dk3lsl39dkwk3ldo39dkw93kdk30fk3" for name in KEYS}
    given |= {"JWT_KEYS": "2026a:new-jwt-key-0k3kd93kd93kdk3fkk3j 2025b:old-jwt-key-9d8f7g6h5j4k3l2m1n0p9o8i7u",
              "DEBUG": "false", "ALLOWED_HOSTS": "api.revsync.example", "TRUSTED_PROXIES": "1",
              "DATABASE_URL": "postgresql://nobody@localhost/none"}  # fmt: skip
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return kept | {name: value for name, value in (given | changes).items() if value is not None}


def manage(*arguments, **changes):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def settings_of(expression, **changes):
    script = f"from config import settings as s; print({expression})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_the_deployment_check_is_clean():
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("System check identified no issues")


@pytest.mark.parametrize("name", [*KEYS, "JWT_KEYS"])
def test_it_does_not_start_without_a_secret(name):
    done = manage("check", **{name: None})
    assert done.returncode != 0
    assert f"{name} (or {name}_FILE) must be set" in done.stderr


def test_short_or_equal_keys_are_an_error():
    same = "the-same-key-for-two-things-0123456789"
    done = manage("check", "--deploy", OTP_KEY="short", FILES_KEY=same, REFRESH_KEY=same)
    assert "OTP_KEY has fewer than 32 characters" in done.stderr
    assert "Two of the secret keys are equal" in done.stderr


def test_secrets_come_from_files_and_several_keys_may_be_active(tmp_path):
    file = tmp_path / "jwt"
    file.write_text("b:second-key-0123456789012345678901 a:first-key-01234567890123456789012\n")
    told = settings_of("list(s.JWT_KEYS.items())", JWT_KEYS=None, JWT_KEYS_FILE=str(file))
    assert told == "[('b', 'second-key-0123456789012345678901'), ('a', 'first-key-01234567890123456789012')]"
    assert "cannot be read" in settings_of("1", JWT_KEYS_FILE="/nowhere")
    assert settings_of("s.REFRESH_KEYS", REFRESH_KEY="new old") == "['new', 'old']"


@pytest.mark.parametrize(
    "expression,expected",
    [
        ("s.DEBUG", "False"),
        ("s.SECURE_SSL_REDIRECT", "True"),
        ("s.SECURE_HSTS_SECONDS", "31536000"),
        ("s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE", "True"),
        ("s.SECURE_PROXY_SSL_HEADER", "('HTTP_X_FORWARDED_PROTO', 'https')"),
        ("s.CORS_ALLOWED_ORIGINS", "[]"),
        ("getattr(s, 'CORS_ALLOW_CREDENTIALS', False)", "False"),
        ("s.SMS_BACKEND", "off"),  # never on the screen of a production machine
        ("s.EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend"),
        ("s.DATABASES['default']['OPTIONS']['options']", "-c role=revsync_app -c jit=off"),
        ("s.ALLOWED_HOSTS", "['api.revsync.example']"),
    ],
)
def test_what_production_is(expression, expected):
    assert settings_of(expression) == expected


def test_the_header_of_a_proxy_counts_only_behind_one():
    assert settings_of("s.SECURE_PROXY_SSL_HEADER", TRUSTED_PROXIES=None) == "None"


def test_docs_can_be_for_staff_only():
    assert "IsAdminUser" in settings_of("s.SPECTACULAR_SETTINGS['SERVE_PERMISSIONS']", DOCS_PUBLIC="false")


# -- Headers


@pytest.mark.django_db
def test_headers_of_the_api(anyone):
    answer = anyone.get("/api/v1/auth/profile/")
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "WWW-Authenticate": 'Bearer realm="api"',
    }
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert policy(answer) == {
        "default-src": "'none'", "frame-ancestors": "'none'", "form-action": "'none'", "base-uri": "'none'",
    }  # fmt: skip


def policy(answer):
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: rest for name, _, rest in parts}


@pytest.mark.django_db
def test_tokens_are_never_stored_by_anything_between(anyone):
    body = {"email": "rita@example.com", "password": "a-much-better-one-7", "name": "Rita"}
    made = anyone.post("/api/v1/auth/register/", body)
    again = anyone.post("/api/v1/auth/refresh/", {"refresh_token": made.json()["refresh_token"]})
    sent = anyone.post("/api/v1/auth/phone/request-otp/", {"phone": "+919876543210"})
    assert [a["Cache-Control"] for a in (made, again, sent)] == ["no-store"] * 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path,scripts", [("/admin/login/", "'self' 'unsafe-eval'"), ("/api/docs/", "'self'")]
)
def test_pages_have_policies_of_their_own_without_inline_scripts(path, scripts, desk):
    page = desk.get(path, follow=True)
    rules = policy(page)
    assert rules["script-src"] == scripts
    assert rules["frame-ancestors"] == "'none'"
    assert rules["default-src"] == "'none'"


# -- Logs


@pytest.mark.parametrize(
    "line,kept",
    [
        ("Authorization: Bearer abc.def.ghi", "Authorization: [redacted]"),
        ('{"password": "my secret pass", "a": 1}', '{"password": [redacted], "a": 1}'),
        ("{'otp_code': '123456'}", "{'otp_code': [redacted]}"),
        ("GET /chat/ws?token=abc&x=1", "GET /chat/ws?token=[redacted]&x=1"),
        ("X-API-Key: rs_abcdef", "X-API-Key: [redacted]"),
        ("refresh_token=0123.4.abc", "refresh_token=[redacted]"),
        ("new_password=hunter2;", "new_password=[redacted];"),
        ("the token eyJhbGciOi.eyJzdWIi.c2ln was wrong", "the token [redacted] was wrong"),
        ("sent Bearer abcdefghijkl to them", "sent Bearer [redacted] to them"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_logs_keep_no_secret(line, kept):
    assert redact(line) == kept
