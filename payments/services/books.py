"""What settling, refunds and disputes share: a move of state, whose money it is, and who is told."""

from core import clock
from payments import ledger
from payments.amounts import money
from payments.models import Payment, PaymentStatus
from payments.ports import Settled, settled


def move(payment: Payment, status: PaymentStatus, *fields: str) -> None:
    """Change the state; the database refuses a step backwards."""
    payment.status = status
    payment.save(update_fields=["status", *fields])


def earnings(payment: Payment, amount_minor: int) -> list[tuple[str, int]]:
    """Whose the first `amount_minor` of this payment is: (account, amount) lines."""
    income = f"income:{payment.subject_kind}"
    if payment.payee_id is None:
        return [(income, amount_minor)]
    bps = payment.commission_bps
    theirs, ours = ledger.split(amount_minor, [ledger.WHOLE - bps, bps])
    return [(f"payee:{payment.payee_id}", theirs), (income, ours)]


def earned_by(payment: Payment) -> str:
    """What the statement of a payee says of a payment: the thing, its price, and what was kept of it."""
    if payment.payee_id is None:
        return str(payment.description)
    kept = f"commission {payment.commission_bps / 100:g} %" if payment.commission_bps else "no commission"
    return f"{payment.description} ({money(payment.worth_minor, payment.currency)}, {kept})"


def money_place(payment: Payment) -> str:
    """The account where this payment's money lies."""
    if payment.gateway == "rewards":
        return f"rewards:{payment.user_id}"
    return "cash:desk" if payment.gateway == "cash" else f"gateway:{payment.gateway}"


def unearned(payment: Payment, amount_minor: int) -> list[tuple[str, int]]:
    """What each side gives up when `amount_minor` more goes back, so that a full refund ends at zero exactly.

    Rewards that paid for a part go back to their account in proportion, in the same entry.
    """
    back = rewards_back(payment, amount_minor)
    before = earnings(payment, payment.refunded_minor + payment.rewards_back_minor)
    after = earnings(payment, payment.refunded_minor + amount_minor + payment.rewards_back_minor + back)
    lines = [(code, now - then) for (code, now), (_, then) in zip(after, before, strict=True)]
    return [*lines, (f"rewards:{payment.user_id}", -back)] if back else lines


def rewards_back(payment: Payment, amount_minor: int) -> int:
    """The rewards that go back with `amount_minor` of the money; all of them with the last of it."""
    if not payment.rewards_minor or not payment.captured_minor:
        return 0
    gone = payment.refunded_minor + amount_minor
    return payment.rewards_minor * gone // payment.captured_minor - payment.rewards_back_minor


def negative(lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(code, -amount) for code, amount in lines]


def tell_captured(payment: Payment) -> None:
    for listener in settled.values():
        listener.captured(_fact(payment, payment.captured_minor, full=True))


def tell_refunded(payment: Payment, amount_minor: int) -> None:
    for listener in settled.values():
        listener.refunded(_fact(payment, amount_minor, full=payment.left_minor == 0))


def _fact(payment: Payment, amount_minor: int, *, full: bool) -> Settled:
    return Settled(
        payment_id=payment.pk,
        payer_id=payment.user_id,
        target=payment.target,
        gateway=payment.gateway,
        amount_minor=amount_minor,
        currency=payment.currency,
        at=clock.now(),
        full=full,
    )
