"""Rewards are given for reasons, for a time; the balance is the ledger's."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from core import audit, clock
from core.notes import notify
from core.rls import as_system
from memberships.models import GrantReason, RewardGrant
from payments.amounts import money
from payments.models import Posting
from payments.services import rewards
from users.models import User

BATCH = 500
EXPIRED, REVERSED = "rewards_expired", "rewards_reversed"


def give(
    *, user_id: UUID, reason: GrantReason, amount_minor: int, source: str, note: str = ""
) -> RewardGrant | None:
    """Rewards for a person, once per source, to be spent within REWARDS_LIFETIME; None when they were given before."""
    with as_system("rewards are given by the house"):
        if amount_minor <= 0 or RewardGrant.objects.filter(source=source).exists():
            return None
        made: RewardGrant = RewardGrant.objects.create(
            user_id=user_id,
            reason=reason,
            amount_minor=amount_minor,
            currency=settings.REWARDS_CURRENCY,
            source=source,
            note=note[:200],
            expires_at=clock.now() + settings.REWARDS_LIFETIME,
        )
        rewards.earn(
            user_id=user_id,
            amount_minor=amount_minor,
            currency=made.currency,
            source=f"grant:{made.pk}",
            description=made.get_reason_display(),
        )
        worth = money(amount_minor, made.currency)
        notify(user_id, "rewards_earned", f"{worth} in rewards", made.get_reason_display(), grant_id=made.pk)
        return made


def give_goodwill(*, user: User, amount_minor: int, note: str, key: str, by: User) -> RewardGrant | None:
    """By staff, with a word why; once per key."""
    with as_system("staff give for the house"):
        made = give(
            user_id=user.pk,
            reason=GrantReason.GOODWILL,
            amount_minor=amount_minor,
            source=f"goodwill:{key}",
            note=note,
        )
        if made is not None:
            audit.record(
                "rewards.goodwill", actor=by.pk, target=made.pk, amount_minor=amount_minor, note=note
            )
        return made


def take_back(source: str) -> int:
    """What a grant gave is taken back, as far as it is still there; how much, minor units."""
    with as_system("rewards are taken by the house"):
        row = RewardGrant.objects.select_for_update().filter(source=source, closed_at=None).first()
        return _close(row, row.amount_minor, REVERSED, "Taken back") if row else 0


def expire_due() -> int:
    """Rewards whose time is over and that were not spent are gone; how many grants were looked into.

    What was spent (and taken) of an account counts against its oldest grants first.
    """
    with as_system("rewards run out for all"):
        due = list(
            RewardGrant.objects.filter(closed_at=None, expires_at__lte=clock.now())
            .order_by("expires_at", "pk")
            .values_list("pk", flat=True)[:BATCH]
        )
    for grant_id in due:
        with as_system("rewards run out for all"):
            row = RewardGrant.objects.select_for_update().get(pk=grant_id)
            if row.closed_at is None:
                rewards.alone(row.user_id)
                _close(row, unspent(row), EXPIRED, "Not used in time")
    return len(due)


def unspent(row: RewardGrant) -> int:
    """What is left of one grant, when the oldest are spent first; minor units."""
    mine = RewardGrant.objects.filter(user_id=row.user_id, currency=row.currency)
    upto = mine.filter(expires_at__lt=row.expires_at) | mine.filter(expires_at=row.expires_at, pk__lte=row.pk)
    given = int(upto.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    return max(0, min(int(row.amount_minor), given - _gone(row)))


def _gone(row: RewardGrant) -> int:
    """All that ever left the account, less what came back to it; what is no grant counts as not given."""
    lines: Any = Posting.objects.filter(
        account__code=rewards.account_of(row.user_id), currency=row.currency
    ).exclude(entry__source__startswith="grant:", amount_minor__lt=0)
    return max(0, int(lines.aggregate(sum=Sum("amount_minor"))["sum"] or 0))


def _close(row: RewardGrant, amount_minor: int, kind: str, text: str) -> int:
    """Take at most what is there, once per grant."""
    taken = 0
    if amount_minor > 0:
        taken = rewards.take(
            user_id=row.user_id,
            amount_minor=amount_minor,
            currency=row.currency,
            source=f"grant:{row.pk}",
            kind=kind,
            description=text,
        )
    row.taken_minor, row.closed_at = taken, clock.now()
    row.save(update_fields=["taken_minor", "closed_at"])
    return taken


def forfeit(user_id: UUID) -> int:
    """An account is erased: what is left goes back to the house."""
    with as_system("an account is erased"):
        RewardGrant.objects.filter(user_id=user_id, closed_at=None).update(closed_at=clock.now())
        left = rewards.balance(user_id, settings.REWARDS_CURRENCY)
        return rewards.take(
            user_id=user_id,
            amount_minor=left,
            currency=settings.REWARDS_CURRENCY,
            source=f"erased:{user_id}",
            kind=EXPIRED,
            description="Account erased",
        )
