"""Money back: reserved under the payment's lock, sent outside any transaction, booked when it is processed."""

from typing import Any
from uuid import UUID

from core import clock
from core.ids import uuid7
from core.rls import as_system
from payments import ledger, states
from payments.errors import GatewayDeclined, GatewayUnavailable, TooMuchRefunded, UnknownOrder
from payments.jobs import enqueue
from payments.models import GatewayPayment, Payment, PaymentStatus, Refund, RefundStatus
from payments.outside import gateway_named
from payments.ports import SeenRefund, payables
from payments.services import rewards
from payments.services.again import again
from payments.services.books import money_place, move, rewards_back, tell_refunded, unearned
from payments.services.recovery import fetch_back
from payments.services.timeline import note
from users.models import User


def refund(
    *,
    payment: Payment,
    reason: str,
    amount_minor: int | None = None,
    by: User | None = None,
    key: str | None = None,
) -> Refund:
    """Ask for money back (None: all that is left). It is sent by a job, or at once by `send(refund.pk)`.

    The same `key` gives the same refund. Raises TooMuchRefunded when more is asked than was taken and is left.
    """
    key = key or f"refund-{uuid7()}"
    with as_system("the till gives back"):
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if found := Refund.objects.filter(key=key, payment=locked).first():
            return found
        attempt = _attempt_with_money(locked)
        left = attempt.amount_minor - attempt.reserved_minor if attempt else 0
        if attempt is None or not 0 < (amount := left if amount_minor is None else amount_minor) <= left:
            raise TooMuchRefunded(fields={"amount_minor": [f"At most {left} is left."]})
        counts = attempt.role == GatewayPayment.Role.SETTLES
        return give_back(locked, attempt, amount, key=key, reason=reason, by=by, counts=counts)


def give_back(
    payment: Payment,
    attempt: GatewayPayment,
    amount_minor: int,
    *,
    key: str,
    reason: str,
    by: User | None = None,
    counts: bool = True,
) -> Refund:
    """Reserve and enqueue a refund of one attempt, under the payment's lock; once per key.

    `counts` False: it isn't the order's own money (a second capture, what is above the amount).
    """
    found: Refund | None = Refund.objects.filter(key=key).first()
    if found is not None:
        if found.payment_id != payment.pk:
            raise ValueError("This refund key belongs to another payment.")
        return found
    if attempt.reserved_minor + amount_minor > attempt.amount_minor:
        raise TooMuchRefunded
    attempt.reserved_minor += amount_minor
    attempt.save(update_fields=["reserved_minor"])
    made: Refund = Refund.objects.create(
        payment=payment,
        attempt=attempt,
        amount_minor=amount_minor,
        currency=attempt.currency,
        counts=counts,
        key=key,
        reason=reason[:200],
        requested_by=by,
    )
    note(
        payment,
        "refund_requested",
        "staff" if by else "system",
        f"{amount_minor} {attempt.currency}: {reason}",
        actor=by.pk if by else None,
    )
    enqueue("send_refund", refund_id=str(made.pk))
    return made


def send(refund_id: UUID) -> Refund:
    """Send a refund to its gateway, outside transactions; with the same key again after an unknown outcome.

    Raises GatewayUnavailable when it has to be tried again.
    """
    with as_system("the till gives back"):
        row: Refund = Refund.objects.select_related("payment", "attempt").get(pk=refund_id)
        if row.status not in {RefundStatus.REQUESTED, RefundStatus.UNKNOWN}:
            return row
        Refund.objects.filter(pk=refund_id).update(tries=row.tries + 1)
    fetch_back(row)
    way = gateway_named(row.payment.gateway)
    try:
        seen = way.refund(
            row.attempt.gateway_payment_id, amount_minor=row.amount_minor, currency=row.currency, key=row.key
        )
    except GatewayDeclined as problem:
        return _close_failed(refund_id, problem.text)
    except GatewayUnavailable as problem:
        if problem.outcome_unknown:
            _mark_unknown(refund_id, problem.text)
        raise
    return settle_refund(gateway=row.payment.gateway, seen=seen, source="api", refund_id=refund_id)


def settle_refund(*, gateway: str, seen: SeenRefund, source: str, refund_id: UUID | None = None) -> Refund:
    """Take note of a refund as its gateway shows it, once. One that was made at the gateway's own desk is adopted.

    Raises UnknownOrder when its payment is not ours.
    """

    def deed() -> Refund:
        with as_system("money is settled for all"):
            attempt = GatewayPayment.objects.filter(
                gateway=gateway, gateway_payment_id=seen.payment_id
            ).first()
            if attempt is None:
                raise UnknownOrder
            payment = Payment.objects.select_for_update(no_key=True).get(pk=attempt.payment_id)
            attempt.refresh_from_db()
            row = _find(attempt, seen, refund_id) or _adopt(payment, attempt, seen)
            _apply(payment, attempt, row, seen, source)
            return row

    return again(deed)


def cancel_failed(refund_id: UUID, *, reason: str) -> Refund:
    """Staff gives up a refund that never reached its gateway: what was reserved is free again."""
    return _close_failed(refund_id, reason)


# -- Inside


def _attempt_with_money(payment: Payment) -> GatewayPayment | None:
    """The attempt whose money belongs to the order; in review the doubtful one."""
    rows: Any = GatewayPayment.objects.filter(payment=payment, status__in=["captured", "authorized"])
    if payment.status != PaymentStatus.REVIEW:
        rows = rows.filter(role=GatewayPayment.Role.SETTLES)
        if payment.gateway != "cash":
            rows = rows.filter(status="captured")
    else:
        rows = rows.filter(status="captured")
    found = [row for row in rows.order_by("created_at") if row.amount_minor > row.reserved_minor]
    return found[0] if found else None


def _find(attempt: GatewayPayment, seen: SeenRefund, refund_id: UUID | None) -> Refund | None:
    rows: Any = Refund.objects.filter(attempt=attempt)
    known: Refund | None = None
    if refund_id is not None:
        known = rows.filter(pk=refund_id).first()
    if known is None and seen.id:
        known = rows.filter(gateway_refund_id=seen.id).first()
    if known is None and seen.key:
        known = rows.filter(key=seen.key).first()
    return known


def _adopt(payment: Payment, attempt: GatewayPayment, seen: SeenRefund) -> Refund:
    """A refund that somebody made at the gateway itself."""
    if attempt.reserved_minor + seen.amount_minor > attempt.amount_minor:
        raise TooMuchRefunded
    attempt.reserved_minor += seen.amount_minor
    attempt.save(update_fields=["reserved_minor"])
    note(payment, "refund_found", "reconcile", f"{seen.id} {seen.amount_minor} {seen.currency}")
    made: Refund = Refund.objects.create(
        payment=payment,
        attempt=attempt,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        counts=attempt.role == GatewayPayment.Role.SETTLES,
        key=f"gateway-{payment.gateway}-{seen.id}"[:80],
        reason="Made at the gateway",
    )
    return made


def _apply(payment: Payment, attempt: GatewayPayment, row: Refund, seen: SeenRefund, source: str) -> None:
    status = {"processed": RefundStatus.PROCESSED, "failed": RefundStatus.FAILED}.get(
        seen.status, RefundStatus.PROCESSING
    )
    if row.gateway_refund_id is None and seen.id:
        row.gateway_refund_id = seen.id
        row.save(update_fields=["gateway_refund_id"])
    if not states.may(states.REFUND, row.status, status):
        return
    row.status, row.error = status, ""
    row.processed_at = clock.now() if status == RefundStatus.PROCESSED else None
    row.save(update_fields=["status", "processed_at", "error"])
    note(payment, f"refund_{status}", source, f"{row.amount_minor} {row.currency}")
    if status == RefundStatus.PROCESSED:
        _processed(payment, row)
    elif status == RefundStatus.FAILED:
        _release(attempt, row)


def _processed(payment: Payment, row: Refund) -> None:
    amount = row.amount_minor
    counts = row.counts and payment.captured_minor > 0
    lines = [(ledger.CUSTOMER_FUNDS, amount)]
    if counts and payment.honoured:
        lines = unearned(payment, amount)
    ledger.book(
        source=f"refund:{row.pk}",
        kind="refunded",
        currency=row.currency,
        description=row.reason,
        lines=[*lines, (money_place(payment), -amount)],
    )
    if counts:
        _count(payment, amount)


def _count(payment: Payment, amount: int) -> None:
    if payment.captured_at is None:  # a part that the cash desk gives back before the sum is complete
        payment.captured_minor -= amount
        payment.save(update_fields=["captured_minor"])
        if payment.captured_minor == 0:
            rewards.release(payment)  # if it is paid after all, they are taken again
        return
    back = rewards_back(payment, amount) if payment.honoured else 0
    payment.refunded_minor += amount
    payment.rewards_back_minor += back
    full = payment.left_minor == 0
    status = PaymentStatus.REFUNDED if full else PaymentStatus.PARTIALLY_REFUNDED
    if payment.status == status or payment.status in {PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK}:
        payment.save(update_fields=["refunded_minor", "rewards_back_minor"])
    else:
        move(payment, status, "refunded_minor", "rewards_back_minor")
    if payment.honoured:
        payables[payment.subject_kind].refunded(payment.subject_id, amount + back, full)
        tell_refunded(payment, amount)


def _release(attempt: GatewayPayment, row: Refund) -> None:
    attempt.reserved_minor -= row.amount_minor
    attempt.save(update_fields=["reserved_minor"])


def _mark_unknown(refund_id: UUID, error: str) -> None:
    with as_system("the till gives back"):
        Refund.objects.filter(pk=refund_id, status=RefundStatus.REQUESTED).update(
            status=RefundStatus.UNKNOWN, error=error[:200]
        )


def _close_failed(refund_id: UUID, error: str) -> Refund:
    with as_system("the till gives back"):
        payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        row: Refund = Refund.objects.select_related("attempt").get(pk=refund_id)
        if states.may(states.REFUND, row.status, RefundStatus.FAILED):
            row.status, row.error = RefundStatus.FAILED, error[:200]
            row.save(update_fields=["status", "error"])
            _release(row.attempt, row)
            note(payment, "refund_failed", "api", error)
        return row
