"""Torque's own log files: a column for each PID, in the units that its user likes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from telematics.imports import Parsed, Unreadable, gathered
from telematics.instants import millis
from telematics.protocols import number

if TYPE_CHECKING:
    from collections.abc import Iterator

# Column without its unit, lower case -> signal.
COLUMNS: Final = {
    "longitude": "lon",
    "latitude": "lat",
    "gps speed": "gps_speed",
    "speed (gps)": "gps_speed",
    "horizontal dilution of precision": "hdop",
    "altitude": "altitude",
    "bearing": "bearing",
    "ambient air temp": "ambient_temp",
    "distance travelled since codes cleared": "distance_since_clear",
    "distance travelled with mil/cel lit": "distance_mil_on",
    "engine coolant temperature": "coolant_temp",
    "engine load": "load",
    "engine rpm": "rpm",
    "engine oil temperature": "oil_temp",
    "fuel flow rate/hour": "fuel_rate",
    "fuel level (from engine ecu)": "fuel_level",
    "fuel pressure": "fuel_pressure",
    "intake air temperature": "intake_temp",
    "intake manifold pressure": "map",
    "barometric pressure (from vehicle)": "baro",
    "mass air flow rate": "maf",
    "run time since engine start": "run_time",
    "speed (obd)": "speed",
    "throttle position(manifold)": "throttle",
    "timing advance": "ignition_advance",
    "fuel trim bank 1 short term": "short_fuel_trim",
    "fuel trim bank 1 long term": "long_fuel_trim",
    "trip distance": "trip_km",
    "voltage (control module)": "battery",
    "voltage (obd adapter)": "adapter_volts",
    "turbo boost & vacuum gauge": "boost",
}
_MILE: Final = 1.609344
Turn = Callable[[float], float]
_TURNS: Final[Mapping[str, Turn]] = {
    "°f": lambda value: (value - 32) / 1.8,
    "mph": lambda value: value * _MILE,
    "miles": lambda value: value * _MILE,
    "mi": lambda value: value * _MILE,
    "ft": lambda value: value * 0.3048,
    "psi": lambda value: value * 6.894757,
    "bar": lambda value: value * 100,
    "inhg": lambda value: value * 3.386389,
    "gal/hr": lambda value: value * 3.785411784,
    "l/min": lambda value: value * 60,
    "cc/min": lambda value: value * 0.06,
    "lb/min": lambda value: value * 7.559873,
}
_UNIT: Final = re.compile(r"\(([^()]*)\)\s*$")
# Zone names as Java writes them; the ambiguous ones as their largest country uses them.
ZONES: Final = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "IST": 5.5, "PKT": 5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ACST": 9.5, "ACDT": 10.5, "AWST": 8,
    "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "SAST": 2,
}  # fmt: skip
_GPS_TIME: Final = re.compile(r"\w{3} (\w{3} \d\d \d\d:\d\d:\d\d) (\S+) (\d{4})")
_OFFSET: Final = re.compile(r"GMT([+-])(\d\d):(\d\d)")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_DEVICE_TIME: Final = re.compile(r"(\d\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?")


def read(data: bytes, *, now: int) -> Parsed:
    """All lines. Times are local; their zone stands in the column "GPS Time". Raises Unreadable."""
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig", errors="replace"), newline=""))
    head = [name.strip() for name in next(rows, [])]
    if "Device Time" not in head and "GPS Time" not in head:
        raise Unreadable("This is no log of Torque: there is no column Device Time.")
    lines = [
        line for line in rows if line and line[0].strip() != head[0]
    ]  # a log that goes on repeats its head
    zone, note = _zone(head, lines)
    return gathered(_rows(head, lines, zone), now=now, note=note)


def signal_of(title: str) -> tuple[str, Turn] | None:
    """`Engine Coolant Temperature(°F)` -> the signal and how to turn its values into our unit; None: not kept."""
    found = _UNIT.search(title)
    whole = title.strip().lower()
    unit = found[1].strip().lower() if found else ""
    name = COLUMNS.get(whole) or COLUMNS.get(_UNIT.sub("", title).strip().lower())
    return None if name is None else (name, _TURNS.get(unit, float))


def _rows(
    head: list[str], lines: list[list[str]], zone: timezone
) -> Iterator[tuple[int | None, dict[str, float | None]]]:
    columns = {place: found for place, title in enumerate(head) if (found := signal_of(title))}
    device = head.index("Device Time") if "Device Time" in head else -1
    gps = head.index("GPS Time") if "GPS Time" in head else -1
    for line in lines:
        at = _device_time(_cell(line, device), zone) or _gps_time(_cell(line, gps))
        values: dict[str, float | None] = {}
        for place, (name, turn) in columns.items():
            value = number(_cell(line, place))
            values.setdefault(name, None if value is None else turn(value))
        if values.get("battery") is None:
            values["battery"] = values.get("adapter_volts")
        values.pop("adapter_volts", None)
        yield at, values


def _cell(line: list[str], place: int) -> str:
    return line[place].strip() if 0 <= place < len(line) else ""


def _zone(head: list[str], lines: list[list[str]]) -> tuple[timezone, str]:
    place = head.index("GPS Time") if "GPS Time" in head else -1
    for line in lines:
        if found := _GPS_TIME.fullmatch(_cell(line, place)):
            offset = offset_of(found[2])
            if offset is not None:
                return timezone(offset), ""
            return UTC, f"The time zone {found[2][:20]} is not known; times were read as UTC."
    return UTC, "The log names no time zone; times were read as UTC."


def offset_of(zone: str) -> timedelta | None:
    """`PDT`, `GMT+05:30` -> the offset to UTC."""
    if found := _OFFSET.fullmatch(zone):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return (-offset if found[1] == "-" else offset) if offset < timedelta(hours=24) else None
    hours = ZONES.get(zone)
    return None if hours is None else timedelta(hours=hours)


def _device_time(text: str, zone: timezone) -> int | None:
    found = _DEVICE_TIME.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, part = found.groups()
    try:
        at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone)
        return millis(at) + int((part or "0").ljust(3, "0"))
    except (ValueError, OverflowError):
        return None


def _gps_time(text: str) -> int | None:
    found = _GPS_TIME.fullmatch(text)
    offset = offset_of(found[2]) if found else None
    if not found or offset is None:
        return None
    month, day, clock = found[1].split(" ")
    return _device_time(f"{day}-{month}-{found[3]} {clock}", timezone(offset))
