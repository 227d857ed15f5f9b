"""A heat map before it is drawn: which number, colour and mark each cell gets, the same on every paper.

Colours are safe for colour-blind people (blue to yellow for values, purple to orange for differences), every cell
carries its number, and a mark is a shape as well as a colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safety.calibration import Array
    from safety.findings import Finding
    from safety.report.model import Report, TableView

VIEWS: Final = ("tune", "baseline", "diff")
MARKED: Final = ("critical", "high", "medium", "low")  # severities that mark cells, worst first

Colour = tuple[int, int, int]

_MOST_MAPS: Final = 6
_WORDS: Final = {"tune": "tune", "baseline": "baseline", "diff": "tune minus baseline"}
# Stops of a blue-to-yellow scale whose lightness rises steadily, and of a purple-white-orange one.
_VALUES: Final = ((0, 32, 77), (58, 76, 107), (124, 123, 120), (187, 175, 113), (255, 234, 70))
_CHANGES: Final = ((84, 39, 136), (153, 142, 195), (247, 247, 247), (241, 163, 64), (179, 88, 6))


class UnknownView(ValueError):
    """Not tune, baseline or diff, or there is no baseline for it."""


@dataclass(frozen=True)
class HeatCell:
    """`mark` is the worst severity that a finding has for this cell, or ""."""

    text: str
    colour: Colour
    mark: str

    @property
    def dark(self) -> bool:
        """Is light ink needed on it?"""
        red, green, blue = self.colour
        return 0.299 * red + 0.587 * green + 0.114 * blue <= 130


@dataclass(frozen=True)
class HeatMap:
    """`rows` from the highest load down, as tuners draw them; `up` are their labels, `across` those of the columns."""

    title: str
    units: str
    rows: list[list[HeatCell]]
    up: list[str]
    across: list[str]

    @property
    def marks(self) -> list[str]:
        """The severities that occur, worst first."""
        found = {cell.mark for row in self.rows for cell in row}
        return [severity for severity in MARKED if severity in found]


def heat_map(view: TableView, kind: str, findings: Sequence[Finding] = ()) -> HeatMap:
    """Raises UnknownView."""
    numbers = _numbers(view, kind)
    stops = _CHANGES if kind == "diff" else _VALUES
    parts, digits = _parts(numbers, kind), _digits(numbers)
    marks = _marks(view.key, findings)
    rows = [
        [
            HeatCell(
                _text(float(numbers[row, col]), digits, signed=kind == "diff"),
                _colour(float(parts[row, col]), stops),
                marks.get((row, col), ""),
            )
            for col in range(numbers.shape[1])
        ]
        for row in range(numbers.shape[0])
    ]
    across, up = view.x_units or "speed", view.y_units or "load"
    return HeatMap(
        title=f"{view.name} ({_WORDS[kind]})",
        units=f"{view.units + ', ' if view.units else ''}{across} across, {up} up",
        rows=rows[::-1],
        up=[f"{value:g}" for value in view.y[: len(rows)][::-1]],
        across=[f"{value:g}" for value in view.x[: numbers.shape[1]]],
    )


def chosen(report: Report) -> list[tuple[TableView, str]]:
    """What a printed report shows: tables with findings first; tune and difference, or tune alone."""
    worst = {
        key: max((f.rank for f in report.findings if f.table == key), default=-1) for key in report.tables
    }
    grids = [key for key, view in report.tables.items() if len(view.z) > 1]
    keys = sorted(grids, key=lambda key: (-worst[key], key))[:_MOST_MAPS]
    return [
        (report.tables[key], kind)
        for key in keys
        for kind in _kinds(report.tables[key], worse=worst[key] >= 2)
    ]


def _kinds(view: TableView, *, worse: bool) -> tuple[str, ...]:
    if view.base is None:
        return ("tune",)
    return ("tune", "baseline", "diff") if worse else ("tune", "diff")


def _numbers(view: TableView, kind: str) -> Array:
    z = np.asarray(view.z, dtype=np.float64)
    if kind == "tune":
        return z
    if kind not in VIEWS or view.base is None:
        raise UnknownView(f"There is no {kind!r} view of this table.")
    base = np.asarray(view.base, dtype=np.float64)
    return base if kind == "baseline" else z - base


def _colour(part: float, stops: Sequence[Colour]) -> Colour:
    """Linear between the stops; `part` from 0 to 1."""
    place = min(max(part, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    share = place - low
    first, second = stops[low], stops[low + 1]
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _parts(numbers: Array, kind: str) -> Array:
    """Where each cell stands on the scale, 0-1; a difference is centred on 0."""
    if kind == "diff":
        most = float(np.abs(numbers).max(initial=0.0))
        return np.asarray(0.5 + numbers / (2 * most)) if most > 0 else np.full(numbers.shape, 0.5)
    low, high = float(numbers.min()), float(numbers.max())
    return np.asarray((numbers - low) / (high - low)) if high > low else np.full(numbers.shape, 0.5)


def _digits(numbers: Array) -> int:
    """Decimals that a table of this size needs."""
    if float(np.abs(numbers).max(initial=0.0)) < 5:
        return 2
    return 1 if np.any(numbers != np.round(numbers)) else 0


def _text(value: float, digits: int, *, signed: bool) -> str:
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return "0" if signed and float(text) == 0 else text


def _marks(key: str, findings: Sequence[Finding]) -> Mapping[tuple[int, int], str]:
    """The worst severity of each marked cell; notes mark nothing."""
    found: dict[tuple[int, int], str] = {}
    for finding in sorted(findings, key=lambda entry: entry.rank):
        if finding.table == key and finding.severity in MARKED:
            found |= {(cell[0], cell[1]): finding.severity for cell in finding.cells}
    return found
