"""The report on paper: the same words and heat maps as the page, as a PDF that can be sent to a tuner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.pdf import MARGIN, Document
from safety.report.heat import chosen, heat_map
from safety.report.words import GROUPS, LAYERS, SEVERITY_WORDS, VERDICT_TEXTS, VERDICT_TITLES, facts, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fpdf import FPDF

    from safety.findings import Finding
    from safety.report.heat import HeatCell, HeatMap
    from safety.report.model import Report

_WIDEST, _HEIGHT, _LABEL, _FOOT = (
    14.0,
    5.0,
    14.0,
    12.0,
)  # mm: a cell, a row, the load labels, labels and legend
_MARK: Final = 2.2  # mm

# Lines of each shape in a box of one; the same shapes as on the screen.
_SHAPES: Final[Mapping[str, Sequence[tuple[float, float]]]] = {
    "high": ((0.5, 0), (1, 0.9), (0, 0.9)),
    "medium": ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)),
}


def render(report: Report, *, title: str, made_at: datetime) -> bytes:
    """A4 pages. Text beyond Latin letters needs DOCUMENT_FONT, see `core.pdf`."""
    page = Document(title, made_at)
    page.write(title, size=9)
    page.write(VERDICT_TITLES[report.verdict], size=18)
    page.write(VERDICT_TEXTS[report.verdict])
    if report.reason:
        page.write(report.reason)
    page.gap(0.5)
    for label, text in facts(report.to_dict()):
        page.write(f"{label}: {text}", size=8)
    _findings(page, report.findings)
    for view, kind in chosen(report):
        _map(page, heat_map(view, kind, report.findings))
    if report.not_checked:
        _heading(page, "Not checked")
        for entry in report.not_checked:
            page.write(f"{entry.code}: {entry.reason}", size=8)
    _heading(page, "About this report")
    page.write(report.disclaimer, size=8)
    return page.bytes()


def _heading(page: Document, text: str) -> None:
    page.gap(0.5)
    page.write(text, size=14)


def _findings(page: Document, findings: Sequence[Finding]) -> None:
    _heading(page, "Findings")
    if not findings:
        page.write("None.")
    for finding in findings:
        page.write(f"{SEVERITY_WORDS[finding.severity].upper()}: {finding.title}", size=11)
        place = finding.source_name or finding.table or finding.scalar
        page.write(" - ".join(filter(None, (finding.code, GROUPS[finding.group], place))), size=8)
        page.write(finding.explanation)
        if finding.limit not in {None, ""}:
            layer = LAYERS.get(finding.limit_source, finding.limit_source)
            page.write(f"Found {shown(finding.value)}, limit {shown(finding.limit)} (from {layer}).", size=9)
        if finding.suggestion:
            page.write(finding.suggestion)
        page.gap(0.5)


def _map(page: Document, heat: HeatMap) -> None:
    pdf = page.pdf
    needed = 14 + len(heat.rows) * _HEIGHT + _FOOT
    if pdf.get_y() + needed > pdf.page_break_trigger:
        pdf.add_page()
    page.gap(0.5)
    page.write(heat.title, size=11)
    page.write(heat.units, size=8)
    width = min(_WIDEST, (pdf.epw - _LABEL) / max(len(heat.across), 1))
    size = min(7.0, width * 0.75)
    top = pdf.get_y()
    page.font(size)
    for row, cells in enumerate(heat.rows):
        y = top + row * _HEIGHT
        _put(page, MARGIN, y, _LABEL - 2, heat.up[row], align="R")
        for col, cell in enumerate(cells):
            _cell(page, MARGIN + _LABEL + col * width, y, width, cell)
    foot = top + len(heat.rows) * _HEIGHT
    for col, label in enumerate(heat.across):
        _put(page, MARGIN + _LABEL + col * width, foot, width, label)
    _legend(page, foot + _HEIGHT, heat.marks)
    pdf.set_xy(MARGIN, foot + _FOOT)


def _cell(page: Document, x: float, y: float, width: float, cell: HeatCell) -> None:
    page.pdf.set_fill_color(*cell.colour)
    page.pdf.rect(x, y, width - 0.2, _HEIGHT - 0.2, style="F")
    page.pdf.set_text_color(255 if cell.dark else 0)
    _put(page, x, y, width, cell.text)
    page.pdf.set_text_color(0)
    if cell.mark:
        page.pdf.set_line_width(0.5)
        page.pdf.rect(x + 0.2, y + 0.2, width - 0.6, _HEIGHT - 0.6)
        page.pdf.set_line_width(0.2)
        _shape(page.pdf, cell.mark, x + 0.4, y + 0.4, _MARK * 0.6)


def _put(page: Document, x: float, y: float, width: float, text: str, *, align: str = "C") -> None:
    page.pdf.set_xy(x, y)
    page.pdf.cell(width, _HEIGHT, page.fit(text), align=align)


def _legend(page: Document, y: float, severities: Sequence[str]) -> None:
    page.font(8)
    for place, severity in enumerate(severities):
        x = MARGIN + place * 28
        _shape(page.pdf, severity, x, y + 1.2, _MARK)
        _put(page, x + 4, y, 22, SEVERITY_WORDS[severity], align="L")


def _shape(pdf: FPDF, severity: str, x: float, y: float, size: float) -> None:
    pdf.set_fill_color(255)
    if severity == "critical":
        pdf.line(x, y, x + size, y + size)
        pdf.line(x, y + size, x + size, y)
    elif severity == "low":
        pdf.ellipse(x, y, size, size, style="DF")
    else:
        pdf.polygon([(x + a * size, y + b * size) for a, b in _SHAPES[severity]], style="DF")
