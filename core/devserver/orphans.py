"""Processes that outlive a killed parent: children are found by a mark in their environment, and ended."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MARK = "REVSYNC_STARTED_BY"
PATIENCE = 5  # seconds


def mark_for(project: Path) -> dict[str, str]:
    """The environment by which children of this process, and theirs, are recognised later."""
    me = psutil.Process()
    return {MARK: f"{me.pid}:{me.create_time()}:{project}"}


def end_marked(project: Path, *, ours: bool) -> int:
    """End what killed runs of this project left behind (a server keeps the port), or our own children.

    Returns how many processes it was.
    """
    found = [process for process in psutil.process_iter() if _to_end(process, project, ours=ours)]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    kill(survivors(found, seconds=PATIENCE))
    return len(found)


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    survivors(processes, seconds=PATIENCE)


def survivors(processes: Sequence[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Those that are still alive after at most `seconds`. A zombie is not: some machines never bury them."""
    deadline = time.monotonic() + seconds
    while (living := [process for process in processes if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return living


def alive(process: psutil.Process) -> bool:
    """Does any thread of it still run? A zombie with threads still holds its port."""
    with contextlib.suppress(psutil.NoSuchProcess):
        dead = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not dead
    return False


def _to_end(process: psutil.Process, project: Path, *, ours: bool) -> bool:
    try:
        mark = process.environ().get(MARK, "") if process.pid != os.getpid() else ""
    except psutil.Error:  # another user's, or gone
        return False
    pid, _, rest = mark.partition(":")
    born, _, place = rest.partition(":")
    if place != str(project):
        return False
    return int(pid) == os.getpid() if ours else not _lives(int(pid), float(born))


def _lives(pid: int, born: float) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return parent.create_time() == born and alive(parent)
    return False
