"""Asking the gateway: what verify and webhook both lost is found here."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q

from core import clock
from core.errors import DomainError
from core.rls import as_system
from payments.errors import GatewayUnavailable, TooMuchRefunded
from payments.models import GatewayPayment, Payment, PaymentStatus, Refund, RefundStatus
from payments.models.money import OPEN
from payments.outside import gateway_named
from payments.ports import Gateway, gateways
from payments.services.orders import expire, remember_order
from payments.services.refunds import send, settle_refund
from payments.services.settling import settle
from payments.services.timeline import note
from payments.states import UNDER_WAY

log = logging.getLogger(__name__)
FIRST_GAP = timedelta(minutes=15)
LAST_LOOK = timedelta(days=3)  # after it an uncaptured authorisation is refunded by the gateway itself
CAPTURE_AFTER = timedelta(minutes=5)  # time for the gateway's automatic capture
LATELY = timedelta(days=30)  # how far back a person may ask about expired orders
BATCH = 200
Progress = Callable[[int, int, Payment, str], None]


def reconcile(payment: Payment) -> str:
    """Bring one payment in line with its gateway; what became of it, in a word. Raises GatewayUnavailable."""
    way = gateway_named(payment.gateway)
    if not way.can.online:
        for row in _under_way(payment):
            send(row.pk)
        return "at the counter"
    order_id = payment.gateway_order_id
    if not order_id:
        order = way.find_order(payment.receipt)
        if order is None:
            return _nothing(payment)
        payment = remember_order(payment, order.id)
        order_id = order.id
    outcome = "nothing new"
    for seen in way.list_payments(order_id):
        if seen.status == "authorized" and _may_capture(payment, seen.id):
            seen = way.capture(seen.id, amount_minor=seen.amount_minor, currency=seen.currency)  # noqa: PLW2901
        found = settle(gateway=payment.gateway, seen=seen, source="reconcile").outcome
        outcome = found if found != "unchanged" else outcome
    reconcile_refunds(payment, way)
    return outcome if outcome != "nothing new" else _nothing(payment)


def reconcile_refunds(payment: Payment, way: Gateway) -> None:
    """Refunds whose end we don't know, and those that somebody made at the gateway."""
    pending = _under_way(payment)
    with as_system("the till looks at its own rows"):
        attempts = list(GatewayPayment.objects.filter(payment=payment, status="captured"))
    for attempt in attempts:
        if attempt.reserved_minor or pending or payment.status == PaymentStatus.CAPTURED:
            for seen in way.find_refunds(attempt.gateway_payment_id):
                try:
                    settle_refund(gateway=payment.gateway, seen=seen, source="reconcile")
                except TooMuchRefunded:
                    log.warning("refund %s is more than what was paid", seen.id)
    for refund in pending:
        if refund.status in {RefundStatus.UNKNOWN, RefundStatus.REQUESTED}:
            send(refund.pk)  # the same key: at most one refund, whatever happened before


def reconcile_due(*, progress: Progress | None = None, everything: bool = False) -> dict[str, int]:
    """All payments whose next look is due (`everything`: all that are not finished); counts by outcome.

    A gateway that doesn't answer ends the work for its own payments only.
    """
    tally: dict[str, int] = {}
    silent: set[str] = set()
    due = _due(everything=everything)
    for number, payment in enumerate(due, start=1):
        if payment.gateway in silent:
            continue
        try:
            outcome = reconcile(payment)
        except GatewayUnavailable:
            outcome = "gateway silent"
            silent.add(payment.gateway)
        except DomainError as problem:
            outcome = problem.code
        except Exception:  # one broken payment must not keep the others from their money
            log.exception("payment %s can't be reconciled", payment.pk)
            outcome = "error"
        _schedule(payment)
        tally[outcome] = tally.get(outcome, 0) + 1
        if progress:
            progress(number, len(due), payment, outcome)
    return tally


# -- Inside


def _under_way(payment: Payment) -> list[Refund]:
    with as_system("the till looks at its own rows"):
        return list(Refund.objects.filter(payment=payment, status__in=UNDER_WAY))


def _due(*, everything: bool) -> list[Payment]:
    with as_system("the till looks at everybody's payments"):
        names = [name for name, way in gateways.items() if way.enabled or not way.can.online]
        rows = Payment.objects.filter(gateway__in=names)
        if everything:
            lately = Q(status=PaymentStatus.EXPIRED, created_at__gt=clock.now() - LATELY)
            rows = rows.filter(Q(status__in=OPEN) | lately | Q(refunds__status__in=UNDER_WAY))
            return list(rows.distinct().order_by("created_at"))
        unsent = Refund.objects.filter(status__in=UNDER_WAY, updated_at__lt=clock.now() - FIRST_GAP).values(
            "payment_id"
        )
        due = rows.filter(next_check_at__lte=clock.now()) | rows.filter(pk__in=unsent)
        return list(due.order_by("next_check_at")[:BATCH])


def _may_capture(payment: Payment, payment_id: str) -> bool:
    """The gateway should have captured by itself; after a while we ask it to, for what still fits its order."""
    with as_system("the till looks at its own rows"):
        row = GatewayPayment.objects.filter(gateway=payment.gateway, gateway_payment_id=payment_id).first()
    waited = row is not None and row.created_at < clock.now() - CAPTURE_AFTER
    return bool(
        waited
        and row
        and payment.status == PaymentStatus.AUTHORIZED
        and (row.amount_minor, row.currency) == (payment.amount_minor, payment.currency)
    )


def _nothing(payment: Payment) -> str:
    over = payment.expires_at is not None and payment.expires_at <= clock.now()
    if over and expire(payment):
        return "expired"
    return "nothing new"


def _schedule(payment: Payment) -> None:
    """The next look: gaps of 15 minutes, doubled each time, until three days have passed."""
    with as_system("the till looks at everybody's payments"):
        row = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        row.checks = min(row.checks + 1, 1000)
        following = clock.now() + FIRST_GAP * 2 ** min(row.checks, 8)
        waits = row.status in {*OPEN, PaymentStatus.EXPIRED} and following < row.created_at + LAST_LOOK
        row.next_check_at = following if waits else None
        row.save(update_fields=["checks", "next_check_at"])
        if not waits and row.status in OPEN:
            note(row, "given_up", "reconcile", "Nothing came in three days.")
    if not waits:
        expire(payment, abandoned=True)
