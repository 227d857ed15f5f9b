"""From named constants to roles: each family only lists which of its names means what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from safety.calibration import OFF_WORDS, Array, CalibrationMap, Defect, Scalar, Table
from safety.formats.base import Definition, Limits, clean, sha256
from safety.formats.ini import ranges_of
from safety.formats.msq import Constant, MsqDocument, read_document
from safety.formats.targets import to_lambda
from safety.problems import NotAnalysed

Enabled = Callable[[MsqDocument], bool | None]


@dataclass(frozen=True)
class TableSpec:
    """Names of a table and its axes; `x` and `y` list the names that versions of the family used."""

    role: str
    z: str
    x: Sequence[str]
    y: Sequence[str] = ()
    enabled: Enabled | None = None
    secondary: bool = False
    scale: float = 1.0  # multiplies the cells into the role's unit
    hint: str = ""  # part of the axes' names in versions that are not listed


@dataclass(frozen=True)
class ScalarSpec:
    """`kind` is number, word (a choice) or celsius (converted when the file says Fahrenheit or Kelvin)."""

    role: str
    names: Sequence[str]
    kind: str = "number"
    units: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Family:
    """`marks`: constants that only this family has; all sets of one entry must be present."""

    key: str
    marks: Sequence[Sequence[str]]
    tables: Sequence[TableSpec]
    scalars: Sequence[ScalarSpec]
    main: Sequence[str] = ("ve", "ignition", "target_lambda")
    default_stoich: float | None = None
    load_word: Sequence[str] = ()  # constants that name the load source
    numbers: Sequence[str] = ()  # numbers whose change against a backup is told


def score(document: MsqDocument, family: Family) -> float:
    """The best part of the family's marks that is present, 0-1."""
    return max(
        (sum(document.has(name) for name in marks) / len(marks) for marks in family.marks), default=0.0
    )


def word_is(name: str, *on: str) -> Enabled:
    """A switch: True for one of the words `on` (or, without words, for anything that is not off)."""

    def enabled(document: MsqDocument) -> bool | None:
        word = document.word(name)
        if word is None:
            return None
        lowered = word.strip().lower()
        return lowered in {w.lower() for w in on} if on else lowered not in OFF_WORDS

    return enabled


def both(*parts: Enabled) -> Enabled:
    """False as soon as one part is off, True when all are on, else unknown."""

    def enabled(document: MsqDocument) -> bool | None:
        states = [part(document) for part in parts]
        if False in states:
            return False
        return True if all(states) else None

    return enabled


def build(
    document: MsqDocument, family: Family, data: bytes, definition: Definition | None, limits: Limits
) -> CalibrationMap:
    """Assemble the map. NotAnalysed when neither fuel nor ignition tables of the family are present."""
    stoich = _stoich(document, family)
    tables: dict[str, Table] = {}
    unused: list[str] = []
    for spec in family.tables:
        table = _table(document, spec, stoich, family)
        if table is None:
            continue
        if table.enabled is False:
            unused.append(table.name)
        same = sum(other.role == spec.role for other in tables.values())
        tables[spec.role if same == 0 else f"{spec.role}.{same + 1}"] = table
    declared = {spec.role for spec in family.tables if spec.z in document.constants}
    if not {"ve", "ignition"} & declared:
        raise NotAnalysed(
            "no_engine_tables", "The file holds no fuel or ignition tables that are known here."
        )
    for name in sorted(document.doubled & _names(family)):
        document.defects.append(Defect("FILE_CORRUPT", f"{clean(name, 60)} occurs twice.", table=name))
    return CalibrationMap(
        family=family.key,
        format="msq",
        signature=document.signature,
        firmware=document.firmware,
        calibration_id=document.signature,
        encoding=document.encoding,
        sha256=sha256(data),
        size=len(data),
        tables=tables,
        scalars=_scalars(document, family),
        switches=document.switches(),
        numbers=_numbers(document, family),
        unused=tuple(unused),
        missing=tuple(role for role in family.main if role not in declared),
        defects=tuple(_with_role(defect, family) for defect in document.defects),
        out_of_range=_out_of_range(document, definition, limits, family),
    )


def _with_role(defect: Defect, family: Family) -> Defect:
    """The role of the table that a named constant belongs to, so that a report can point at it."""
    roles = {name: spec.role for spec in family.tables for name in (*spec.x, *spec.y, spec.z)}
    return replace(defect, table=roles.get(defect.table, defect.table))


def _names(family: Family) -> set[str]:
    names = {name for spec in family.scalars for name in spec.names}
    for spec in family.tables:
        names |= {spec.z, *spec.x, *spec.y}
    return names


def _stoich(document: MsqDocument, family: Family) -> float:
    """The file's own stoichiometric ratio where it is possible at all, else that of petrol."""
    for spec in family.scalars:
        if spec.role == "stoich":
            for name in spec.names:
                value = document.value(name)
                if value is not None and 5.0 <= value <= 20.0:
                    return value
    return family.default_stoich or 14.7


def _table(document: MsqDocument, spec: TableSpec, stoich: float, family: Family) -> Table | None:
    constant = document.constants.get(spec.z)
    if constant is None:
        return None
    z = document.array(spec.z)
    x_constant = _axis_constant(document, spec.x, spec.hint, "rpm")
    y_constant = _axis_constant(document, spec.y, spec.hint, "map", "load", "tps") if spec.y else None
    x = _axis(document, x_constant)
    y = _axis(document, y_constant) if spec.y else np.zeros(1)
    if z is None or x is None or y is None:
        if z is not None and spec.role in family.main and not spec.secondary:
            document.defects.append(Defect("SHAPE", f"{spec.z} has no readable axes.", table=spec.z))
        return None
    if not spec.y:
        z = z.reshape(1, -1)
    if z.shape != (y.size, x.size):
        message = f"{spec.z} has {z.shape[0]} x {z.shape[1]} cells, its axes {y.size} x {x.size}."
        document.defects.append(Defect("SHAPE", message, table=spec.z))
        return None
    written, target = z * spec.scale, None
    if spec.role == "target_lambda":
        target = to_lambda(written, stoich)
    afr = target is not None and target.encoding == "afr"
    y_units = y_constant.units if y_constant else ""
    return Table(
        role=spec.role,
        name=spec.z,
        x=x,
        y=y,
        z=target.values if target is not None else written,
        units="lambda" if target is not None else constant.units,
        y_units="" if "{" in y_units else y_units,
        x_name=x_constant.name if x_constant else "",
        y_name=y_constant.name if y_constant else "",
        load=_load(document, family, y_constant, y),
        enabled=spec.enabled(document) if spec.enabled else None,
        secondary=spec.secondary,
        original=written if afr else None,
        original_units="afr" if afr else "",
        declared_units=_declared_units(document, constant) if target is not None else "",
    )


def _axis_constant(document: MsqDocument, names: Sequence[str], hint: str, *kinds: str) -> Constant | None:
    """A listed name, else the only array whose name holds `hint` and one of `kinds`."""
    listed = document.first(*names)
    if listed is not None or not hint:
        return listed
    matches = [
        constant
        for name, constant in document.constants.items()
        if constant.is_array and hint in name.lower() and any(kind in name.lower() for kind in kinds)
    ]
    return matches[0] if len(matches) == 1 else None


def _axis(document: MsqDocument, constant: Constant | None) -> Array | None:
    values = None if constant is None else document.array(constant.name)
    return None if values is None else values.reshape(-1)


def _declared_units(document: MsqDocument, constant: Constant) -> str:
    """What the file itself says: its units attribute, else its switch for the display, else nothing."""
    units = constant.units.lower()
    if "{" not in units:
        if "lambda" in units:
            return "lambda"
        if "afr" in units or units == ":1":
            return "afr"
    shown = (document.word("useLambdaOnInterface") or "").lower()
    if shown:  # "AFR" there says nothing: files with lambda values carry it too
        return "lambda" if shown in {"lambda", "true", "yes"} else ""
    name = constant.name.lower()
    return "afr" if name.startswith("afr") else "lambda" if name.startswith("lambda") else ""


_TPS_LOAD: Final = re.compile(r"tps|alpha|throttle", re.IGNORECASE)


def _load(document: MsqDocument, family: Family, constant: Constant | None, values: Array) -> str:
    """kpa, tps or other: the source that the file selects, then the axis' unit, then its name."""
    if constant is None:
        return "other"
    for name in family.load_word:
        word = document.word(name)
        if word and _TPS_LOAD.search(word):
            return "tps"
        if word and re.search(r"map|speed density", word, re.IGNORECASE):
            return "kpa"
    units = constant.units.lower()
    if "kpa" in units or units == "map":
        return "kpa"
    if "tps" in units or units == "%" or _TPS_LOAD.search(constant.name):
        return "tps"
    return "kpa" if values.size and float(values.max()) > 0 else "other"


def _scalars(document: MsqDocument, family: Family) -> Mapping[str, Scalar]:
    found: dict[str, Scalar] = {}
    for spec in family.scalars:
        constant = document.first(*spec.names)
        if constant is None or constant.is_array:
            continue
        if spec.kind == "word":
            found[spec.role] = Scalar(spec.role, constant.name, constant.word, spec.units)
            continue
        value = document.value(constant.name)
        if value is None:
            continue
        if spec.kind == "celsius":
            value = _celsius(value, constant.units)
        found[spec.role] = Scalar(spec.role, constant.name, float(value * spec.scale), spec.units)
    return found


def _celsius(value: float, units: str) -> float:
    word = units.strip().lower().replace("°", "").replace("deg", "").strip()
    if word.startswith("f"):
        return (value - 32.0) / 1.8
    return value - 273.15 if word == "k" else value


def _numbers(document: MsqDocument, family: Family) -> Mapping[str, float]:
    values = {name: document.value(name) for name in family.numbers}
    return {name: value for name, value in values.items() if value is not None}


def _out_of_range(
    document: MsqDocument, definition: Definition | None, limits: Limits, family: Family
) -> tuple[tuple[str, float, float, float], ...]:
    """Constants of our roles with a value outside the definition's minimum and maximum."""
    if definition is None or not definition.name.lower().endswith(".ini"):
        return ()
    ranges = ranges_of(definition, limits)
    found = []
    for name in sorted(_names(family) & ranges.keys() & document.constants.keys()):
        constant = document.constants[name]
        if constant.text.lstrip().startswith('"'):
            continue
        values = document.array(name) if constant.is_array else np.array([document.value(name) or 0.0])
        if values is None:
            continue
        low, high = ranges[name]
        slack = 1e-6 + 0.001 * (high - low)
        outside = values[(values < low - slack) | (values > high + slack)]
        if outside.size:
            found.append((name, float(outside.flat[0]), low, high))
    return tuple(found)


def parse_msq(
    data: bytes, definition: Definition | None, limits: Limits, families: Sequence[Family]
) -> CalibrationMap:
    """Read the document once and give it to the family whose own constants it holds."""
    document = read_document(data, limits)
    best = max(families, key=lambda family: score(document, family))
    if score(document, best) < 0.6:
        raise NotAnalysed(
            "unknown_family",
            "The tune is readable, but its constants belong to no ECU family that is known here.",
        )
    return build(document, best, data, definition, limits)
