"""A client says that it has paid: believed after the signature, the owner, and the gateway's own word."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from rest_framework.exceptions import NotAuthenticated

from core.errors import NotFound
from core.refs import Ref
from core.rls import as_anonymous, as_system, as_user
from payments.errors import BadSignature, GatewayUnavailable, NotSupported, OrderMismatch
from payments.jobs import enqueue
from payments.models import GatewaySubscription, Payment, PaymentStatus
from payments.outside import gateway_named
from payments.ports import GuestPayable, SubscriptionGateway, payables
from payments.services.orders import open_order
from payments.services.settling import settle
from payments.services.subscriptions import settle_subscription
from payments.services.timeline import note
from payments.services.webhooks import forged
from users.models import User

NOT_YET = (PaymentStatus.CREATED, PaymentStatus.FAILED, PaymentStatus.AUTHORIZED, PaymentStatus.EXPIRED)


def open_for(payer: User | None, *, target: Ref, gateway: str | None, token: str = "") -> Payment:
    """The open payment of a thing, for its owner or for a guest with a token; in a transaction of its own."""
    plug: object = payables[target.kind]
    if payer is None:
        with as_system("a guest's token is checked by the payable"):
            if not (token and isinstance(plug, GuestPayable) and plug.admits(target.id, token)):
                raise NotAuthenticated
            return open_order(payer=None, target=target, gateway=gateway)
    with as_user(payer):
        return open_order(payer=payer, target=target, gateway=gateway)


def verify(*, payer: User | None, data: Mapping[str, Any], token: str = "") -> tuple[Payment, bool]:
    """Check a checkout's result and settle; (payment, done). Not done: the gateway hasn't captured, or is silent.

    Call it outside transactions. `token` is a guest's. Raises NotFound for another's order, BadSignature.
    """
    if data.get("razorpay_subscription_id"):
        return _verify_subscription(payer, data)
    payment = _theirs(payer, str(data.get("razorpay_order_id") or ""), token)
    way = gateway_named(payment.gateway)
    try:
        result = way.parse_client_result(data)
    except BadSignature:
        forged.labels(payment.gateway, "verify").inc()
        raise
    if result.order_id != payment.gateway_order_id:
        raise OrderMismatch
    try:
        seen = way.fetch_payment(result.payment_id)
    except GatewayUnavailable:
        _remember_claim(payment, result.payment_id)
        return payment, False
    done = settle(gateway=payment.gateway, seen=seen, source="verify", expected=payment).payment
    return done, done.status not in NOT_YET


def _verify_subscription(payer: User | None, data: Mapping[str, Any]) -> tuple[Payment, bool]:
    """The first charge of a subscription, authorised in a checkout."""
    if payer is None:
        raise NotAuthenticated
    with as_user(payer):
        mine = GatewaySubscription.objects.visible_to(payer)
        row = mine.filter(gateway_subscription_id=data["razorpay_subscription_id"]).first()
    if row is None:
        raise NotFound
    way = gateway_named(row.gateway)
    service: object = way
    if not isinstance(service, SubscriptionGateway):
        raise NotSupported
    try:
        result = way.parse_client_result(data)
    except BadSignature:
        forged.labels(row.gateway, "verify").inc()
        raise
    charge = way.fetch_payment(result.payment_id)
    seen = service.fetch_subscription(result.subscription_id)
    settle_subscription(gateway=row.gateway, seen=seen, source="verify", charge=charge)
    with as_user(payer):
        paid: Payment | None = Payment.objects.filter(attempts__gateway_payment_id=charge.id).first()
    if paid is None:  # authorised, not charged yet: the webhook of the charge makes the payment
        raise GatewayUnavailable("The first payment is still being processed.", outcome_unknown=False)
    return paid, paid.status not in NOT_YET


def find_payment(payer: User | None, payment: Mapping[str, Any], token: str = "") -> Payment:
    """The payment that this person, or the holder of this guest token, may see. Raises NotFound."""
    with context_of(payer):
        rows = Payment.objects.visible_to(payer) if payer else Payment.objects.none()
        found: Payment | None = rows.filter(**payment).first()
    if found is None and token:
        with as_system("a guest's token is checked by the payable"):
            found = Payment.objects.filter(user=None, **payment).first()
            plug: object = payables.get(found.subject_kind) if found else None
            if not (found and isinstance(plug, GuestPayable) and plug.admits(found.subject_id, token)):
                found = None
    if found is None:
        raise NotFound
    return found


def context_of(payer: User | None) -> AbstractContextManager[None]:
    return as_user(payer) if payer else as_anonymous()


# -- Inside


def _theirs(payer: User | None, order_id: str, token: str) -> Payment:
    if not order_id:
        raise NotFound
    return find_payment(payer, {"gateway_order_id": order_id}, token)


def _remember_claim(payment: Payment, payment_id: str) -> None:
    """The signature was good, so the money is coming: look again soon."""
    with as_system("the till follows up"):
        note(payment, "claimed", "verify", payment_id)
        enqueue("reconcile_payment", after_seconds=30, payment_id=str(payment.pk))
