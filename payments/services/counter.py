"""The cash desk and the review desk: deeds of named staff."""

from typing import Any

from core import audit
from core.ids import uuid7
from core.rls import as_system
from payments import ledger
from payments.errors import CashTooMuch, NotACashPayment, NotInReview, PaymentClosed
from payments.models import GatewayPayment, GatewayPaymentStatus, Payment, PaymentStatus
from payments.models.money import OPEN
from payments.services import rewards
from payments.services.again import again
from payments.services.books import move
from payments.services.refunds import give_back
from payments.services.settling import grant
from payments.services.timeline import note
from users.models import User


def collect_cash(*, payment: Payment, amount_minor: int, by: User | None, key: str | None = None) -> Payment:
    """Take cash for a payment, all or a part; the part that completes it settles it. Once per `key`.

    Raises NotACashPayment, CashTooMuch (more than is due), PaymentClosed.
    """

    def deed() -> Payment:
        with as_system("the cash desk takes for all"):
            locked: Payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
            if locked.gateway != "cash":
                raise NotACashPayment
            source = f"cash:{key or uuid7()}"
            if ledger.booked(source, "received"):
                return locked
            if locked.status not in {*OPEN, PaymentStatus.EXPIRED}:
                raise PaymentClosed
            due = locked.amount_minor - locked.captured_minor
            if not 0 < amount_minor <= due:
                raise CashTooMuch(fields={"amount_minor": [f"{due} is due."]})
            _take(locked, amount_minor, source, by)
            return locked

    return again(deed)


def _take(payment: Payment, amount_minor: int, source: str, by: User | None) -> None:
    actor = by.pk if by else None
    attempt = GatewayPayment.objects.filter(payment=payment).first() or GatewayPayment(
        payment=payment,
        gateway="cash",
        gateway_payment_id=f"cash_{payment.pk.hex}",
        status=GatewayPaymentStatus.AUTHORIZED,
        amount_minor=0,
        currency=payment.currency,
        method="cash",
    )
    attempt.amount_minor += amount_minor
    payment.captured_minor += amount_minor
    complete = payment.captured_minor == payment.amount_minor
    if complete:
        attempt.status = GatewayPaymentStatus.CAPTURED
    attempt.save()
    payment.save(update_fields=["captured_minor"])
    ledger.book(
        source=source,
        kind="received",
        currency=payment.currency,
        description=payment.description,
        lines=[("cash:desk", amount_minor), (ledger.CUSTOMER_FUNDS, -amount_minor)],
    )
    note(payment, "cash_collected", "staff", f"{amount_minor} {payment.currency}", actor=actor)
    audit.record("payments.cash_collected", actor=actor, target=payment.pk, amount_minor=amount_minor)
    if complete:
        grant(payment, attempt, "staff", take=False)


def accept(*, payment: Payment, by: User, reason: str) -> Payment:
    """A payment in review is good: its money settles it, as far as it covers the order. Raises NotInReview.

    Only money in the order's currency and of at least its amount can be accepted; what is above goes back.
    """
    with as_system("staff decides for all"):
        locked: Payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        attempt = _captured_attempt(locked)
        if locked.status != PaymentStatus.REVIEW or attempt is None:
            raise NotInReview
        attempt.role = GatewayPayment.Role.SETTLES
        attempt.save(update_fields=["role"])
        note(locked, "accepted", "staff", reason, actor=by.pk)
        audit.record("payments.review_accepted", actor=by.pk, target=locked.pk, reason=reason)
        locked.captured_minor = locked.amount_minor
        above = attempt.amount_minor - locked.amount_minor
        grant(locked, attempt, "staff", take=False)
        if above:
            _return(locked, attempt, above, key=f"above-{attempt.pk}", reason="More than the order", by=by)
        for other in GatewayPayment.objects.filter(payment=locked, status=GatewayPaymentStatus.CAPTURED):
            if other.pk != attempt.pk:
                left = other.amount_minor - other.reserved_minor
                _return(locked, other, left, key=f"extra-{other.pk}", reason="Paid twice", by=by)
        return locked


def reject(*, payment: Payment, by: User, reason: str) -> Payment:
    """A payment in review is not good: all that came for it goes back, and it is closed. Raises NotInReview."""
    with as_system("staff decides for all"):
        locked: Payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if locked.status != PaymentStatus.REVIEW:
            raise NotInReview
        move(locked, PaymentStatus.EXPIRED)
        rewards.release(locked)
        note(locked, "rejected", "staff", reason, actor=by.pk)
        audit.record("payments.review_rejected", actor=by.pk, target=locked.pk, reason=reason)
        for attempt in GatewayPayment.objects.filter(payment=locked, status=GatewayPaymentStatus.CAPTURED):
            left = attempt.amount_minor - attempt.reserved_minor
            _return(locked, attempt, left, key=f"rejected-{attempt.pk}", reason=reason, by=by)
        return locked


def _return(
    payment: Payment, attempt: GatewayPayment, amount: int, *, key: str, reason: str, by: User
) -> None:
    """Give back money that never was the order's own."""
    if amount > 0:
        give_back(payment, attempt, amount, key=key, reason=reason, by=by, counts=False)


def _captured_attempt(payment: Payment) -> GatewayPayment | None:
    """The money that can settle the order: its currency, enough of it, nothing given back yet."""
    rows: Any = GatewayPayment.objects.filter(
        payment=payment,
        status=GatewayPaymentStatus.CAPTURED,
        currency=payment.currency,
        amount_minor__gte=payment.amount_minor,
        reserved_minor=0,
    )
    found: GatewayPayment | None = rows.order_by("amount_minor", "created_at").first()
    return found
