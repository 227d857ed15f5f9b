"""The invoice as PDF, from its snapshot alone: the same bytes-worth of text, whenever it is asked for."""

from typing import Any

from core.pdf import Document
from payments.amounts import money
from payments.models import Invoice

WIDTHS = (86, 18, 33, 33)  # mm: what, how many, tax in it, amount
ALIGN = ("LEFT", "RIGHT", "RIGHT", "RIGHT")


def invoice_pdf(invoice: Invoice) -> bytes:
    """A4 pages. Names beyond Latin letters need DOCUMENT_FONT, see `core.pdf`."""
    page = Document(f"Invoice {invoice.reference}", invoice.issued_at)
    page.write(f"Invoice {invoice.reference}", size=18)
    page.write(f"Issued {invoice.issued_at:%d %B %Y}")
    page.gap()
    seller = invoice.seller
    page.block("From", [seller.get("name", ""), seller.get("address", ""), _tax_id(seller)])
    page.block("To", [invoice.buyer])
    page.table(_rows(invoice), widths=WIDTHS, align=ALIGN)
    page.write(f"Total  {money(invoice.total_minor, invoice.currency)}", size=13, align="R")
    page.gap()
    page.write(f"Paid. Payment {invoice.payment_id}", size=8)
    return page.bytes()


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
