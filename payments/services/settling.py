"""The one door: verify, webhook, reconcile and the cash desk all come through `settle`.

Under the lock of our payment's row: the attempt is recorded once, its amount, currency and order compared, states
move forward only, and payable, books, invoice and listeners follow in the same transaction. A repetition, at any
time and in any order, changes nothing.
"""

from dataclasses import dataclass
from typing import Any

from core import clock
from core.rls import as_system
from payments import ledger, states
from payments.errors import OrderMismatch, UnknownOrder
from payments.invoices import issue
from payments.models import GatewayPayment, GatewayPaymentStatus, Payment, PaymentStatus
from payments.models.money import OPEN
from payments.ports import SeenPayment, payables, subscribers
from payments.services import rewards
from payments.services.again import again
from payments.services.books import earned_by, earnings, money_place, move, negative, tell_captured
from payments.services.refunds import give_back
from payments.services.timeline import note

EXTRA, MISMATCH = GatewayPayment.Role.EXTRA, GatewayPayment.Role.MISMATCH
DECIDED_BY_STAFF = PaymentStatus.REVIEW


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a payment that was seen. `outcome` is one of: settled, refunding (can't be honoured),
    extra (a second capture, refunded), review, processing (authorised), failed, unchanged.
    """

    payment: Payment
    outcome: str


def settle(
    *, gateway: str, seen: SeenPayment, source: str, expected: Payment | None = None, receipt: str = ""
) -> Settlement:
    """Take note of a payment as its gateway shows it, once, whoever tells it and however often.

    `expected` is the payment that a client's result was for: another order's is refused with OrderMismatch.
    `receipt` finds the payment when its order's id never reached us. Raises UnknownOrder.
    """

    def deed() -> Settlement:
        with as_system("money is settled for all"):
            payment = _locked(gateway, seen, receipt)
            if expected is not None and payment.pk != expected.pk:
                raise OrderMismatch
            outcome = apply(payment, seen, source)
            return Settlement(payment, outcome)

    return again(deed)


def _locked(gateway: str, seen: SeenPayment, receipt: str) -> Payment:
    """Our payment, locked. An attempt that is known stays with its payment, whatever order it now names."""
    rows: Any = Payment.objects.select_for_update(no_key=True)
    known = GatewayPayment.objects.filter(gateway=gateway, gateway_payment_id=seen.id).first()
    if known:
        payment: Payment = rows.get(pk=known.payment_id)
        if seen.order_id and payment.gateway_order_id and seen.order_id != payment.gateway_order_id:
            raise OrderMismatch
        return payment
    found: Payment | None = None
    if seen.order_id:
        found = rows.filter(gateway=gateway, gateway_order_id=seen.order_id).first()
        if found is None and receipt:
            found = rows.filter(gateway=gateway, receipt=receipt, gateway_order_id=None).first()
            if found is not None:
                found.gateway_order_id = seen.order_id
                found.save(update_fields=["gateway_order_id"])
    if found is None:
        raise UnknownOrder
    return found


def apply(payment: Payment, seen: SeenPayment, source: str) -> str:
    """Under the lock of a payment that is known to be meant: what `settle` does, and its outcome."""
    status = "captured" if seen.status == "refunded" else seen.status
    attempt = GatewayPayment.objects.filter(gateway=payment.gateway, gateway_payment_id=seen.id).first()
    if attempt is None:
        attempt = GatewayPayment(
            payment=payment,
            gateway=payment.gateway,
            gateway_payment_id=seen.id,
            status=status,
            amount_minor=seen.amount_minor,
            currency=seen.currency,
            method=seen.method[:40],
            instrument=seen.instrument,
            error=seen.error[:200],
        )
    elif not states.may(states.ATTEMPT, attempt.status, status):
        return "unchanged"
    elif (attempt.amount_minor, attempt.currency) != (seen.amount_minor, seen.currency):
        attempt.amount_minor, attempt.currency = seen.amount_minor, seen.currency
    attempt.status = status
    attempt.instrument = seen.instrument or attempt.instrument
    attempt.role = _role(payment, attempt)
    attempt.save()
    note(
        payment,
        f"attempt_{status}",
        source,
        f"{seen.id} {seen.amount_minor} {seen.currency} {seen.error}".strip(),
    )
    if status == GatewayPaymentStatus.CAPTURED:
        return _captured(payment, attempt, source)
    if status == GatewayPaymentStatus.AUTHORIZED:
        return _authorized(payment, attempt, source)
    if status == GatewayPaymentStatus.FAILED and payment.status == PaymentStatus.CREATED:
        move(payment, PaymentStatus.FAILED)
        return "failed"
    return "unchanged"


def _role(payment: Payment, attempt: GatewayPayment) -> str:
    if payment.captured_minor:
        return EXTRA
    if (attempt.amount_minor, attempt.currency) != (payment.amount_minor, payment.currency):
        return MISMATCH
    return GatewayPayment.Role.SETTLES


def _authorized(payment: Payment, attempt: GatewayPayment, source: str) -> str:
    if attempt.role == MISMATCH:
        return _review(payment, "The authorised amount or currency differs from the order.", source)
    if payment.status in {PaymentStatus.CREATED, PaymentStatus.FAILED}:
        move(payment, PaymentStatus.AUTHORIZED)
        return "processing"
    return "unchanged"


def _captured(payment: Payment, attempt: GatewayPayment, source: str) -> str:
    ledger.book(
        source=f"attempt:{attempt.pk}",
        kind="received",
        currency=attempt.currency,
        description=payment.description,
        lines=[(money_place(payment), attempt.amount_minor), (ledger.CUSTOMER_FUNDS, -attempt.amount_minor)],
    )
    if attempt.role == EXTRA:
        give_back(
            payment,
            attempt,
            attempt.amount_minor,
            key=f"extra-{attempt.pk}",
            reason="Paid twice",
            counts=False,
        )
        return "extra"
    if attempt.role == MISMATCH:
        return _review(payment, "The paid amount or currency differs from the order.", source)
    if payment.status == DECIDED_BY_STAFF:
        note(payment, "waits_for_decision", source, attempt.gateway_payment_id)
        return "review"
    return grant(payment, attempt, source)


def grant(payment: Payment, attempt: GatewayPayment, source: str, *, take: bool = True) -> str:
    """The money is complete: ask the payable, then book it as earned, or give it back.

    `take` False: `captured_minor` counts the money already (the cash desk took it in parts).
    """
    if take:
        payment.captured_minor = attempt.amount_minor
    payment.captured_at = clock.now()
    payment.next_check_at = None
    payment.review_reason = ""
    move(payment, PaymentStatus.CAPTURED, "captured_minor", "captured_at", "next_check_at", "review_reason")
    payment.honoured = rewards.take_again(payment) and _ask(payment)
    payment.save(update_fields=["honoured"])
    if not payment.honoured:
        note(payment, "not_honoured", source)
        rewards.release(payment)
        give_back(
            payment,
            attempt,
            payment.captured_minor,
            key=f"late-{payment.pk}",
            reason="Could not be honoured any more",
        )
        return "refunding"
    ledger.book(
        source=f"payment:{payment.pk}",
        kind="earned",
        currency=payment.currency,
        description=earned_by(payment),
        lines=[
            (ledger.CUSTOMER_FUNDS, payment.worth_minor),
            *negative(earnings(payment, payment.worth_minor)),
        ],
    )
    issue(payment)
    note(payment, "settled", source)
    tell_captured(payment)
    return "settled"


def _ask(payment: Payment) -> bool:
    """Can it be honoured? A period of a subscription is asked of its subscriber."""
    subscription = payment.subscription
    if subscription is not None:
        plug = subscribers[payment.subject_kind]
        return plug.charged(payment.subject_id, payment.pk, subscription.period_end)
    return payables[payment.subject_kind].paid(payment.subject_id)


def _review(payment: Payment, reason: str, source: str) -> str:
    """Money that doesn't fit its order: a person decides. A payment that is already paid stays as it is."""
    if payment.status not in {*OPEN, PaymentStatus.EXPIRED}:
        return "review"
    payment.review_reason = reason
    move(payment, PaymentStatus.REVIEW, "review_reason")
    note(payment, "review", source, reason)
    return "review"
