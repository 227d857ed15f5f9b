"""Invoices: a gapless number and a snapshot, made in the settling transaction."""

from django.conf import settings

from core import clock
from payments.models import Invoice, InvoiceSeries, Payment


def issue(payment: Payment) -> Invoice:
    """The invoice of a settled payment; the same one when it was issued before.

    The series' row stays locked until the commit: a rollback gives its number back, so none is ever missing.
    """
    found = Invoice.objects.filter(payment=payment).first()
    if found:
        return found
    now = clock.now()
    InvoiceSeries.objects.bulk_create([InvoiceSeries(year=now.year)], ignore_conflicts=True)
    series = InvoiceSeries.objects.select_for_update().get(pk=now.year)
    series.last += 1
    series.save(update_fields=["last"])
    lines = payment.lines or [
        {"label": payment.description, "quantity": 1, "amount_minor": payment.amount_minor, "tax_minor": 0}
    ]
    return Invoice.objects.create(
        payment=payment,
        user_id=payment.user_id,
        year=now.year,
        number=series.last,
        issued_at=now,
        buyer=payment.user.name or payment.user.email or "" if payment.user else "",
        seller=settings.INVOICE_SELLER,
        lines=lines,
        total_minor=payment.amount_minor,
        currency=payment.currency,
    )
