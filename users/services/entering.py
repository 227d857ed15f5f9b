"""What every login has in common, whatever proved who it is."""

from django.http import HttpRequest

from core import audit, clock
from core.rls import as_user
from users import second_factor, sessions
from users.errors import InvalidCredentials
from users.models import AuthMethod, User, UserDevice
from users.selectors import may_log_in
from users.services import post
from users.sessions import Pair


def enter(
    user: User,
    *,
    method: AuthMethod,
    request: HttpRequest,
    device_id: str = "",
    mfa_code: str = "",
    provider_session_id: str | None = None,
) -> Pair:
    """A session for somebody who has proved to be `user`. Raises InvalidCredentials, SecondFactorRequired."""
    if not may_log_in(user):
        raise InvalidCredentials
    return enter_proved(
        user,
        method=method,
        request=request,
        device_id=device_id,
        aal=second_factor.demand_of(user, mfa_code),
        provider_session_id=provider_session_id,
    )


def enter_proved(
    user: User,
    *,
    method: AuthMethod,
    request: HttpRequest,
    aal: int,
    device_id: str = "",
    provider_session_id: str | None = None,
) -> Pair:
    """The same once the second factor, if the account has one, was given too.

    A login cancels an erasure that was asked for; one from a new device is told by mail.
    """
    with as_user(user):
        is_new = bool(device_id) and not UserDevice.objects.filter(user=user, device_id=device_id).exists()
        first = user.last_login is None
        User.objects.filter(pk=user.pk).update(last_login=clock.now(), erase_after=None)
        session, pair = sessions.open_session(
            user=user,
            method=method,
            request=request,
            device_id=device_id,
            aal=aal,
            provider_session_id=provider_session_id,
        )
        if user.erase_after is not None:
            audit.record("account.delete_cancelled", actor=user.pk, session=session.pk, request=request)
            post.tell(user, "erasure_cancelled")
        if is_new and not first:
            post.tell(
                user, "new_device", what=session.user_agent or "an unknown device", near=session.ip_prefix
            )
    return pair
