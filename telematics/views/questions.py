"""Parameters of reads: instants in epoch milliseconds or ISO 8601, names of signals, numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from drf_spectacular.utils import OpenApiParameter

from core import clock
from core.errors import Invalid
from telematics.ingest.judge import AHEAD_MS
from telematics.instants import LAST_MS, millis
from telematics.signals import MAX_UNKNOWN, known_name

if TYPE_CHECKING:
    from rest_framework.request import Request

FROM = OpenApiParameter("from", str, description="The first instant: epoch milliseconds or ISO 8601.")
TO = OpenApiParameter("to", str, description="The last instant, itself included.")
SIGNALS = OpenApiParameter("signals", str, description="Names with commas between; default: all.")
MOST_SIGNALS: Final = 2 * MAX_UNKNOWN


def asked_range(request: Request, *, whole: bool = False) -> tuple[int, int]:
    """From and to in ms; without them everything up to now. `whole`: both must be given. Raises Invalid."""
    first, last = _instant(request, "from"), _instant(request, "to")
    if whole and (first is None or last is None):
        missing = [name for name, value in (("from", first), ("to", last)) if value is None]
        raise Invalid(fields={name: ["This parameter is required."] for name in missing})
    t0 = 0 if first is None else first
    t1 = millis(clock.now()) + AHEAD_MS if last is None else last
    if t1 < t0:
        raise Invalid(fields={"to": ["The range ends before it starts."]})
    return t0, t1


def asked_signals(request: Request) -> list[str] | None:
    """Our names of the signals that are asked for; None for all. Raises Invalid."""
    text = request.query_params.get("signals", "")
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if len(names) > MOST_SIGNALS:
        raise Invalid(fields={"signals": [f"Ask for at most {MOST_SIGNALS} signals."]})
    return [known_name(name) or name for name in names] or None


def number(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number in its bounds. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and low <= int(text) <= high):
        raise Invalid(fields={name: [f"Give a whole number from {low} to {high}."]})
    return int(text)


def _instant(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 16:
        value = int(text)
    else:
        try:
            parsed = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not escaped
            value = millis(parsed) if parsed.tzinfo is not None else -1
        except (ValueError, OverflowError):
            value = -1
    if not 0 <= value <= LAST_MS:
        raise Invalid(fields={name: ["Give epoch milliseconds, or an instant such as 2026-11-20T09:30:00Z."]})
    return value
