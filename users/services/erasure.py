"""Leaving: fourteen days in which a login brings the account back, then everything personal goes."""

import logging
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest

from core import audit, clock
from core.files import retention
from core.ports import personal_data
from core.rls import as_system, as_user
from core.storage import store
from core.throttling import demand
from users import sessions
from users.authentication import Login
from users.errors import WrongPassword
from users.models import DataExport, RevokedReason, User
from users.services import post
from users.services.proof import demand_recent_proof

log = logging.getLogger(__name__)

GRACE = timedelta(days=14)


def request_erasure(*, login: Login, request: HttpRequest, password: str = "") -> User:
    """Close the account now, erase it in fourteen days. Raises WrongPassword, ReauthenticationRequired."""
    demand("password_check", str(login.user_id))
    user: User = User.objects.get(pk=login.user_id)
    if not password:
        demand_recent_proof(login)
    elif not user.check_password(password):
        raise WrongPassword(fields={"password": ["This is not your password."]})
    with as_user(login.user_id):
        user = User.objects.select_for_update().get(pk=login.user_id)
        user.erase_after = clock.now() + GRACE
        user.save(update_fields=["erase_after"])
        sessions.revoke(user_id=user.pk, reason=RevokedReason.ERASURE, request=request)
        audit.record("account.delete", actor=user.pk, session=login.session_id, request=request)
        post.tell(user, "erasure_requested", when=f"{user.erase_after:%d %B %Y}")
    return user


def due() -> list[UUID]:
    """Whose fourteen days are over."""
    with as_system("erasures that are due"):
        return list(
            User.objects.filter(erase_after__lte=clock.now(), deleted_at=None).values_list("pk", flat=True)
        )


def erase(user_id: UUID) -> bool:
    """Erase for good, from the highest app down; False when the person came back meanwhile. Repeatable."""
    with as_system("erasure: its owner is gone"):
        user = User.objects.select_for_update().filter(pk=user_id, erase_after__lte=clock.now()).first()
        if user is None or user.deleted_at is not None:
            return False
        exports = list(
            DataExport.objects.filter(user_id=user_id).exclude(key="").values_list("key", flat=True)
        )
        for plug in reversed(personal_data.values()):
            plug.erase(user_id)
        audit.record("account.erased")
    for key in exports:
        store().delete(key)
    retention.erase(user_id)
    log.info("an account was erased")
    return True
