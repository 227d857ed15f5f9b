"""Raw CAN frames (a candump log), decoded by a DBC file. Needs cantools: requirements-optional.txt."""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import TYPE_CHECKING, Any, Final

from telematics.imports import Parsed, Unreadable, gathered
from telematics.signals import known_name, possible_name

if TYPE_CHECKING:
    from collections.abc import Iterator

# (1436509052.249713) vcan0 044#2A366C2BBA
_FRAME: Final = re.compile(
    r"\((\d{1,12}(?:\.\d{1,9})?)\)\s+\S+\s+([0-9A-Fa-f]{3,8})#([0-9A-Fa-f]{0,128})\s*[RT]?"
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read(data: bytes, dbc: bytes, *, now: int) -> Parsed:
    """All frames that the DBC file knows; others are skipped. Raises Unreadable."""
    database = _database(dbc)
    lines = data.decode("utf-8", errors="replace").splitlines()
    return gathered(_rows(lines, database), now=now)


def available() -> bool:
    """Is cantools installed here?"""
    return importlib.util.find_spec("cantools") is not None


def _database(dbc: bytes) -> Any:
    if not available():
        raise Unreadable("CAN frames can't be decoded on this server: cantools is not installed.")
    cantools = importlib.import_module("cantools")
    try:
        return cantools.database.load_string(dbc.decode("cp1252", errors="replace"), "dbc")
    except Exception:  # whatever its parser trips over is the file's fault
        raise Unreadable("This is no DBC file.") from None


def _rows(lines: list[str], database: Any) -> Iterator[tuple[int | None, dict[str, float | None]]]:
    for line in lines:
        found = _FRAME.fullmatch(line.strip())
        values = _decoded(database, int(found[2], 16), found[3]) if found else {}
        yield (round(float(found[1]) * 1000) if found else None), values


def _decoded(database: Any, frame_id: int, payload: str) -> dict[str, float | None]:
    try:
        told = database.decode_message(frame_id, bytes.fromhex(payload), decode_choices=False)
    except Exception:  # an unknown frame, or one that is too short: skipped like any other line
        return {}
    return {
        name: float(value)
        for signal, value in told.items()
        if isinstance(value, int | float) and possible_name(name := name_of(signal))
    }


def name_of(signal: str) -> str:
    """`EngineSpeed` -> `engine_speed`, and ours where we know it."""
    plain = _HUMP.sub("_", signal).lower()
    return known_name(plain) or plain
