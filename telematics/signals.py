"""The signals that we know: how they are called, in which unit they are kept, and what is possible.

Any other numeric signal is kept as it was sent, up to `MAX_UNKNOWN` a vehicle; its id counts from `FIRST_UNKNOWN`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

FIRST_UNKNOWN: Final = 1000
MAX_UNKNOWN: Final = 64
LARGEST: Final = 3.4e38  # of a signal that we don't know: what is known of segments lies in single precision
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Signal:
    """`id` is stored and never changes. `decimals`: what packing tries first; `low` to `high`: else the sample is refused."""

    id: int
    name: str
    unit: str
    decimals: int
    low: float
    high: float


SIGNALS: Final = tuple(
    Signal(*row)
    for row in (
        (1, "speed", "km/h", 1, 0, 600),
        (2, "rpm", "1/min", 0, 0, 25_000),
        (3, "coolant_temp", "degC", 0, -60, 250),
        (4, "intake_temp", "degC", 0, -60, 250),
        (5, "throttle", "%", 1, 0, 100),
        (6, "load", "%", 1, 0, 400),
        (7, "map", "kPa", 0, 0, 1000),
        (8, "maf", "g/s", 2, 0, 2000),
        (9, "fuel_rate", "l/h", 2, 0, 3300),
        (10, "fuel_level", "%", 1, 0, 100),
        (11, "odometer", "km", 1, 0, 5_000_000),
        (12, "battery", "V", 2, 0, 1200),
        (13, "lat", "deg", 6, -90, 90),
        (14, "lon", "deg", 6, -180, 180),
        (15, "altitude", "m", 1, -1000, 20_000),
        (16, "gps_speed", "km/h", 1, 0, 1200),
        (17, "bearing", "deg", 0, 0, 360),
        (18, "gps_accuracy", "m", 1, 0, 100_000),
        (19, "lambda", "1", 3, 0, 10),
        (20, "ignition_advance", "deg", 1, -90, 90),
        (21, "oil_temp", "degC", 0, -60, 300),
        (22, "ambient_temp", "degC", 0, -90, 90),
        (23, "baro", "kPa", 0, 0, 150),
        (24, "run_time", "s", 0, 0, 10_000_000),
        (25, "accel_x", "m/s2", 3, -200, 200),
        (26, "accel_y", "m/s2", 3, -200, 200),
        (27, "accel_z", "m/s2", 3, -200, 200),
        (28, "oil_pressure", "kPa", 0, 0, 2000),
        (29, "fuel_pressure", "kPa", 0, 0, 500_000),
        (30, "boost", "kPa", 1, -150, 1000),
        (31, "afr", "1", 2, 0, 150),
        (32, "gear", "1", 0, -5, 30),
        (33, "lean_angle", "deg", 1, -90, 90),
        (34, "short_fuel_trim", "%", 1, -100, 100),
        (35, "long_fuel_trim", "%", 1, -100, 100),
        (36, "torque", "Nm", 1, -10_000, 20_000),
        (37, "egt", "degC", 0, -60, 1500),
        (38, "trip_km", "km", 2, 0, 5_000_000),
        (39, "distance_mil_on", "km", 0, 0, 100_000),
        (40, "distance_since_clear", "km", 0, 0, 100_000),
        (41, "satellites", "1", 0, 0, 200),
        (42, "hdop", "1", 2, 0, 1000),
        (43, "device_battery", "%", 0, 0, 100),
        (44, "co2", "g/km", 1, 0, 100_000),
        (45, "transmission_temp", "degC", 0, -60, 300),
        (46, "soc", "%", 1, 0, 100),
        (47, "roll", "deg", 1, -180, 180),
        (48, "pitch", "deg", 1, -180, 180),
    )
)
BY_NAME: Final = {signal.name: signal for signal in SIGNALS}
BY_ID: Final = {signal.id: signal for signal in SIGNALS}

# What devices say for the same. Both spellings of every name are known without standing here.
_ALIASES: Final = {
    "latitude": "lat",
    "longitude": "lon",
    "lng": "lon",
    "heading": "bearing",
    "engine_rpm": "rpm",
    "vehicle_speed": "speed",
    "coolant": "coolant_temp",
    "engine_coolant_temp": "coolant_temp",
    "intake_air_temp": "intake_temp",
    "throttle_position": "throttle",
    "engine_load": "load",
    "odometer_km": "odometer",
    "battery_voltage": "battery",
    "accuracy": "gps_accuracy",
}
_HUMP = re.compile(r"_+([a-z0-9])")


def camel(name: str) -> str:
    return _HUMP.sub(lambda match: match.group(1).upper(), name)


_KNOWN: Final = {
    spelling: name
    for given, name in ({signal.name: signal.name for signal in SIGNALS} | _ALIASES).items()
    for spelling in (given, camel(given))
}


def known_name(given: str) -> str | None:
    """Our name for a signal, however it is spelt; None for one that we don't know."""
    return _KNOWN.get(given)


def possible_name(given: str) -> bool:
    """May an unknown signal be kept under this name?"""
    return _NAME.fullmatch(given) is not None


def shown_name(name: str, *, camels: bool) -> str:
    """As answers call it: unknown ones as they were sent."""
    return camel(name) if camels and name in BY_NAME else name
