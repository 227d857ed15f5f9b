"""A tuner's money, as the books of payments know it. Minor units; a balance may be negative and is carried over."""

from typing import Any
from uuid import UUID

from core.errors import Invalid
from core.rls import as_system
from payments import ledger
from payments.models import PayoutAccount
from payments.ports import gateways
from payments.services.payouts import cleared, register_account
from tuners.services.verification import demand_verified
from users.models import User


def balances(user_id: UUID) -> list[dict[str, Any]]:
    """By currency: what is owed in all, what may be paid out now, and what still waits or is held."""
    with as_system("the books are kept by the till; the caller asks for their own account"):
        currencies = ledger.statement(user_id).order_by().values_list("currency", flat=True).distinct()
        found = []
        for currency in sorted(currencies):
            owed = -ledger.balance(f"payee:{user_id}", currency)
            free = cleared(user_id, currency)
            found.append(
                {
                    "currency": currency,
                    "balance_minor": owed,
                    "cleared_minor": free,
                    "waiting_minor": max(0, owed - free),
                }
            )
    return found


def set_payout_account(
    *, user: User, gateway: str, gateway_account_id: str, label: str = ""
) -> PayoutAccount:
    """Name the linked account that payouts go to; staff verify it first. Raises TunerNotVerified, Invalid."""
    demand_verified(user)
    way = gateways.get(gateway)
    if way is None or not way.enabled or not way.can.transfers:
        raise Invalid(fields={"gateway": ["This gateway can't pay out."]})
    return register_account(user=user, gateway=gateway, gateway_account_id=gateway_account_id, label=label)
