"""Reads: which gateway serves, what a payment looks like to a client."""

from typing import Any

from django.conf import settings
from django.db.models import F
from django.urls import reverse

from core.refs import Ref
from core.rls import as_system
from payments.errors import PaymentsDisabled, UnknownGateway
from payments.models import Payment
from payments.ports import Gateway, gateways

ONLINE = ("razorpay", "online")  # what a client asks for when it wants to pay online


def choose_gateway(name: str | None = None) -> Gateway:
    """The gateway for a new order: the named one, else the default for online payment.

    "razorpay" means "online": where Razorpay isn't configured, the sandbox stands in for it. Raises
    PaymentsDisabled (503) when online payment is switched off, UnknownGateway (400).
    """
    if name is None or name in ONLINE:
        name = settings.PAYMENTS_GATEWAY
    found = gateways.get(name)
    if found is None or (not found.enabled and not found.can.online):
        raise UnknownGateway(fields={"gateway": ["There is no such way to pay."]})
    if found.can.online and not (settings.PAYMENTS_ONLINE_ENABLED and found.enabled):
        raise PaymentsDisabled
    return found


def paid_payment_of(target: Ref) -> Payment | None:
    """The newest payment that bought this thing and of which something is left: what a service may refund.

    For services that have settled whose thing it is; it sees all payments.
    """
    with as_system("the caller has settled whose thing it is"):
        rows = Payment.objects.filter(subject_kind=target.kind, subject_id=target.id, honoured=True)
        found: Payment | None = (
            rows.filter(refunded_minor__lt=F("captured_minor")).order_by("-captured_at").first()
        )
    return found


def payment_payload(payment: Payment) -> dict[str, Any]:
    """What a client sees of a payment; the `payment` of purchase, booking and create-order answers."""
    return {
        "id": payment.pk,
        "status": payment.status,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "gateway": payment.gateway,
        "gateway_order_id": payment.gateway_order_id,
        "expires_at": payment.expires_at,
        "subject": {"kind": payment.subject_kind, "id": payment.subject_id},
        "description": payment.description,
        "rewards_minor": payment.rewards_minor,
        "captured_minor": payment.captured_minor,
        "refunded_minor": payment.refunded_minor,
        "captured_at": payment.captured_at,
        "created_at": payment.created_at,
        "updated_at": payment.updated_at,
        "checkout_url": checkout_url(payment),
    }


def checkout_url(payment: Payment) -> str | None:
    """Where a browser can pay; only the sandbox has a page of its own."""
    if payment.gateway != "sandbox" or not payment.gateway_order_id:
        return None
    return reverse("payments-sandbox", args=[payment.gateway_order_id])
