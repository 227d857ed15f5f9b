"""Heat maps by hand: tune, baseline or difference, with the cells of findings marked by shape.

No scripts; text from files is escaped. Colours are attributes, so that a strict style policy cannot take them away;
only the switch to dark paper needs the style element.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from safety.report.heat import heat_map
from safety.report.words import SEVERITY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safety.findings import Finding
    from safety.report.heat import HeatMap
    from safety.report.model import TableView

_CELL_W, _CELL_H, _LEFT, _TOP, _FOOT = 44, 24, 62, 46, 58
_STYLE: Final = (
    ".paper{fill:#fff}.ink{fill:#1a1a1a}.line{stroke:#1a1a1a}"
    "@media (prefers-color-scheme: dark){.paper{fill:#15181c}.ink{fill:#e8e8e8}.line{stroke:#e8e8e8}}"
)


def render(view: TableView, kind: str, findings: Sequence[Finding] = (), *, standalone: bool = True) -> str:
    """An SVG document (or, not `standalone`, an element for a page that has the styles itself).

    Raises safety.report.heat.UnknownView.
    """
    heat = heat_map(view, kind, findings)
    width, height = _LEFT + len(heat.across) * _CELL_W + 12, _TOP + len(heat.rows) * _CELL_H + _FOOT
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" font-family="system-ui, sans-serif" font-size="11">'
        ),
        f"<title>{escape(heat.title)}</title>",
        f"<style>{_STYLE}</style>" if standalone else "",
        f'<rect class="paper" fill="#fff" width="{width}" height="{height}"/>',
        f'<text class="ink" fill="#1a1a1a" x="8" y="18" font-size="14" font-weight="600">{escape(heat.title)}</text>',
        f'<text class="ink" fill="#1a1a1a" x="8" y="34">{escape(heat.units)}</text>',
        *_grid(heat),
        *(
            _mark(row, col, cell.mark)
            for row, cells in enumerate(heat.rows)
            for col, cell in enumerate(cells)
            if cell.mark
        ),
        _legend(height, heat.marks),
        "</svg>",
    ]
    return "".join(parts)


def _grid(heat: HeatMap) -> list[str]:
    out = []
    for row, cells in enumerate(heat.rows):
        y = _TOP + row * _CELL_H
        out.append(
            f'<text class="ink" fill="#1a1a1a" x="{_LEFT - 6}" y="{y + 16}" text-anchor="end">{heat.up[row]}</text>'
        )
        for col, cell in enumerate(cells):
            red, green, blue = cell.colour
            ink = "#fff" if cell.dark else "#000"
            x = _LEFT + col * _CELL_W
            out.append(
                f'<rect x="{x}" y="{y}" width="{_CELL_W - 1}" height="{_CELL_H - 1}" fill="rgb({red},{green},{blue})"/>'
                f'<text x="{x + _CELL_W // 2}" y="{y + 16}" text-anchor="middle" fill="{ink}">{cell.text}</text>'
            )
    foot = _TOP + len(heat.rows) * _CELL_H + 14
    out += [
        f'<text class="ink" fill="#1a1a1a" x="{_LEFT + col * _CELL_W + _CELL_W // 2}" y="{foot}"'
        f' text-anchor="middle">{label}</text>'
        for col, label in enumerate(heat.across)
    ]
    return out


# Shape of each severity inside a 10 x 10 box, so that they are told apart without colour.
_SHAPES: Final[Mapping[str, str]] = {
    "critical": '<path d="M1 1L9 9M9 1L1 9" stroke="#000" stroke-width="4"/><path d="M1 1L9 9M9 1L1 9" stroke="#fff"'
    ' stroke-width="2"/>',
    "high": '<path d="M5 0L10 9H0Z" fill="#fff" stroke="#000" stroke-width="1.5"/>',
    "medium": '<path d="M5 0L10 5L5 10L0 5Z" fill="#fff" stroke="#000" stroke-width="1.5"/>',
    "low": '<circle cx="5" cy="5" r="4" fill="#fff" stroke="#000" stroke-width="1.5"/>',
}


def _mark(row: int, col: int, severity: str) -> str:
    x, y = _LEFT + col * _CELL_W, _TOP + row * _CELL_H
    frame = (
        f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL_W - 3}" height="{_CELL_H - 3}" fill="none" stroke="#000"'
        f' stroke-width="3"/><rect x="{x + 1}" y="{y + 1}" width="{_CELL_W - 3}" height="{_CELL_H - 3}" fill="none"'
        ' stroke="#fff" stroke-width="1"/>'
    )
    return f'{frame}<g transform="translate({x + 2} {y + 2}) scale(0.7)">{_SHAPES[severity]}</g>'


def _legend(height: int, severities: Sequence[str]) -> str:
    return "".join(
        f'<g transform="translate({x} {height - 22})">{_SHAPES[severity]}</g>'
        f'<text class="ink" fill="#1a1a1a" x="{x + 15}" y="{height - 12}">{SEVERITY_WORDS[severity]}</text>'
        for x, severity in zip(range(8, 8 + 4 * 90, 90), severities, strict=False)
    )
