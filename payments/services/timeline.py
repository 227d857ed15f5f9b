"""The timeline that staff read: one line for everything that happens to a payment."""

from uuid import UUID

from payments.models import Payment, PaymentEvent


def note(payment: Payment, kind: str, source: str, detail: str = "", *, actor: UUID | None = None) -> None:
    """Add a line, in the transaction of the fact."""
    PaymentEvent.objects.create(payment=payment, kind=kind, source=source, detail=detail[:300], actor=actor)
