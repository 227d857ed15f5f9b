"""Heat maps by hand: tune, baseline or difference, with the cells of findings marked by shape.

Colours are safe for colour-blind people (blue to yellow for values, purple to orange for differences),
every cell carries its number, and a mark is a shape as well as a colour. No scripts; text from files is
escaped. Colours are attributes, so that a strict style policy cannot take them away; only the switch to
dark paper needs the style element.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.report.words import SEVERITY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safety.calibration import Array
    from safety.findings import Finding
    from safety.report.model import TableView

VIEWS: Final = ("tune", "baseline", "diff")
_CELL_W, _CELL_H, _LEFT, _TOP, _FOOT = 44, 24, 62, 46, 58
# Stops of a blue-to-yellow scale whose lightness rises steadily, and of a purple-white-orange one.
_VALUES: Final = ((0, 32, 77), (58, 76, 107), (124, 123, 120), (187, 175, 113), (255, 234, 70))
_CHANGES: Final = ((84, 39, 136), (153, 142, 195), (247, 247, 247), (241, 163, 64), (179, 88, 6))
_STYLE: Final = (
    ".paper{fill:#fff}.ink{fill:#1a1a1a}.line{stroke:#1a1a1a}"
    "@media (prefers-color-scheme: dark){.paper{fill:#15181c}.ink{fill:#e8e8e8}.line{stroke:#e8e8e8}}"
)


class UnknownView(ValueError):
    """Not tune, baseline or diff, or there is no baseline for it."""


def render(view: TableView, kind: str, findings: Sequence[Finding] = (), *, standalone: bool = True) -> str:
    """An SVG document (or, not `standalone`, an element for a page that has the styles itself).

    Rows stand with the highest load on top, as tuners draw them. Raises UnknownView.
    """
    cells = _cells(view, kind)
    rows, cols = cells.shape
    width, height = _LEFT + cols * _CELL_W + 12, _TOP + rows * _CELL_H + _FOOT
    words = {"tune": "tune", "baseline": "baseline", "diff": "tune minus baseline"}[kind]
    title = f"{view.name} ({words})"
    marks = _marks(view.key, findings)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" font-family="system-ui, sans-serif" font-size="11">'
        ),
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>" if standalone else "",
        f'<rect class="paper" fill="#fff" width="{width}" height="{height}"/>',
        f'<text class="ink" fill="#1a1a1a" x="8" y="18" font-size="14" font-weight="600">{escape(title)}</text>',
        f'<text class="ink" fill="#1a1a1a" x="8" y="34">{escape(_units(view))}</text>',
        *_grid(view, cells, kind),
        *(
            _mark(row, col, rows, severity)
            for (row, col), severity in sorted(marks.items())
            if row < rows and col < cols
        ),
        _legend(height, set(marks.values())),
        "</svg>",
    ]
    return "".join(parts)


def _cells(view: TableView, kind: str) -> Array:
    z = np.asarray(view.z, dtype=np.float64)
    if kind == "tune":
        return z
    if kind not in VIEWS or view.base is None:
        raise UnknownView(f"There is no {kind!r} view of this table.")
    base = np.asarray(view.base, dtype=np.float64)
    return base if kind == "baseline" else z - base


def _units(view: TableView) -> str:
    across, up = view.x_units or "speed", view.y_units or "load"
    return f"{view.units + ', ' if view.units else ''}{across} across, {up} up"


def _colour(part: float, stops: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Linear between the stops; `part` from 0 to 1."""
    place = min(max(part, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    share = place - low
    first, second = stops[low], stops[low + 1]
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _parts(cells: Array, kind: str) -> Array:
    """Where each cell stands on the scale, 0-1; a difference is centred on 0."""
    if kind == "diff":
        most = float(np.abs(cells).max(initial=0.0))
        return np.asarray(0.5 + cells / (2 * most)) if most > 0 else np.full(cells.shape, 0.5)
    low, high = float(cells.min()), float(cells.max())
    return np.asarray((cells - low) / (high - low)) if high > low else np.full(cells.shape, 0.5)


def _number(value: float, digits: int, *, signed: bool) -> str:
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return "0" if signed and float(text) == 0 else text


def _grid(view: TableView, cells: Array, kind: str) -> list[str]:
    rows, cols = cells.shape
    stops = _CHANGES if kind == "diff" else _VALUES
    parts = _parts(cells, kind)
    size = float(np.abs(cells).max(initial=0.0))
    digits = 2 if size < 5 else 1 if np.any(cells != np.round(cells)) else 0
    out = []
    for row in range(rows):
        y = _TOP + (rows - 1 - row) * _CELL_H
        out.append(
            f'<text class="ink" fill="#1a1a1a" x="{_LEFT - 6}" y="{y + 16}" text-anchor="end">{view.y[row]:g}</text>'
        )
        for col in range(cols):
            red, green, blue = _colour(float(parts[row, col]), stops)
            ink = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 130 else "#fff"
            x = _LEFT + col * _CELL_W
            text = _number(float(cells[row, col]), digits, signed=kind == "diff")
            out.append(
                f'<rect x="{x}" y="{y}" width="{_CELL_W - 1}" height="{_CELL_H - 1}" fill="rgb({red},{green},{blue})"/>'
                f'<text x="{x + _CELL_W // 2}" y="{y + 16}" text-anchor="middle" fill="{ink}">{text}</text>'
            )
    foot = _TOP + rows * _CELL_H + 14
    out += [
        f'<text class="ink" fill="#1a1a1a" x="{_LEFT + col * _CELL_W + _CELL_W // 2}" y="{foot}"'
        f' text-anchor="middle">{view.x[col]:g}</text>'
        for col in range(cols)
    ]
    return out


def _marks(key: str, findings: Sequence[Finding]) -> Mapping[tuple[int, int], str]:
    """The worst severity of each marked cell; notes mark nothing."""
    found: dict[tuple[int, int], str] = {}
    for finding in sorted(findings, key=lambda entry: entry.rank):
        if finding.table == key and finding.rank >= 1:
            found |= {(cell[0], cell[1]): finding.severity for cell in finding.cells}
    return found


# Shape of each severity inside a 10 x 10 box, so that they are told apart without colour.
_SHAPES: Final[Mapping[str, str]] = {
    "critical": '<path d="M1 1L9 9M9 1L1 9" stroke="#000" stroke-width="4"/><path d="M1 1L9 9M9 1L1 9" stroke="#fff"'
    ' stroke-width="2"/>',
    "high": '<path d="M5 0L10 9H0Z" fill="#fff" stroke="#000" stroke-width="1.5"/>',
    "medium": '<path d="M5 0L10 5L5 10L0 5Z" fill="#fff" stroke="#000" stroke-width="1.5"/>',
    "low": '<circle cx="5" cy="5" r="4" fill="#fff" stroke="#000" stroke-width="1.5"/>',
}


def _mark(row: int, col: int, rows: int, severity: str) -> str:
    x, y = _LEFT + col * _CELL_W, _TOP + (rows - 1 - row) * _CELL_H
    frame = (
        f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL_W - 3}" height="{_CELL_H - 3}" fill="none" stroke="#000"'
        f' stroke-width="3"/><rect x="{x + 1}" y="{y + 1}" width="{_CELL_W - 3}" height="{_CELL_H - 3}" fill="none"'
        ' stroke="#fff" stroke-width="1"/>'
    )
    return f'{frame}<g transform="translate({x + 2} {y + 2}) scale(0.7)">{_SHAPES[severity]}</g>'


def _legend(height: int, severities: set[str]) -> str:
    parts = []
    x = 8
    for severity in ("critical", "high", "medium", "low"):
        if severity in severities:
            parts.append(
                f'<g transform="translate({x} {height - 22})">{_SHAPES[severity]}</g>'
                f'<text class="ink" fill="#1a1a1a" x="{x + 15}" y="{height - 12}">{SEVERITY_WORDS[severity]}</text>'
            )
            x += 90
    return "".join(parts)
