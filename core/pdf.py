"""Printed documents: A4 pages in a plain typeface, for whatever app has something to print.

The typefaces that every PDF reader brings show Latin letters only. `DOCUMENT_FONT` names a TrueType file for more;
without it letters lose their accents, and what is still unknown becomes a question mark.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import XPos, YPos

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MARGIN, LINE = 20, 6  # mm
_OWN = "document"


class Document:
    """Short ways to write on a page, top to bottom. `pdf` is there for whoever draws."""

    def __init__(self, title: str, made_at: datetime) -> None:
        self.pdf = FPDF(format="A4")
        self.pdf.set_title(title)
        self.pdf.set_creation_date(made_at)
        self.pdf.set_margin(MARGIN)
        self.family = "helvetica"
        if settings.DOCUMENT_FONT:
            self.pdf.add_font(_OWN, fname=settings.DOCUMENT_FONT)
            self.family = _OWN
        self.pdf.add_page()

    def font(self, size: float) -> None:
        self.pdf.set_font(self.family, size=size)

    def write(self, text: str, *, size: float = 10, align: str = "L") -> None:
        self.font(size)
        height = LINE * max(size / 12, 0.75)
        self.pdf.multi_cell(0, height, self.fit(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def gap(self, lines: float = 1) -> None:
        self.pdf.ln(LINE * lines)

    def block(self, title: str, lines: Sequence[str]) -> None:
        """A small title over its lines; nothing at all where every line is empty."""
        shown = [line for line in lines if line]
        if shown:
            self.write(title, size=8)
            for line in shown:
                self.write(line)
            self.gap(0.5)

    def table(self, rows: Sequence[Sequence[str]], *, widths: Sequence[int], align: Sequence[str]) -> None:
        """`widths` in mm; `align` holds LEFT or RIGHT of each column."""
        self.font(10)
        with self.pdf.table(
            col_widths=tuple(widths), text_align=tuple(align), line_height=LINE, first_row_as_headings=False
        ) as table:
            for row in rows:
                table.row([self.fit(cell) for cell in row])
        self.gap(0.5)

    def fit(self, text: str) -> str:
        """What the typeface can show of a text."""
        if self.family == _OWN:
            return text
        plain = unicodedata.normalize("NFKC", text)
        if not _latin(plain):
            plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        return plain.encode("latin-1", "replace").decode("latin-1")

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
