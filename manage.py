#!/usr/bin/env python3
"""Management commands. Without a database in the environment they run on the private one under var/."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CLUSTER = ROOT / "var" / "postgres"
PREPARED = CLUSTER / "prepared"  # by `up`: see core/devserver/run.py
NO_DATABASE = {
    "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages",
    "spectacular", "startapp", "version",
}  # fmt: skip
DATABASE_NAMES = ("DATABASE_URL", "DATABASE_URL_FILE", "DB_NAME")
ROLES = {"runserver": "revsync_app", "work": "revsync_system"}  # all others act as the owner of the tables


def main() -> None:
    load_env(ROOT / ".env")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    own_database = any(os.environ.get(name) for name in DATABASE_NAMES)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("REVSYNC_DB_ROLE", ROLES.get(command, "owner"))
    if command == "up" or not own_database:
        os.environ.setdefault("DEBUG", "true")
    needs_one = command not in NO_DATABASE and not {"-h", "--help"} & set(sys.argv)
    private = needs_one and not own_database
    with private_database() if private else contextlib.nullcontext():
        if command == "up":
            from core.devserver.run import up  # needs psutil, which production has not

            up(ROOT, PREPARED if private else None)
            return
        if private and command not in ROLES:
            PREPARED.unlink(missing_ok=True)  # who knows what this command does to it
        from django.core.management import execute_from_command_line  # what it imports reads DATABASE_URL

        execute_from_command_line(sys.argv)


@contextlib.contextmanager
def private_database() -> Iterator[None]:
    """The embedded PostgreSQL, told to this process and its children by DATABASE_URL."""
    try:
        from core.devserver import (
            DevServerError,
            cluster,
        )  # production has no need of it, nor of its packages
    except ModuleNotFoundError as missing:
        raise SystemExit(f"Set DATABASE_URL, or install requirements-dev.txt ({missing}).") from None
    for deadly in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            deadly, lambda number, _frame: sys.exit(128 + number)
        )  # leave through the finally below
    try:
        with cluster(CLUSTER) as os.environ["DATABASE_URL"]:
            yield
    except DevServerError as problem:
        raise SystemExit(f"The private PostgreSQL: {problem}") from None


def load_env(file: Path) -> None:
    """Take the NAME=value lines of a developer's .env, with comments after " #"; what the shell says stays."""
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.partition(" #")[0].strip().partition("=")
            if equals and not name.startswith("#"):
                os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
