"""Deeds that a borrowed phone must not do need a proof of the last minutes."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from core import audit, clock
from core.rls import as_user
from core.throttling import demand
from users import second_factor
from users.authentication import Login
from users.errors import ReauthenticationRequired, WrongPassword
from users.models import AppSession, User
from users.services import otp


def demand_recent_proof(login: Login) -> None:
    """Raises ReauthenticationRequired unless password, code or outside login came in the last ten minutes."""
    if clock.now() - login.proved_at > timedelta(seconds=settings.REAUTHENTICATION_SECONDS):
        raise ReauthenticationRequired


def reauthenticate(
    *, login: Login, request: HttpRequest, password: str = "", otp_code: str = "", mfa_code: str = ""
) -> None:
    """Prove it again, by password, by SMS code to the account's own number, or by authenticator."""
    demand("password_check", str(login.user_id))
    with as_user(login.user_id):
        user = User.objects.get(pk=login.user_id)
        right = bool(password) and user.check_password(password)
    if not right and mfa_code:
        right = second_factor.is_right(user, mfa_code)
    if not right and otp_code and user.phone and user.phone_verified_at:
        otp.check(phone=user.phone, code=otp_code, challenge_id=None, request=request)
        right = True
    if not right:
        raise WrongPassword
    with as_user(login.user_id):
        AppSession.objects.filter(pk=login.session_id).update(reauthenticated_at=clock.now())
        audit.record("account.reauthenticate", actor=user.pk, session=login.session_id, request=request)
