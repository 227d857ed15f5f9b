"""Invoices: a gapless number and a snapshot, made in the settling transaction."""

from django.conf import settings

from core import clock
from core.errors import NotFound
from core.rls import as_system
from payments.models import Invoice, InvoiceSeries, Payment


def invoice_of(payment: Payment) -> Invoice:
    """The invoice of a payment that somebody may see. Raises NotFound while there is none."""
    with as_system("the payment was found by its owner's rights"):
        found = Invoice.objects.filter(payment_id=payment.pk).first()
    if found is None:
        raise NotFound
    return found


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
