"""OsmAnd's web tracking, which Traccar Client, GPSLogger and many trackers speak; and Traccar Client's JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from telematics.instants import millis
from telematics.protocols import Heard, ProtocolError, number, one_sample
from telematics.signals import BY_NAME, possible_name

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOT_KMH: Final = 1.852
_MS_FROM: Final = 2**31  # as Traccar decides it: above, it can't be seconds
_NOT_VALUES: Final = {
    "id", "deviceid", "timestamp", "lat", "lon", "location", "speed", "bearing", "heading", "altitude", "accuracy",
    "hdop", "batt", "charge", "valid", "driveruniqueid", "cell", "wifi",
}  # fmt: skip
_PLAIN_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def device_of(query: Mapping[str, str]) -> str:
    """Its `id`, or `deviceid`."""
    return query.get("id") or query.get("deviceid") or ""


def read(query: Mapping[str, str], *, now: int) -> Heard:
    """A request by query or form; `now` in ms. Speed is in knots. Raises ProtocolError."""
    lat, lon = query.get("lat"), query.get("lon")
    if (place := query.get("location")) and lat is None:
        lat, _, lon = place.partition(",")
    invalid = query.get("valid", "true").lower() not in {"true", "1"}
    speed = number(query.get("speed"))
    values: dict[str, float | None] = {
        "lat": None if invalid else number(lat),
        "lon": None if invalid else number(lon),
        "gps_speed": None if speed is None or speed < 0 else speed * KNOT_KMH,
        "bearing": number(query.get("bearing", query.get("heading"))),
        "altitude": number(query.get("altitude")),
        "gps_accuracy": number(query.get("accuracy")),
        "hdop": number(query.get("hdop")),
        "device_battery": number(query.get("batt")),
    }
    for name, text in query.items():
        if name.lower() not in _NOT_VALUES and possible_name(name):
            values.setdefault(name, {"true": 1.0, "false": 0.0}.get(text.lower(), number(text)))
    return Heard(one_sample(instant(query.get("timestamp"), now=now), values, now=now))


def read_json(body: Any, *, now: int) -> tuple[str, Heard]:
    """Traccar Client 9 and later: (device, what it said). Speed in m/s; negative speed and heading: unknown.

    Raises ProtocolError.
    """
    place = body.get("location") if isinstance(body, dict) else None
    if not isinstance(place, dict) or not isinstance(body.get("device_id"), str | int):
        raise ProtocolError("device_id and location are required.")
    coords = place.get("coords")
    if not isinstance(coords, dict):
        raise ProtocolError("location.coords is required.")
    speed, heading = number(coords.get("speed")), number(coords.get("heading"))
    battery, extras = _map(place.get("battery")), _map(place.get("extras"))
    level, way = number(battery.get("level")), number(place.get("odometer"))
    values: dict[str, float | None] = {
        "lat": number(coords.get("latitude")),
        "lon": number(coords.get("longitude")),
        "gps_accuracy": number(coords.get("accuracy")),
        "gps_speed": None if speed is None or speed < 0 else speed * 3.6,
        "bearing": None if heading is None or heading < 0 else heading,
        "altitude": number(coords.get("altitude")),
        "device_battery": None if level is None or level < 0 else level * 100,
        "device_odometer": None if way is None else way / 1000,
    }
    for name, value in extras.items():
        if name not in BY_NAME and possible_name(name):
            values.setdefault(name, float(value) if isinstance(value, bool) else number(value))
    when = instant(place.get("timestamp"), now=now)
    return str(body["device_id"]), Heard(one_sample(when, values, now=now))


def _map(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def instant(given: Any, *, now: int) -> int:
    """Epoch seconds, or milliseconds from 2^31 on; ISO 8601; `yyyy-MM-dd HH:mm:ss` in UTC; absent: now. In ms."""
    if given is None or given == "":
        return now
    if (value := number(given)) is not None:
        return int(value) if value >= _MS_FROM else int(value * 1000)
    try:
        text = str(given)
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is None and not _PLAIN_TIME.fullmatch(text) and "T" not in text:
            raise ValueError(text)
        return millis(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ProtocolError("timestamp is no instant.") from None
