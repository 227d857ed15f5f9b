"""From a definition's titles, units and axes to our roles. A table whose axes do not fit is left alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from safety.calibration import Array, Scalar, Table
from safety.formats.targets import to_lambda

_TABLES: Final = (
    (
        "ignition",
        re.compile(
            r"ignition (advance|timing|angle|map)|spark (advance|timing)|base timing|timing advance|main ignition"
            r"|^(total )?(advance|timing)( map| table)?( \w+)?$",
            re.IGNORECASE,
        ),
    ),
    (
        "ve",
        re.compile(
            r"volumetric efficiency|^ve( table| map)?\b|fuel map|base fuel|main fuel|injection (time|map)",
            re.IGNORECASE,
        ),
    ),
    (
        "target_lambda",
        re.compile(
            r"(afr|lambda|air.?fuel|equivalence|\bphi\b).*(target|command|request|map|table)|target.*(afr|lambda|fuel ratio)"
            r"|open loop fuel|primary open loop",
            re.IGNORECASE,
        ),
    ),
    (
        "boost_target",
        re.compile(
            r"(target|requested|desired) boost|boost (target|map)|boost control target", re.IGNORECASE
        ),
    ),
    ("dwell", re.compile(r"dwell( time)?( map| table)?$|coil (charge|dwell)", re.IGNORECASE)),
)
_NOT: Final = re.compile(
    r"compensat|correct|idle|crank|start|knock|trim|max(imum)? |min(imum)? |limit|decay|overrun|per.?gear|adder|delta"
    r"|learn|failsafe|retard",
    re.IGNORECASE,
)
_SCALARS: Final = (
    (
        "rev_limit",
        re.compile(
            r"rev(olution)? ?limit(er)?( \(?(on|hard|cut)\)?)?$|rpm limit|fuel cut rpm|engine speed limit",
            re.IGNORECASE,
        ),
    ),
    ("fan_on", re.compile(r"fan (on|start|1 on)|radiator fan.*on", re.IGNORECASE)),
    ("dwell", re.compile(r"^dwell( time)?$|coil dwell", re.IGNORECASE)),
    ("cylinders", re.compile(r"^(number of )?cylinders?( count)?$", re.IGNORECASE)),
    ("boost_limit", re.compile(r"boost (cut|limit)|overboost", re.IGNORECASE)),
    ("injector_flow", re.compile(r"injector (flow|size|constant)", re.IGNORECASE)),
    ("displacement_cc", re.compile(r"(engine )?displacement", re.IGNORECASE)),
    ("stoich", re.compile(r"stoich", re.IGNORECASE)),
)
_SPEED: Final = re.compile(r"rpm|engine speed|1/min|u/min", re.IGNORECASE)
_LOAD: Final = re.compile(
    r"kpa|map\b|manifold|load|g/rev|pressure|mbar|tps|throttle|pedal|tp\b|mg/", re.IGNORECASE
)


@dataclass(frozen=True)
class Axis:
    """Values, units and title of one axis of a definition's table."""

    values: Array
    units: str
    title: str

    @property
    def words(self) -> str:
        return f"{self.units} {self.title}"

    @property
    def speed(self) -> bool:
        return bool(_SPEED.search(self.words))

    @property
    def load(self) -> bool:
        return bool(_LOAD.search(self.words))


def table_role(title: str) -> str | None:
    if _NOT.search(title):
        return None
    return next((role for role, pattern in _TABLES if pattern.search(title)), None)


def scalar_role(title: str) -> str | None:
    return next((role for role, pattern in _SCALARS if pattern.search(title.strip())), None)


def make_table(title: str, z: Array, units: str, x: Axis, y: Axis) -> Table | None:
    """The table with rows as load and columns as speed, or None when the axes are not speed and load.

    `z` has shape (len(y), len(x)) as the definition means it.
    """
    role = table_role(title)
    if role is None:
        return None
    if x.load and y.speed and not x.speed:
        x, y, z = y, x, z.T
    if not (x.speed and y.load):
        return None
    original = None
    if role == "target_lambda":
        target = to_lambda(z, 14.7)
        original, z = (z, target.values) if target.encoding == "afr" else (None, z)
    words = y.words.lower()
    load = (
        "kpa"
        if re.search(r"kpa|\bmap\b|manifold", words)
        else "tps"
        if re.search(r"tps|throttle|pedal", words)
        else "other"
    )
    if re.search(r"mbar|hpa", words):
        y, load = Axis(y.values / 10.0, "kPa", y.title), "kpa"
    return Table(
        role=role,
        name=title,
        x=x.values,
        y=y.values,
        z=z,
        units="lambda" if role == "target_lambda" else units,
        y_units=y.units,
        x_name=f"{title} speed axis",
        y_name=f"{title} load axis",
        load=load,
        original=original,
        original_units="afr" if original is not None else "",
        declared_units="lambda" if "lambda" in units.lower() else "afr" if "afr" in units.lower() else "",
    )


def make_scalar(title: str, value: float, units: str) -> Scalar | None:
    role = scalar_role(title)
    if role is None or not np.isfinite(value):
        return None
    unit = units.strip().lower()
    if role == "fan_on" and unit.replace("°", "").replace("deg", "").strip().startswith("f"):
        value = (value - 32.0) / 1.8
    if role == "displacement_cc" and unit in {"l", "litre", "liter", "litres", "liters"}:
        value *= 1000.0
    if role == "dwell" and unit in {"us", "µs"}:
        value /= 1000.0
    return Scalar(role, title, float(value), units)
