"""Torque Pro, "upload to webserver": one GET for each sample; keys are `k` and the PID in hexadecimal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telematics.protocols import Heard, ProtocolError, number, one_sample

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER: Final = "OK!"  # exactly; on anything else the app keeps repeating
# OBD PIDs (SAE J1979 mode 01) and Torque's own from ff1000 on. Units are those of the wire, metric.
PIDS: Final = {
    "4": "load", "5": "coolant_temp", "6": "short_fuel_trim", "7": "long_fuel_trim", "a": "fuel_pressure",
    "b": "map", "c": "rpm", "d": "speed", "e": "ignition_advance", "f": "intake_temp", "10": "maf", "11": "throttle",
    "1f": "run_time", "21": "distance_mil_on", "2f": "fuel_level", "31": "distance_since_clear", "33": "baro",
    "42": "battery", "46": "ambient_temp", "5c": "oil_temp", "5e": "fuel_rate", "a6": "odometer",
    "ff1001": "gps_speed", "ff1005": "lon", "ff1006": "lat", "ff1010": "altitude", "ff1239": "gps_accuracy",
    "ff123a": "satellites", "ff123b": "bearing", "ff1204": "trip_km", "ff125d": "fuel_rate", "ff1257": "co2",
    "ff1202": "boost", "ff1249": "afr",
}  # fmt: skip
ADAPTER_VOLTS: Final = "ff1238"
_G: Final = 9.80665
_ACCELERATIONS: Final = {"ff1220": "accel_x", "ff1221": "accel_y", "ff1222": "accel_z"}
_KEY: Final = re.compile(r"k([0-9a-f]{1,8})")
_TOLD: Final = re.compile(
    r"(userUnit|defaultUnit|userShortName|userFullName)[0-9a-f]{1,8}|profile[A-Z]\w{0,30}"
)


def read(query: Mapping[str, str], *, now: int) -> Heard:
    """A request of Torque; `now` in ms. Without a single `k...` it only tells of units and names.

    Raises ProtocolError for values without a usable time.
    """
    told = {name: plain(value)[:120] for name, value in query.items() if _TOLD.fullmatch(name)}
    raw = {
        match[1].lstrip("0") or "0": value
        for name, value in query.items()
        if (match := _KEY.fullmatch(name.lower()))
    }
    if not raw:
        return Heard(None, told)
    when = number(query.get("time"))
    if when is None:
        raise ProtocolError("time is missing: epoch milliseconds.")
    values: dict[str, float | None] = {}
    for pid, text in raw.items():
        value = number(text)
        if pid in _ACCELERATIONS:
            values[_ACCELERATIONS[pid]] = None if value is None else value * _G
        elif pid != ADAPTER_VOLTS:
            values.setdefault(PIDS.get(pid, f"k{pid}"), value)
    if values.get("battery") is None and ADAPTER_VOLTS in raw:
        values["battery"] = number(raw[ADAPTER_VOLTS])
    if not values.get("lat") and not values.get("lon"):  # 0, 0 is what it sends before the first fix
        values.pop("lat", None)
        values.pop("lon", None)
    return Heard(one_sample(int(when), values, now=now), told)


def plain(text: str) -> str:
    """The degree sign comes as four characters: a backslash escape of its UTF-8 bytes."""
    return text.replace("\\xC2\\xB0", "°").replace("\x00", "")
