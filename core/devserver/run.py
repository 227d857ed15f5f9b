"""`manage.py up`, which `make run` calls: database, demo world, HTTP, websocket and jobs, all at once.

This process only waits: Django is loaded by its children. Migrations and demo world are skipped when nothing
that could change them has changed since they last ran, which halves the time of a second start.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from core.devserver.orphans import end_marked, mark_for

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

WELCOME = """
RevSync is at {base}

  {base}/{admin:<20} staff pages
  {base}/api/docs/            the API, to read and to try
  {base}/api/v1/              where clients go

Demo accounts (e-mail, password):
{accounts}
Ctrl-C stops everything.
"""


def up(project: Path, stamp: Path | None) -> None:
    """Serve until told to stop. `stamp` remembers, beside the private database, what was prepared in it.

    Ends the process with a sentence when the port is taken or the preparation fails.
    """
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    end_marked(project, ours=False)
    refuse_taken(host, port)
    accounts = prepared(project, stamp)
    admin = (os.environ.get("ADMIN_PATH") or "admin").strip("/") + "/"
    print(WELCOME.format(base=f"http://localhost:{port}", admin=admin, accounts=accounts), flush=True)
    serve(uvicorn(host, port, project), project)


def refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise SystemExit(
                f"Port {port} can't be used ({problem.strerror}): make run PORT={port + 1}"
            ) from None


def prepared(project: Path, stamp: Path | None) -> str:
    """Migrate and fill the demo world, or know that it is done; the demo accounts, for people."""
    state = fingerprint(project)
    if stamp and stamp.exists():
        known, _, accounts = stamp.read_text(encoding="utf-8").partition("\n")
        if known == state:
            return accounts
    command = [sys.executable, "manage.py", "prepare"]
    environment = {**os.environ, "REVSYNC_DB_ROLE": "owner"}
    done = subprocess.run(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)  # it has said why
    if stamp:
        stamp.write_text(f"{state}\n{done.stdout}", encoding="utf-8")
    return done.stdout


def fingerprint(project: Path) -> str:
    """Of all that migrations and demo world are made of: names, sizes and times of our packages' files."""
    digest = hashlib.sha256()
    for package in packages(project):
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                state = path.stat()
                digest.update(f"{path.relative_to(project)} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def packages(project: Path) -> list[Path]:
    return sorted(path.parent for path in project.glob("*/__init__.py"))


def uvicorn(host: str, port: int, project: Path) -> list[str]:
    """The server's command line: it reloads when a file of one of our packages changes."""
    watched = [option for package in packages(project) for option in ("--reload-dir", str(package))]
    return [
        sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port),
        "--reload", *watched, "--reload-include", "*.html", "--timeout-graceful-shutdown", "3",
        "--log-level", "warning", "--ws", "config.wire:Wire", "--ws-max-size", "65536",
        "--ws-per-message-deflate", "false",
    ]  # fmt: skip


def serve(command: list[str], project: Path) -> None:
    """Run the server until it ends; whatever tells us to stop is passed on, and nothing stays behind.

    Ctrl-C reaches the child from the terminal too: being told twice does it no harm. We are told twice: it is killed.
    """
    # REVSYNC_WORKER_INSIDE: see core/worker.py, which this can't import, as it imports Django
    environment = mark_for(project) | {"REVSYNC_WORKER_INSIDE": "1", "REVSYNC_DB_ROLE": "revsync_app"}
    environment["CHAT_CLOSE_SPREAD"] = "0"  # Ctrl-C, or a reload, ends it now
    child = subprocess.Popen(command, cwd=project, env=os.environ | environment)
    told = []

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        child.terminate() if len(told) == 1 else child.kill()

    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, stop)
    code = child.wait()
    end_marked(project, ours=True)
    if code and not told:
        raise SystemExit(f"The server ended with code {code}.")
