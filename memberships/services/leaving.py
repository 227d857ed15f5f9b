"""Ends that no member asked for at the counter: by staff, and with the account."""

from uuid import UUID

from core import audit, clock
from core.rls import as_system
from memberships.errors import NoMembership
from memberships.machine import end
from memberships.models import EndReason, Membership, Referral, ReferralStatus
from memberships.services.giving import forfeit
from memberships.services.lives import become, drop_subscription, live_of, locked, rules, term_of
from memberships.services.referring import reject_row
from memberships.states import LIVE
from users.models import User


def end_by_staff(*, membership_id: UUID, reason: str, by: User) -> Membership:
    """Over now; money is given back at the till, if it is. Raises NoMembership when it is over already."""
    with as_system("staff act for all"):
        row = locked(membership_id)
        after = end(term_of(row), clock.now(), rules(), reason=EndReason.STAFF) if row else None
        if row is None or after is None:
            raise NoMembership
        drop_subscription(row)
        become(row, after, churn_note=reason[:500])
        audit.record("membership.ended_by_staff", actor=by.pk, target=row.pk, reason=reason)
        return row


def forget(user_id: UUID) -> None:
    """An account is erased: its membership ends, open referrals are rejected, what is left of rewards is gone."""
    with as_system("an account is erased"):
        row = (
            live_of(user_id) if Membership.objects.filter(user_id=user_id, status__in=LIVE).exists() else None
        )
        after = end(term_of(row), clock.now(), rules(), reason=EndReason.ERASED) if row else None
        if row is not None and after is not None:
            drop_subscription(row)
            become(row, after)
        undecided = (ReferralStatus.PENDING, ReferralStatus.QUALIFIED)
        mine = Referral.objects.filter(referrer_id=user_id) | Referral.objects.filter(referred_id=user_id)
        for referral in mine.filter(status__in=undecided).select_for_update(of=("self",)):
            reject_row(referral, ["erased"])
        forfeit(user_id)
