"""Payouts: what a payee has earned, and what has cleared of it, goes to their linked account.

Earnings clear when the refund window is over. Refunds and chargebacks count at once, disputes and refunds under
way hold back what they may cost. A payee whose balance is negative gets nothing until it is positive again.
"""

import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum

from core import audit, clock
from core.ids import uuid7
from core.rls import as_system
from payments import ledger, states
from payments.errors import GatewayDeclined, GatewayUnavailable, NotSupported, UnknownOrder
from payments.jobs import enqueue
from payments.models import Payment, PaymentStatus, Payout, PayoutAccount, PayoutStatus, Posting, Refund
from payments.outside import gateway_named
from payments.ports import Gateway, SeenTransfer, TransferGateway, gateways
from payments.services.again import again
from payments.services.books import earnings, rewards_back
from payments.states import UNDER_WAY
from users.models import User


def cleared(user_id: UUID, currency: str) -> int:
    """What may be paid out now, minor units; never negative."""
    code = f"payee:{user_id}"
    cleared_by = clock.now() - settings.REFUND_WINDOW
    rows = Posting.objects.filter(account__code=code, currency=currency)
    came_back = Q(entry__source__startswith="payout:")  # it had cleared once
    counted = rows.filter(Q(amount_minor__gt=0) | Q(entry__at__lte=cleared_by) | came_back)
    owed = -int(counted.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    return max(0, owed - held(user_id, currency))


def register_account(*, user: User, gateway: str, gateway_account_id: str, label: str = "") -> PayoutAccount:
    """A payee names the linked account that their money shall go to; staff verify it before anything goes there."""
    with as_system("payout accounts are written by the till alone"):
        alone(user.pk)
        now = clock.now()
        PayoutAccount.objects.filter(user=user, deleted_at=None).update(deleted_at=now)
        made: PayoutAccount = PayoutAccount.objects.create(
            user=user, gateway=gateway, gateway_account_id=gateway_account_id, label=label[:80]
        )
        return made


def verify_account(account: PayoutAccount, *, by: User) -> None:
    """Staff have checked whose account it is."""
    with as_system("staff acts for all"):
        PayoutAccount.objects.filter(pk=account.pk, verified_at=None).update(verified_at=clock.now())
        audit.record("payments.payout_account_verified", actor=by.pk, target=account.pk)


def schedule(account: PayoutAccount, currency: str) -> Payout | None:
    """Schedule all that has cleared for one account; None when that is nothing, or less than the gateway moves."""
    way = gateways[account.gateway]
    with as_system("payouts are for all payees"):
        alone(account.user_id)
        amount = cleared(account.user_id, currency)
        if amount < max(1, way.can.minimums.get(currency, 1)) or account.verified_at is None:
            return None
        key = f"payout-{uuid7()}"
        payout: Payout = Payout.objects.create(
            user_id=account.user_id, account=account, amount_minor=amount, currency=currency, key=key
        )
        _book(payout, "scheduled", [(f"payee:{payout.user_id}", amount), (_under_way(payout), -amount)])
        enqueue("send_payout", payout_id=str(payout.pk))
        return payout


def schedule_all() -> int:
    """One payout for each verified account and currency with cleared earnings; how many."""
    with as_system("payouts are for all payees"):
        accounts: list[PayoutAccount] = [
            account
            for account in PayoutAccount.objects.filter(deleted_at=None, verified_at__isnull=False)
            if gateways[account.gateway].enabled and gateways[account.gateway].can.transfers
        ]
        wanted = [
            (account, currency)
            for account in accounts
            for currency in Posting.objects.filter(account__code=f"payee:{account.user_id}")
            .values_list("currency", flat=True)
            .distinct()
        ]
    return sum(schedule(account, currency) is not None for account, currency in wanted)


def send(payout_id: UUID) -> Payout:
    """Send a payout, outside transactions. After an unknown outcome it is looked for before it is sent again.

    Raises GatewayUnavailable when it has to be tried again.
    """
    with as_system("payouts are for all payees"):
        row: Payout = Payout.objects.select_related("account").get(pk=payout_id)
        if row.status not in {PayoutStatus.SCHEDULED, PayoutStatus.PROCESSING}:
            return row
        again_sent = row.status == PayoutStatus.PROCESSING
        if not again_sent:
            row.status = PayoutStatus.PROCESSING
            row.save(update_fields=["status"])
    service = transfers_of(gateway_named(row.account.gateway))
    try:
        seen = service.find_transfer(row.key) if again_sent else None
        seen = seen or service.transfer(
            account_id=row.account.gateway_account_id,
            amount_minor=row.amount_minor,
            currency=row.currency,
            key=row.key,
        )
    except GatewayDeclined as problem:
        seen = SeenTransfer("", row.amount_minor, row.currency, "failed", row.key, problem.text)
    return settle_transfer(gateway=row.account.gateway, seen=seen)


def settle_transfer(*, gateway: str, seen: SeenTransfer) -> Payout:
    """Take note of a transfer as its gateway shows it, once. Raises UnknownOrder when it is not ours."""

    def deed() -> Payout:
        with as_system("money is settled for all"):
            rows: Any = Payout.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
            row: Payout | None = (
                rows.filter(account__gateway=gateway, key=seen.key).first() if seen.key else None
            )
            if row is None and seen.id:
                row = rows.filter(account__gateway=gateway, gateway_transfer_id=seen.id).first()
            if row is None:
                raise UnknownOrder
            _apply(row, seen)
            return row

    return again(deed)


def resume() -> int:
    """Payouts that hang since their job gave up; how many were settled."""
    with as_system("payouts are for all payees"):
        hanging = list(Payout.objects.filter(status=PayoutStatus.PROCESSING).values_list("pk", flat=True))
    done = 0
    for payout_id in hanging:
        try:
            done += send(payout_id).status == PayoutStatus.PAID
        except GatewayUnavailable:
            return done
    return done


def held(user_id: UUID, currency: str, *, but: UUID | None = None) -> int:
    """What open disputes and refunds under way (`but` one of them) may still cost this payee, minor units."""
    disputed = Payment.objects.filter(
        payee_id=user_id, currency=currency, status=PaymentStatus.DISPUTED, honoured=True
    )
    refunds = Refund.objects.filter(
        payment__payee_id=user_id, payment__honoured=True, currency=currency, status__in=UNDER_WAY
    ).select_related("payment")
    at_stake = [(payment, payment.worth_left_minor) for payment in disputed]
    at_stake += [
        (row.payment, row.amount_minor + rewards_back(row.payment, row.amount_minor))
        for row in refunds
        if row.pk != but and row.payment.status != PaymentStatus.DISPUTED
    ]
    mine = f"payee:{user_id}"
    return sum(dict(earnings(payment, amount)).get(mine, 0) for payment, amount in at_stake)


def alone(user_id: UUID) -> None:
    """One payout of a payee at a time, until the transaction ends."""
    digest = hashlib.sha256(f"payout:{user_id}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def transfers_of(way: Gateway) -> TransferGateway:
    """The gateway as one that moves money to payees. Raises NotSupported."""
    service: object = way
    if not way.can.transfers or not isinstance(service, TransferGateway):
        raise NotSupported
    return service


# -- Inside


def _apply(row: Payout, seen: SeenTransfer) -> None:
    if seen.id and not row.gateway_transfer_id:
        row.gateway_transfer_id = seen.id
        row.save(update_fields=["gateway_transfer_id"])
    status = {"processed": PayoutStatus.PAID, "failed": PayoutStatus.FAILED}.get(seen.status)
    if status is None or not states.may(states.PAYOUT, row.status, status):
        return
    row.status, row.error = status, seen.error[:200]
    amount = row.amount_minor
    if status == PayoutStatus.PAID:
        row.paid_at = clock.now()
        _book(row, "paid", [(_under_way(row), amount), (f"gateway:{row.account.gateway}", -amount)])
    else:
        _book(row, "failed", [(_under_way(row), amount), (f"payee:{row.user_id}", -amount)])
    row.save(update_fields=["status", "error", "paid_at"])


def _book(payout: Payout, kind: str, lines: list[tuple[str, int]]) -> None:
    ledger.book(
        source=f"payout:{payout.pk}", kind=kind, currency=payout.currency, lines=lines, description="Payout"
    )


def _under_way(payout: Payout) -> str:
    return f"payouts:{payout.account.gateway}"
