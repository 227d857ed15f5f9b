"""The rewards of a person: an account in the books that is earned, spent, taken back, and never below zero.

What is owed to somebody stands on `rewards:<user id>` (a liability, so credits are negative there). A spend moves
it into `customer_funds` beside the money that is to come, and both are earned together when the payment settles.
The database refuses a posting that would leave an account below zero (payments/migrations/0003_rewards.py); the
lock here only makes the refusal a kind one.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from core.rls import as_system
from payments import ledger
from payments.errors import NotEnoughRewards
from payments.models import Payment
from payments.ports import SeenPayment
from payments.services.timeline import note

GATEWAY = "rewards"  # of a payment that rewards pay for entirely
COST = "expense:rewards"


def account_of(user_id: Any) -> str:
    return f"rewards:{user_id}"


def balance(user_id: Any, currency: str) -> int:
    """What a person has to spend, minor units."""
    return -ledger.balance(account_of(user_id), currency)


def alone(user_id: Any) -> None:
    """Nobody else spends from this account until the transaction ends. The trigger takes the same lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [account_of(user_id)])


def demand(user_id: Any, amount_minor: int, currency: str) -> None:
    """Lock the account. Raises NotEnoughRewards (409) when it holds less."""
    alone(user_id)
    if (held := balance(user_id, currency)) < amount_minor:
        raise NotEnoughRewards(fields={"rewards_minor": [f"You have {held}."]})


def earn(
    *,
    user_id: UUID,
    amount_minor: int,
    currency: str,
    source: object,
    kind: str = "rewards_earned",
    description: str = "",
    against: str = COST,
) -> bool:
    """Give rewards, once per (source, kind); False when they were given before. `against` is who pays for them."""
    lines = [(against, amount_minor), (account_of(user_id), -amount_minor)]
    entry = ledger.book(source=source, kind=kind, currency=currency, lines=lines, description=description)
    return entry is not None


def take(
    *, user_id: UUID, amount_minor: int, currency: str, source: object, kind: str, description: str = ""
) -> int:
    """Take rewards back, at most what is there, once per (source, kind); how many."""
    with as_system("the books are kept by the till alone"):
        alone(user_id)
        found = min(amount_minor, balance(user_id, currency))
        if found <= 0 or ledger.booked(source, kind):
            return 0
        lines = [(account_of(user_id), found), (COST, -found)]
        ledger.book(source=source, kind=kind, currency=currency, lines=lines, description=description)
        return found


# -- Of a payment that they pay a part of; called as the system, under the payment's lock


def hold(payment: Payment) -> None:
    """Take the payment's rewards from its payer. Raises NotEnoughRewards."""
    if not payment.rewards_minor or payment.rewards_held:
        return
    demand(payment.user_id, payment.rewards_minor, payment.currency)
    _book(payment, "spent", payment.rewards_minor)
    payment.rewards_held = True
    payment.save(update_fields=["rewards_held"])


def release(payment: Payment) -> None:
    """The payment came to nothing: its rewards go back whole."""
    if payment.rewards_held:
        _book(payment, "returned", -payment.rewards_minor)
        payment.rewards_held = False
        payment.save(update_fields=["rewards_held"])


def take_again(payment: Payment) -> bool:
    """Money that came late, after its rewards went back, needs them once more; False when they are spent."""
    try:
        hold(payment)
    except NotEnoughRewards:
        note(payment, "rewards_gone", "system", f"{payment.rewards_minor} {payment.currency}")
        return False
    return True


def seen(payment: Payment) -> SeenPayment:
    """A payment that is paid by rewards alone, as a gateway would show it."""
    return SeenPayment(
        id=f"rewards_{payment.pk.hex}",
        order_id="",
        status="captured",
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        method="rewards",
    )


def _book(payment: Payment, kind: str, amount_minor: int) -> None:
    """One entry a deed: a payment that came back to life spends a second time."""
    source = f"payment:{payment.pk}"
    again = "_again" if ledger.booked(source, f"rewards_{kind}") else ""
    ledger.book(
        source=source,
        kind=f"rewards_{kind}{again}",
        currency=payment.currency,
        description=payment.description,
        lines=[(account_of(payment.user_id), amount_minor), (ledger.CUSTOMER_FUNDS, -amount_minor)],
    )
