"""Phones and browsers that push messages go to."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest

from core import clock
from core.errors import NotFound
from core.rls import as_system
from users import sessions
from users.authentication import Login
from users.models import AppSession, RevokedReason, UserDevice


def put(*, login: Login, device_id: str, **facts: Any) -> tuple[UserDevice, bool]:
    """Make or change the caller's device of this name; (device, whether it is new).

    A push token belongs to one installation: whoever else had it (another account on the same phone) loses it.
    """
    token = facts.get("push_token") or None
    if "push_token" in facts:
        facts["push_token"] = token
    if token:
        _take_from_others(token, login.user_id, device_id)
    device, made = UserDevice.objects.update_or_create(
        user_id=login.user_id,
        device_id=device_id,
        defaults={**facts, "last_seen_at": clock.now(), "deleted_at": None},
    )
    AppSession.objects.filter(pk=login.session_id, device=None).update(device=device)
    device.refresh_from_db()
    return device, made


def _take_from_others(token: str, user_id: UUID, device_id: str) -> None:
    with connection.cursor() as cursor:  # two phones that show up at once take turns
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [token])
    with as_system("the token may stand at another account, which the caller can't see"):
        UserDevice.objects.filter(push_token=token).exclude(user_id=user_id, device_id=device_id).update(
            push_token=None, deleted_at=clock.now()
        )


def remove(*, login: Login, device: UserDevice, request: HttpRequest) -> None:
    """No more push to it; its logins end, but for the one that asks."""
    sessions.revoke(
        user_id=login.user_id,
        reason=RevokedReason.USER,
        device=device.pk,
        spare=login.session_id,
        request=request,
    )
    device.push_token, device.deleted_at = None, clock.now()
    device.save(update_fields=["push_token", "deleted_at"])


def find(*, login: Login, device_id: str) -> UserDevice:
    """The caller's live device of this name. Raises NotFound."""
    device: UserDevice | None = UserDevice.objects.filter(
        user_id=login.user_id, device_id=device_id, deleted_at=None
    ).first()
    if device is None:
        raise NotFound
    return device
