"""The invoice as PDF, from its snapshot alone: the same bytes-worth of text, whenever it is asked for."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from payments.amounts import money
from payments.models import Invoice

FONT = "invoice"
MARGIN, LINE = 20, 6  # mm
WIDTHS = (86, 18, 33, 33)  # mm: what, how many, tax in it, amount


def invoice_pdf(invoice: Invoice) -> bytes:
    """A4 pages. Letters beyond Latin-1 need INVOICE_FONT (a TrueType file); without it they lose their accents."""
    pdf = FPDF(format="A4")
    pdf.set_title(f"Invoice {invoice.reference}")
    pdf.set_creation_date(invoice.issued_at)
    pdf.set_margin(MARGIN)
    family = _font(pdf)
    page = _Page(pdf, family)
    pdf.add_page()
    page.write(f"Invoice {invoice.reference}", size=18)
    page.write(f"Issued {invoice.issued_at:%d %B %Y}")
    pdf.ln(LINE)
    seller = invoice.seller
    page.block("From", [seller.get("name", ""), seller.get("address", ""), _tax_id(seller)])
    page.block("To", [invoice.buyer])
    page.table(_rows(invoice))
    page.write(f"Total  {money(invoice.total_minor, invoice.currency)}", size=13, align="R")
    pdf.ln(LINE)
    page.write(f"Paid. Payment {invoice.payment_id}", size=8)
    return bytes(pdf.output())


class _Page:
    """Short ways to write on a page."""

    def __init__(self, pdf: FPDF, family: str) -> None:
        self.pdf, self.family = pdf, family

    def write(self, text: str, *, size: int = 10, align: str = "L") -> None:
        self.pdf.set_font(self.family, size=size)
        self.pdf.multi_cell(0, LINE, self.fit(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def block(self, title: str, lines: Sequence[str]) -> None:
        shown = [line for line in lines if line]
        if shown:
            self.write(title, size=8)
            for line in shown:
                self.write(line)
            self.pdf.ln(LINE / 2)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        self.pdf.set_font(self.family, size=10)
        with self.pdf.table(
            col_widths=WIDTHS,
            text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT"),
            line_height=LINE,
            first_row_as_headings=False,
        ) as table:
            for row in rows:
                table.row([self.fit(cell) for cell in row])
        self.pdf.ln(LINE / 2)

    def fit(self, text: str) -> str:
        """What the font can show of a text."""
        if self.family == FONT:
            return text
        plain = unicodedata.normalize("NFKC", text)
        if not _latin(plain):
            plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        return plain.encode("latin-1", "replace").decode("latin-1")


def _font(pdf: FPDF) -> str:
    if not settings.INVOICE_FONT:
        return "helvetica"
    pdf.add_font(FONT, fname=settings.INVOICE_FONT)
    return FONT


def _rows(invoice: Invoice) -> list[list[str]]:
    rows = [["Item", "Qty", "Tax included", "Amount"]]
    lines: list[dict[str, Any]] = invoice.lines
    rows += [
        [
            line["label"],
            str(line["quantity"]),
            money(line["tax_minor"], invoice.currency),
            money(line["amount_minor"], invoice.currency),
        ]
        for line in lines
    ]
    return rows


def _tax_id(seller: dict[str, Any]) -> str:
    return f"Tax number {seller['tax_id']}" if seller.get("tax_id") else ""


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
