"""`manage.py up`, which `make run` calls: database, demo world, HTTP, websocket and jobs, all at once."""

import os
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from core.devserver.orphans import end_marked, mark_for
from core.worker import INSIDE


class Command(BaseCommand):
    help = "Migrate, fill the demo world and serve everything in one process, for development."
    requires_system_checks = []  # the server's own start reads every view; once is enough of a wait

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *args: Any, **options: Any) -> None:
        host, port, project = options["host"], options["port"], Path(settings.BASE_DIR)
        end_marked(project, ours=False)
        refuse_taken(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        self.welcome(port)
        call_command("demo_world", stdout=self.stdout)
        self.stdout.write("\nCtrl-C stops everything.\n")
        self.stdout.flush()
        connections.close_all()
        environment = {**os.environ, **mark_for(project), INSIDE: "1", "REVSYNC_DB_ROLE": "revsync_app"}
        serve(uvicorn(host, port, project), environment, project)

    def welcome(self, port: int) -> None:
        base = f"http://localhost:{port}"
        self.stdout.write(f"""
RevSync is at {base}

  {base}/{settings.ADMIN_PATH:<20} staff pages
  {base}/api/docs/            the API, to read and to try
  {base}/api/v1/              where clients go

Demo accounts (e-mail, password):
""")


def refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise CommandError(
                f"Port {port} can't be used ({problem.strerror}): try make run PORT={port + 1}"
            ) from None


def uvicorn(host: str, port: int, project: Path) -> list[str]:
    """The server's command line: it reloads when a file of one of our packages changes."""
    packages = sorted(path.parent for path in project.glob("*/__init__.py"))
    watched = [option for package in packages for option in ("--reload-dir", str(package))]
    return [
        sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port),
        "--reload", *watched, "--reload-include", "*.html", "--timeout-graceful-shutdown", "3",
        "--log-level", "warning",
    ]  # fmt: skip


def serve(command: list[str], environment: dict[str, str], project: Path) -> None:
    """Run the server until it ends; whatever tells us to stop is passed on, and nothing stays behind; told twice, it is killed.

    Ctrl-C reaches the child from the terminal too: being told twice does it no harm.
    """
    child = subprocess.Popen(command, env=environment)  # noqa: S603 -- our own words
    told = []

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        child.terminate() if len(told) == 1 else child.kill()

    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, stop)
    code = child.wait()
    end_marked(project, ours=True)
    if code and not told:
        raise CommandError(f"The server ended with code {code}.")
