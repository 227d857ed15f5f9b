"""From an image and its definition to a map: the part that XDF and RomRaider share."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.calibration import Array, CalibrationMap, Defect, ImageFacts, Scalar, Table
from safety.formats.base import MOST_NUMBER, Limits, clean, sha256
from safety.formats.checksum import SumResult, SumRule, check_subaru, check_sum
from safety.formats.expression import BadExpression, Expression, compile_expression
from safety.formats.image import Image, Layout, read_cells
from safety.formats.roles import Axis, make_scalar, make_table, scalar_role, table_role
from safety.problems import NotAnalysed

if TYPE_CHECKING:
    from collections.abc import Sequence

_VIN_RUN: Final = re.compile(rb"[A-HJ-NPR-Z0-9]{17,40}")
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES: Final = {
    **{str(digit): digit for digit in range(10)},
    **dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
            strict=True,
        )
    ),
}
_WORD: Final = re.compile(rb"[A-Z0-9][A-Z0-9._-]{5,31}")
_MOST_RUNS: Final = 20_000  # words looked at: an image made of words only must not take for ever
_ERASED: Final = frozenset({0x00, 0xFF})


@dataclass(frozen=True)
class Field:
    """`count` numbers at an address with their scaling; `fixed` are labels that stand in the definition."""

    address: int | None
    layout: Layout
    count: int
    expression: str = "x"
    units: str = ""
    title: str = ""
    fixed: tuple[float, ...] = ()
    stride: int = 0


@dataclass(frozen=True)
class RomTable:
    """One table of a definition; `rows` x `cols` cells, by columns when `by_column`."""

    title: str
    cells: Field
    rows: int
    cols: int
    x: Field | None = None
    y: Field | None = None
    by_column: bool = False
    minimum: float | None = None
    maximum: float | None = None
    interleaved: bool = False  # each row is preceded by its own value of the y axis


@dataclass
class RomDefinition:
    """What a definition says, with addresses made absolute."""

    kind: str
    title: str
    size: int | None = None
    identity: tuple[int, str] | None = None  # (address, text) of the calibration id
    identity_words: tuple[str, ...] = ()
    tables: list[RomTable] = field(default_factory=list)
    sums: list[SumRule] = field(default_factory=list)
    subaru: tuple[int, int] | None = None
    skipped: list[str] = field(default_factory=list)


def read_rom(data: bytes, image: Image, definition: RomDefinition, limits: Limits) -> CalibrationMap:
    """NotAnalysed when no table of the definition has a role."""
    tables: dict[str, Table] = {}
    scalars: dict[str, Scalar] = {}
    defects: list[Defect] = []
    ranges: list[tuple[str, float, float, float]] = []
    known = [entry for entry in definition.tables if _interesting(entry)]
    for entry in known:
        value = _read(image, entry, defects, definition, limits)
        if isinstance(value, Scalar):
            scalars.setdefault(value.role, value)
        elif isinstance(value, Table):
            same = sum(other.role == value.role for other in tables.values())
            tables[value.role if same == 0 else f"{value.role}.{same + 1}"] = value
        ranges += _outside(entry, value)
    if not any(table_role(entry.title) for entry in known):
        raise NotAnalysed(
            "no_engine_tables", "The definition describes no fuel, spark or target table that is known here."
        )
    identifiers = _identifiers(image, definition)
    return CalibrationMap(
        family=definition.kind,
        format=image.kind,
        signature=definition.title,
        calibration_id=identifiers[0] if identifiers else "",
        sha256=sha256(data),
        size=len(data),
        tables=tables,
        scalars=scalars,
        missing=tuple(
            role
            for role in ("ve", "ignition", "target_lambda")
            if all(table_role(entry.title) != role for entry in known)
        ),
        warnings=tuple(definition.skipped[:50]),
        defects=tuple(defects + _erased(image, known)),
        out_of_range=tuple(ranges),
        image=_facts(image, definition, identifiers),
    )


def _interesting(entry: RomTable) -> bool:
    scalar = entry.rows * entry.cols == 1
    return bool(scalar_role(entry.title) if scalar else table_role(entry.title))


def _read(
    image: Image, entry: RomTable, defects: list[Defect], definition: RomDefinition, limits: Limits
) -> Table | Scalar | None:
    if entry.rows > limits.side or entry.cols > limits.side:
        definition.skipped.append(f"{clean(entry.title, 60)}: larger than {limits.side} x {limits.side}")
        return None
    try:
        values = _values(image, entry.cells)
        x, y = (None if part is None else _values(image, part) for part in (entry.x, entry.y))
    except BadExpression as error:
        definition.skipped.append(f"{clean(entry.title, 60)}: {error}")
        return None
    if values is None or (entry.x is not None and x is None) or (entry.y is not None and y is None):
        role = table_role(entry.title) or scalar_role(entry.title) or ""
        defects.append(
            Defect("SHAPE", f"{clean(entry.title, 60)} lies outside of the image: it is cut off.", table=role)
        )
        return None
    axes = [axis for axis in (x, y) if axis is not None]
    if not all(bool(np.all(np.abs(part) < MOST_NUMBER)) for part in (values, *axes)):
        defects.append(
            Defect("FILE_CORRUPT", f"{clean(entry.title, 60)} holds impossible numbers.", table=entry.title)
        )
        return None
    if entry.rows * entry.cols == 1:
        return make_scalar(entry.title, float(values[0]), entry.cells.units)
    return _table(entry, values, x, y)


def _table(entry: RomTable, values: Array, x: Array | None, y: Array | None) -> Table | None:
    if x is None or entry.x is None:
        return None
    z = (
        values.reshape(entry.cols, entry.rows).T
        if entry.by_column
        else values.reshape(entry.rows, entry.cols)
    )
    if y is None or entry.y is None:
        if entry.rows != 1 or table_role(entry.title) != "dwell":
            return None
        return Table("dwell", entry.title, x, np.zeros(1), z, entry.cells.units, x_name=entry.x.title)
    return make_table(
        entry.title,
        z,
        entry.cells.units,
        Axis(x, entry.x.units, entry.x.title),
        Axis(y, entry.y.units, entry.y.title),
    )


def _values(image: Image, part: Field) -> Array | None:
    """Scaled numbers; None outside of the image. Raises BadExpression."""
    if part.fixed:
        return np.array(part.fixed, dtype=np.float64)
    if part.address is None:
        return np.arange(part.count, dtype=np.float64)
    scale: Expression = compile_expression(part.expression)
    raw = read_cells(image, part.address, part.layout, part.count, part.stride)
    return None if raw is None else scale(raw)


def _outside(entry: RomTable, value: Table | Scalar | None) -> list[tuple[str, float, float, float]]:
    """Cells outside of the definition's own minimum and maximum (in its units)."""
    low, high = entry.minimum, entry.maximum
    if value is None or low is None or high is None or low >= high:
        return []
    numbers = (
        np.array([value.number or 0.0])
        if isinstance(value, Scalar)
        else value.z
        if value.original is None
        else value.original
    )
    slack = 0.002 * (high - low)
    wrong = numbers[(numbers < low - slack) | (numbers > high + slack)]
    return [(entry.title, float(wrong.flat[0]), low, high)] if wrong.size else []


def _span(part: Field) -> tuple[int, int] | None:
    if part.address is None or part.fixed:
        return None
    step = part.stride or part.layout.size
    return part.address, part.address + (part.count - 1) * step + part.layout.size


def _erased(image: Image, known: Sequence[RomTable]) -> list[Defect]:
    """Tables whose raw bytes are all 0x00 or all 0xFF."""
    found = []
    for entry in known:
        span = _span(entry.cells)
        if entry.rows * entry.cols < 9 or span is None:
            continue
        raw = image.data[max(0, span[0] - image.base) : max(0, span[1] - image.base)]
        share = max((raw.count(value) / len(raw) for value in _ERASED), default=0.0) if raw else 0.0
        if share >= 0.9:
            found.append(
                Defect(
                    "BLANK_PAGE",
                    f"{clean(entry.title, 60)} is erased memory.",
                    table=table_role(entry.title) or entry.title,
                )
            )
    return found


def _identifiers(image: Image, definition: RomDefinition) -> tuple[str, ...]:
    """The text at the id's address; without an address, the definition's own id words found in the image."""
    if definition.identity is not None:
        address, text = definition.identity
        raw = image.data[max(0, address - image.base) : max(0, address - image.base + len(text))]
        found = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in raw).strip()
        return (found,) if found else ()
    return tuple(word for word in definition.identity_words if word.encode() in image.data)


def _facts(image: Image, definition: RomDefinition, identifiers: tuple[str, ...]) -> ImageFacts:
    results: list[SumResult] = [check_sum(image, rule) for rule in definition.sums]
    if definition.subaru is not None:
        results.append(check_subaru(image, *definition.subaru))
    decided = [result for result in results if result.ok is not None]
    wrong = next((result for result in decided if not result.ok), None)
    shown = wrong or (decided[0] if decided else None)
    return ImageFacts(
        size=len(image.data),
        expected_size=definition.size,
        checksum_ok=None if shown is None else shown.ok,
        checksum_text="" if shown is None else shown.text,
        identifiers=identifiers,
        expected_identifier=definition.identity[1] if definition.identity else "",
        title_words=tuple(word for word in definition.identity_words if word.encode() not in image.data),
        vins=_vins(image.data),
        outside=_outside_blocks(image, definition),
        strings=tuple(
            sorted(
                {
                    match[0].decode()
                    for match in islice(_WORD.finditer(image.data), _MOST_RUNS)
                    if _id_like(match[0])
                }
            )[:400]
        ),
    )


def _vins(data: bytes) -> tuple[str, ...]:
    """Seventeen characters that end in four digits: alone, or inside a longer word with a right check digit."""
    found = set()
    for match in islice(_VIN_RUN.finditer(data), _MOST_RUNS):
        run = match[0]
        for at in range(len(run) - 16):
            word = run[at : at + 17].decode()
            shaped = word[-4:].isdigit() and not word[:3].isdigit()
            if shaped and (len(run) == 17 or vin_check(word)):
                found.add(word)
    return tuple(sorted(found)[:8])


def vin_check(vin: str) -> bool:
    """The check digit of ISO 3779 as used in North America: weighted sum modulo 11 at the ninth place."""
    total = sum(weight * _VIN_VALUES[char] for weight, char in zip(_VIN_WEIGHTS, vin, strict=True))
    return vin[8] == "0123456789X"[total % 11]


def _id_like(word: bytes) -> bool:
    return any(48 <= byte <= 57 for byte in word) and any(65 <= byte <= 90 for byte in word)


def _outside_blocks(image: Image, definition: RomDefinition) -> tuple[int, ...]:
    """CRC-32 of each block with every byte of tables, axes and checksums set to zero; at most 1,024 blocks."""
    data = bytearray(image.data)
    spans = [
        _span(part)
        for entry in definition.tables
        for part in (entry.cells, entry.x, entry.y)
        if part is not None
    ]
    spans += [(rule.store, rule.store + rule.store_bits // 8) for rule in definition.sums]
    if definition.subaru is not None:
        spans.append((definition.subaru[0], definition.subaru[0] + 4 * definition.subaru[1]))
    for span in spans:
        if span is not None:
            start, end = max(0, span[0] - image.base), max(0, min(span[1] - image.base, len(data)))
            data[start:end] = bytes(max(0, end - start))
    block = max(256, -(-len(data) // 1024))
    return tuple(zlib.crc32(data[at : at + block]) for at in range(0, len(data), block))
