"""Chargebacks: the right is suspended while the bank decides, and ends when it decides against us."""

from typing import Any

from core import clock
from core.rls import as_system
from payments import ledger
from payments.errors import UnknownOrder
from payments.models import Dispute, DisputeStatus, GatewayPayment, Payment, PaymentStatus
from payments.models.money import PAID
from payments.ports import SeenDispute, payables
from payments.services.again import again
from payments.services.books import money_place, move, rewards_back, tell_refunded, unearned
from payments.services.timeline import note

PHASES = {
    "created": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "closed": DisputeStatus.CLOSED,
}


def settle_dispute(*, gateway: str, seen: SeenDispute, source: str) -> Dispute:
    """Take note of a dispute, once per phase; an end that comes before its beginning counts as both.

    Raises UnknownOrder when its payment is not ours.
    """

    def deed() -> Dispute:
        with as_system("money is settled for all"):
            attempt = GatewayPayment.objects.filter(
                gateway=gateway, gateway_payment_id=seen.payment_id
            ).first()
            if attempt is None:
                raise UnknownOrder
            payment = Payment.objects.select_for_update(no_key=True).get(pk=attempt.payment_id)
            attempt.refresh_from_db()
            dispute = _opened(payment, attempt, seen, source)
            phase = PHASES[seen.phase]
            if dispute.status == DisputeStatus.OPEN and phase != DisputeStatus.OPEN:
                _end(payment, attempt, dispute, phase, source)
            return dispute

    return again(deed)


def _opened(payment: Payment, attempt: GatewayPayment, seen: SeenDispute, source: str) -> Dispute:
    rows: Any = Dispute.objects
    dispute, fresh = rows.get_or_create(
        gateway=attempt.gateway,
        gateway_dispute_id=seen.id,
        defaults={
            "payment": payment,
            "amount_minor": seen.amount_minor,
            "currency": seen.currency,
            "reason": seen.reason[:200],
        },
    )
    if fresh:
        note(payment, "dispute_opened", source, f"{seen.amount_minor} {seen.currency} {seen.reason}".strip())
        if payment.status in PAID and attempt.role == GatewayPayment.Role.SETTLES:
            move(payment, PaymentStatus.DISPUTED)
            if payment.honoured:
                payables[payment.subject_kind].disputed(payment.subject_id, True)
    return dispute  # type: ignore[no-any-return]


def _end(
    payment: Payment, attempt: GatewayPayment, dispute: Dispute, phase: DisputeStatus, source: str
) -> None:
    dispute.status, dispute.ended_at = phase, clock.now()
    dispute.save(update_fields=["status", "ended_at"])
    note(payment, f"dispute_{phase}", source, f"{dispute.amount_minor} {dispute.currency}")
    if phase == DisputeStatus.LOST:
        _lost(payment, attempt, dispute)
    elif payment.status == PaymentStatus.DISPUTED and not _others_open(payment, dispute):
        move(payment, _as_before(payment))
        if payment.honoured:
            payables[payment.subject_kind].disputed(payment.subject_id, False)


def _lost(payment: Payment, attempt: GatewayPayment, dispute: Dispute) -> None:
    """The bank took the money: booked like a refund, as far as there is something left."""
    if attempt.role != GatewayPayment.Role.SETTLES:
        note(payment, "needs_a_look", "webhook", "A chargeback of money that didn't settle the order.")
        return
    amount = min(dispute.amount_minor, payment.left_minor)
    back = rewards_back(payment, amount) if payment.honoured else 0
    attempt.reserved_minor = min(attempt.amount_minor, attempt.reserved_minor + amount)
    attempt.save(update_fields=["reserved_minor"])
    if amount:
        ledger.book(
            source=f"dispute:{dispute.pk}",
            kind="charged_back",
            currency=payment.currency,
            description=dispute.reason or "Chargeback",
            lines=[
                *(unearned(payment, amount) if payment.honoured else [(ledger.CUSTOMER_FUNDS, amount)]),
                (money_place(payment), -amount),
            ],
        )
        payment.refunded_minor += amount
        payment.rewards_back_minor += back
        payment.save(update_fields=["refunded_minor", "rewards_back_minor"])
    full = payment.left_minor == 0
    if payment.status == PaymentStatus.DISPUTED and (full or not _others_open(payment, dispute)):
        move(payment, PaymentStatus.CHARGED_BACK if full else _as_before(payment))
    if payment.honoured and amount:
        plug = payables[payment.subject_kind]
        plug.refunded(payment.subject_id, amount + back, full)
        if not full:
            plug.disputed(payment.subject_id, False)
        tell_refunded(payment, amount)


def _others_open(payment: Payment, dispute: Dispute) -> bool:
    rows: Any = Dispute.objects.filter(payment=payment, status=DisputeStatus.OPEN)
    return bool(rows.exclude(pk=dispute.pk).exists())


def _as_before(payment: Payment) -> PaymentStatus:
    if payment.left_minor == 0:
        return PaymentStatus.REFUNDED
    return PaymentStatus.PARTIALLY_REFUNDED if payment.refunded_minor else PaymentStatus.CAPTURED
