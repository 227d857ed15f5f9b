"""The secret address of a person's calendar feed."""

import secrets
from uuid import UUID

from appointments.models import CalendarToken
from appointments.services.booking import token_hash
from core import audit, clock
from core.rls import as_system
from users.models import User


def make_feed(user: User) -> str:
    """A new token, which nobody can show again; the old one is dead."""
    token = secrets.token_urlsafe(32)
    with as_system("feeds are opened without a login"):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _revoke(user.pk)
        CalendarToken.objects.create(user=user, token_hash=token_hash(token))
        audit.record("calendar_feed.create", actor=user.pk)
    return token


def revoke_feed(user: User) -> None:
    """The address stops working; doing it twice is doing it once."""
    with as_system("feeds are opened without a login"):
        if _revoke(user.pk):
            audit.record("calendar_feed.revoke", actor=user.pk)


def owner_of_feed(token: str) -> UUID | None:
    """Whose feed this token opens. Runs as the system."""
    rows = CalendarToken.objects.filter(
        token_hash=token_hash(token), revoked_at=None, user__is_active=True, user__deleted_at=None
    )
    found: UUID | None = rows.values_list("user_id", flat=True).first()
    return found


def _revoke(user_id: UUID) -> int:
    live = CalendarToken.objects.filter(user_id=user_id, revoked_at=None)
    changed: int = live.update(revoked_at=clock.now())
    return changed
