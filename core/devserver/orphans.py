"""Children that outlive a killed parent are found by a mark in their environment and ended."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

MARK = "REVSYNC_STARTED_BY"
PATIENCE = 5  # seconds


def mark_for(project: Path) -> dict[str, str]:
    """The environment by which children of this process, and theirs, are recognised later."""
    me = psutil.Process()
    return {MARK: f"{me.pid}:{me.create_time()}:{project}"}


def end_marked(project: Path, *, ours: bool) -> int:
    """End what killed runs of this project left behind (a server keeps the port) and, if asked, our own children.

    Returns how many processes it was.
    """
    found = [process for process in psutil.process_iter() if _to_end(process, project, ours=ours)]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=PATIENCE)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE)
    return len(found)


def _to_end(process: psutil.Process, project: Path, *, ours: bool) -> bool:
    try:
        mark = process.environ().get(MARK, "") if process.pid != os.getpid() else ""
    except psutil.Error:  # another user's, or gone
        return False
    pid, _, rest = mark.partition(":")
    born, _, place = rest.partition(":")
    return place == str(project) and (int(pid) == os.getpid() if ours else not _alive(int(pid), float(born)))


def _alive(pid: int, born: float) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return parent.create_time() == born and parent.status() != psutil.STATUS_ZOMBIE
    return False
