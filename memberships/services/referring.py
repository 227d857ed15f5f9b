"""Referrals: applied by the newcomer, qualified by a first payment, credited when it can't go back any more.

pending -> qualified -> credited -> reversed;  pending, qualified -> rejected (with reasons)
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from core import audit, clock
from core.notes import notify
from core.rls import as_system
from memberships.errors import (
    AlreadyReferred,
    CodeExpired,
    CodeUnknown,
    OwnCode,
    ReferralDecided,
    TooLateForCode,
)
from memberships.models import GrantReason, Referral, ReferralCode, ReferralStatus
from memberships.services.codes import normal
from memberships.services.fraud import refresh_signals, suspicions
from memberships.services.giving import give, take_back
from payments.models import Payment
from payments.ports import Settled
from users.models import User

BATCH = 200


def find_code(text: str) -> ReferralCode:
    """The code, whose it is and whether it holds. Raises CodeUnknown (404), CodeExpired (409)."""
    with as_system("a code is known by whoever was given it"):
        row: ReferralCode | None = (
            ReferralCode.objects.select_related("user").filter(code=normal(text), deleted_at=None).first()
        )
    if row is None or row.user.deleted_at is not None or not row.user.is_active:
        raise CodeUnknown
    if not row.active or (row.expires_at is not None and row.expires_at <= clock.now()):
        raise CodeExpired
    return row


def apply_code(*, user: User, text: str) -> Referral:
    """A newcomer says whose code brought them; once in a life. A referral that breaks a rule is kept, rejected.

    Raises CodeUnknown (404), CodeExpired, OwnCode, AlreadyReferred, TooLateForCode (409).
    """
    code = find_code(text)
    if code.user_id == user.pk:
        raise OwnCode
    with as_system("a referral belongs to two people"):
        if Referral.objects.filter(referred=user).exists():
            raise AlreadyReferred
        old = clock.now() - user.created_at > timedelta(days=settings.REFERRAL_DAYS)
        if old or Payment.objects.filter(user=user, captured_at__isnull=False).exists():
            raise TooLateForCode
        row = Referral(referrer=code.user, referred=user, code=code, code_text=code.code)
        refresh_signals(row)
        if reasons := suspicions(row):
            row.status, row.reasons, row.ended_at = ReferralStatus.REJECTED, reasons, clock.now()
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise AlreadyReferred from None
        audit.record("referral.apply", actor=user.pk, target=row.pk, outcome=row.status, reasons=row.reasons)
        return row


def qualify(fact: Settled) -> None:
    """A payment was captured: is it the first of somebody who was referred? In the settling transaction."""
    if fact.payer_id is None or fact.gateway == "rewards":
        return
    with as_system("the till settles for all"):
        row = _of(status=ReferralStatus.PENDING, referred_id=fact.payer_id)
        if row is None or fact.currency != settings.REWARDS_CURRENCY:
            return
        if fact.amount_minor < settings.REFERRAL_MINIMUM_MINOR:
            return
        row.payment_id, row.qualified_at = fact.payment_id, fact.at
        row.credit_after = fact.at + settings.REFUND_WINDOW
        judge(row)


def judge(row: Referral) -> None:
    """Qualified, or rejected with the reasons; under the referral's lock, as the system.

    One friend of a referrer at a time: two at once must not pass a cap together.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"referrer:{row.referrer_id}"]
        )
    refresh_signals(row)
    reasons = suspicions(row, payment_id=row.payment_id)
    if reasons:
        reject_row(row, reasons)
        return
    row.status = ReferralStatus.QUALIFIED
    row.save()
    notify(
        row.referrer_id, "referral_qualified", "Your friend is in", "Your reward follows.", referral_id=row.pk
    )


def reject_row(row: Referral, reasons: list[str], *, note: str = "", by: UUID | None = None) -> None:
    row.status, row.reasons, row.ended_at = ReferralStatus.REJECTED, reasons, clock.now()
    row.note, row.judged_by_id = note, by
    row.save()
    audit.record("referral.rejected", actor=by, target=row.pk, reasons=reasons, note=note)


def refunded(fact: Settled) -> None:
    """All of a payment went back: what it had qualified is undone. In the settling transaction."""
    if not fact.full:
        return
    with as_system("the till settles for all"):
        row = _of(payment_id=fact.payment_id)
        if row is None:
            return
        if row.status == ReferralStatus.QUALIFIED:
            reject_row(row, ["refunded"])
        elif row.status == ReferralStatus.CREDITED:
            undo_credit(row, ["refunded"])


def undo_credit(row: Referral, reasons: list[str], *, note: str = "", by: UUID | None = None) -> None:
    """What was credited is taken back, as far as it is still there; under the referral's lock."""
    taken = sum(take_back(source) for source in sources(row))
    row.status, row.reasons, row.ended_at = ReferralStatus.REVERSED, reasons, clock.now()
    row.note, row.judged_by_id = note, by
    row.save()
    audit.record("referral.reversed", actor=by, target=row.pk, reasons=reasons, taken_minor=taken)


def credit_due() -> int:
    """Qualified referrals whose payment can't go back any more are credited, both people; how many."""
    with as_system("credits are for all"):
        due = list(
            Referral.objects.filter(status=ReferralStatus.QUALIFIED, credit_after__lte=clock.now())
            .order_by("credit_after")
            .values_list("pk", flat=True)[:BATCH]
        )
    return sum(_credit(referral_id) for referral_id in due)


def _credit(referral_id: UUID) -> bool:
    with as_system("credits are for all"):
        row = _of(pk=referral_id, status=ReferralStatus.QUALIFIED)
        if row is None:
            return False
        payment = Payment.objects.filter(pk=row.payment_id or referral_id).first()
        if payment is None or payment.left_minor <= 0:
            reject_row(row, ["refunded"])
            return False
        to_referrer, to_referred = sources(row)
        give(
            user_id=row.referrer_id,
            reason=GrantReason.REFERRER,
            amount_minor=settings.REFERRER_REWARD_MINOR,
            source=to_referrer,
        )
        give(
            user_id=row.referred_id,
            reason=GrantReason.REFERRED,
            amount_minor=settings.REFERRED_REWARD_MINOR,
            source=to_referred,
        )
        row.status, row.credited_at = ReferralStatus.CREDITED, clock.now()
        row.save()
        audit.record("referral.credited", target=row.pk)
        return True


def sources(row: Referral) -> tuple[str, str]:
    """Of the grants to the referrer and to the newcomer."""
    return f"referral:{row.pk}:referrer", f"referral:{row.pk}:referred"


# -- Staff


def approve(*, referral_id: UUID, note: str, by: User) -> Referral:
    """A rejected referral is good after all: it waits for a payment, or for its credit. Raises ReferralDecided."""
    with as_system("staff decide for all"):
        row = _of(pk=referral_id, status=ReferralStatus.REJECTED)
        if row is None:
            raise ReferralDecided
        row.status = ReferralStatus.QUALIFIED if row.payment_id else ReferralStatus.PENDING
        row.reasons, row.ended_at, row.note, row.judged_by = [], None, note, by
        row.save()
        audit.record("referral.approved", actor=by.pk, target=row.pk, note=note)
        return row


def reject(*, referral_id: UUID, note: str, by: User) -> Referral:
    """A referral is not good; what was credited is taken back. Raises ReferralDecided."""
    with as_system("staff decide for all"):
        row = _of(pk=referral_id)
        if row is None or row.status == ReferralStatus.REVERSED:
            raise ReferralDecided
        if row.status == ReferralStatus.CREDITED:
            undo_credit(row, ["staff"], note=note, by=by.pk)
        elif row.status == ReferralStatus.REJECTED:  # the house was right: it leaves the queue
            row.note, row.judged_by = note, by
            row.save()
            audit.record("referral.rejected", actor=by.pk, target=row.pk, reasons=row.reasons, note=note)
        else:
            reject_row(row, ["staff"], note=note, by=by.pk)
        return row


def _of(**wanted: Any) -> Referral | None:
    """One referral, locked."""
    rows = Referral.objects.select_related("referrer", "referred").filter(**wanted)
    found: Referral | None = rows.select_for_update(of=("self",), no_key=True).first()
    return found
