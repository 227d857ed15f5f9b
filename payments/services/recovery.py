"""Payouts that come back.

Before money goes back to a customer, what its payee can't cover from their balance is fetched from payouts that they
already got. What a gateway refuses stays owed: the balance turns negative, and later earnings cover it first.
"""

from typing import Any
from uuid import UUID

from django.db.models import Sum

from core import audit
from core.ids import uuid7
from core.rls import as_system
from payments import ledger
from payments.errors import GatewayDeclined, GatewayUnavailable, PaymentClosed
from payments.jobs import enqueue
from payments.models import Payout, PayoutReversal, PayoutStatus, Posting, Refund
from payments.outside import gateway_named
from payments.ports import gateways
from payments.services.books import unearned
from payments.services.payouts import alone, held, transfers_of
from users.models import User


def fetch_back(refund: Refund) -> None:
    """Fetch what this refund's payee lacks, once; call it outside transactions, before the refund is sent.

    Raises GatewayUnavailable when it has to be tried again.
    """
    if refund.counts and refund.payment.honoured and refund.payment.payee_id is not None:
        for reversal in _planned(refund, refund.payment.payee_id):
            _send(reversal)


def reverse(payout: Payout, *, by: User, reason: str) -> PayoutReversal:
    """Staff ask for all that is left of a paid payout; a job sends it. Raises PaymentClosed when nothing is left."""
    with as_system("staff acts for all"):
        row = _locked(payout.pk)
        if row.status != PayoutStatus.PAID or row.left_minor == 0:
            raise PaymentClosed
        made = _reserve(row, row.left_minor, key=f"reverse-{uuid7()}", reason=reason)
        audit.record("payments.payout_reversed", actor=by.pk, target=row.pk, reason=reason)
        enqueue("send_reversal", reversal_id=str(made.pk))
        return made


def send(reversal_id: UUID) -> PayoutReversal:
    """Ask the gateway for the money, outside transactions. Raises GatewayUnavailable when it has to be tried again."""
    with as_system("staff acts for all"):
        row = PayoutReversal.objects.select_related("payout__account").get(pk=reversal_id)
    return _send(row) if row.status == PayoutReversal.Status.REQUESTED else row


def resume() -> int:
    """Reversals without an answer are asked for again; how many have one now."""
    with as_system("payouts are for all payees"):
        waiting = list(
            PayoutReversal.objects.filter(status=PayoutReversal.Status.REQUESTED).select_related(
                "payout__account"
            )
        )
    done = 0
    for reversal in waiting:
        try:
            _send(reversal)
        except GatewayUnavailable:
            return done
        done += 1
    return done


# -- Inside


def _planned(refund: Refund, payee: UUID) -> list[PayoutReversal]:
    """The reversals of this refund that wait for an answer; planned once, under the payee's lock."""
    with as_system("payouts are for all payees"):
        alone(payee)
        known = PayoutReversal.objects.filter(refund=refund).select_related("payout__account")
        if not known:
            _plan(refund, payee)
        return [row for row in known.all() if row.status == PayoutReversal.Status.REQUESTED]


def _plan(refund: Refund, payee: UUID) -> None:
    """The newest payouts first: the least of them has been spent."""
    short = _short(refund, payee)
    payouts: Any = Payout.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    for payout in payouts.filter(user_id=payee, currency=refund.currency, status=PayoutStatus.PAID).order_by(
        "-paid_at", "-id"
    ):
        amount = min(short, payout.left_minor)
        if amount > 0 and gateways[payout.account.gateway].can.transfers:
            _reserve(
                payout, amount, key=f"fetch-{refund.pk}-{payout.pk}", reason=refund.reason, refund=refund
            )
            short -= amount


def _short(refund: Refund, payee: UUID) -> int:
    """Minor units of this refund that its payee's balance will not cover, after what others may still cost."""
    part = dict(unearned(refund.payment, refund.amount_minor)).get(f"payee:{payee}", 0)
    booked = Posting.objects.filter(account__code=f"payee:{payee}", currency=refund.currency)
    coming = PayoutReversal.objects.filter(
        payout__user_id=payee, payout__currency=refund.currency, status=PayoutReversal.Status.REQUESTED
    )
    balance = -_sum(booked) + _sum(coming) - held(payee, refund.currency, but=refund.pk)
    return max(0, min(part, part - balance))


def _sum(rows: Any) -> int:
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def _reserve(
    payout: Payout, amount: int, *, key: str, reason: str, refund: Refund | None = None
) -> PayoutReversal:
    """Under the payout's lock: what is on its way back can't be fetched twice."""
    payout.reversed_minor += amount
    payout.save(update_fields=["reversed_minor"])
    made: PayoutReversal = PayoutReversal.objects.create(
        payout=payout, refund=refund, amount_minor=amount, key=key, reason=reason[:200]
    )
    return made


def _send(reversal: PayoutReversal) -> PayoutReversal:
    """Looked for before it is asked for: the answer to an earlier try may have been lost."""
    payout = reversal.payout
    service = transfers_of(gateway_named(payout.account.gateway))
    try:
        seen = service.find_reversal(payout.gateway_transfer_id, reversal.key) or service.reverse(
            payout.gateway_transfer_id, amount_minor=reversal.amount_minor, key=reversal.key
        )
    except GatewayDeclined as problem:
        return _settle(reversal, PayoutReversal.Status.FAILED, error=problem.text)
    return _settle(reversal, PayoutReversal.Status.PROCESSED, gateway_id=seen.id)


def _settle(
    reversal: PayoutReversal, status: str, *, gateway_id: str = "", error: str = ""
) -> PayoutReversal:
    """Book the answer, once."""
    with as_system("money is settled for all"):
        payout = _locked(reversal.payout_id)
        row: PayoutReversal = PayoutReversal.objects.get(pk=reversal.pk)
        if row.status != PayoutReversal.Status.REQUESTED:
            return row
        row.status, row.gateway_reversal_id, row.error = status, gateway_id, error[:200]
        row.save(update_fields=["status", "gateway_reversal_id", "error"])
        row.payout = payout
        if status == PayoutReversal.Status.PROCESSED:
            _came_back(payout, row)
        else:
            payout.reversed_minor -= row.amount_minor
            payout.save(update_fields=["reversed_minor"])
        return row


def _came_back(payout: Payout, row: PayoutReversal) -> None:
    ledger.book(
        source=f"payout:{payout.pk}",
        kind=f"back {row.pk.hex}",
        currency=payout.currency,
        lines=[
            (f"gateway:{payout.account.gateway}", row.amount_minor),
            (f"payee:{payout.user_id}", -row.amount_minor),
        ],
        description="Payout that came back",
    )
    waiting = payout.reversals.filter(status=PayoutReversal.Status.REQUESTED)
    if payout.left_minor == 0 and not waiting.exists():
        payout.status, payout.error = PayoutStatus.REVERSED, row.reason
        payout.save(update_fields=["status", "error"])


def _locked(payout_id: UUID) -> Payout:
    rows: Any = Payout.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    found: Payout = rows.get(pk=payout_id)
    return found
