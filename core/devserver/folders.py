"""Folders that the account of the server can reach and nobody else can enter."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def home_of(folder: Path) -> Path:
    """`folder` itself, or what it links to: for root, in a place that `nobody` can't reach, a folder in /var/tmp."""
    home = folder.resolve()
    if os.geteuid() == 0 and not home.exists() and not open_to_strangers(_existing(home)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        elsewhere = Path(tempfile.mkdtemp(prefix="revsync-", dir="/var/tmp"))
        elsewhere.chmod(0o755)
        try:
            folder.symlink_to(elsewhere)
        except FileExistsError:  # somebody else was first
            elsewhere.rmdir()
        home = folder.resolve()
    usual = os.umask(0o022)
    try:
        home.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(usual)
    return home


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def open_to_strangers(folder: Path) -> bool:
    """Whether any account may walk there."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))


def short_temporary_folder() -> str:
    """A new folder of mode 0700 whose path leaves room for a socket's name."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="revsync-", dir=usual if len(os.fsencode(usual)) < 60 else "/tmp")  # noqa: S108
