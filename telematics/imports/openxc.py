"""OpenXC traces: JSON lines, one signal in each, a timestamp in seconds with a fraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from telematics.imports import Parsed, Unreadable, gathered
from telematics.instants import millis
from telematics.protocols import number
from telematics.signals import known_name, possible_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

NAMES: Final = {
    "vehicle_speed": "speed",
    "engine_speed": "rpm",
    "fuel_level": "fuel_level",
    "odometer": "odometer",
    "latitude": "lat",
    "longitude": "lon",
    "torque_at_transmission": "torque",
}
STEP_MS: Final = 10  # between lines of a trace that has no times


def read(data: bytes, *, now: int, start_at: datetime | None = None) -> Parsed:
    """All numeric and boolean messages; text (gears, buttons) is skipped. Raises Unreadable.

    Without times in the file its lines are 10 ms apart from `start_at` on.
    """
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    messages = [_message(line) for line in lines]
    timed = any("timestamp" in message for message in messages)
    if not timed and start_at is None:
        raise Unreadable("This trace has no times. Give start_at, then its lines are 10 ms apart.")
    first = None if start_at is None or timed else millis(start_at)
    note = "" if timed else "The trace has no times; its lines were put 10 ms apart."
    return gathered(_rows(messages, first), now=now, note=note)


def _message(line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _rows(
    messages: list[dict[str, Any]], first: int | None
) -> Iterator[tuple[int | None, dict[str, float | None]]]:
    for place, message in enumerate(messages):
        seconds = number(message.get("timestamp"))
        at = (
            first + place * STEP_MS
            if first is not None
            else None
            if seconds is None
            else round(seconds * 1000)
        )
        name, told = message.get("name"), message.get("value")
        if not isinstance(name, str) or not possible_name(name):
            yield None, {}
            continue
        value = float(told) if isinstance(told, bool) else number(told) if not isinstance(told, str) else None
        yield at, {NAMES.get(name) or known_name(name) or name: value}
