"""Passwords: what is a good one, changing it, and getting back in without it."""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core import audit, clock
from core.clientip import client_ip, ip_prefix, throttle_key
from core.errors import Invalid
from core.rls import as_system, as_user
from core.throttling import demand
from users import codes, sessions, tokens
from users.authentication import Login
from users.errors import BadToken, WrongPassword
from users.models import Purpose, RevokedReason, User
from users.selectors import account_behind
from users.services import claims, post
from users.services.proof import demand_recent_proof


def demand_good(password: str, user: User, field: str = "password") -> None:
    """Raises Invalid naming `field` unless Django's validators are content."""
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise Invalid(fields={field: list(problem.messages)}) from None


def change(*, login: Login, old_password: str, new_password: str, request: HttpRequest) -> None:
    """A new password; all other logins end. Raises WrongPassword, Invalid, Throttled, ReauthenticationRequired.

    Somebody who never had one (code or outside login) proves instead to have logged in a moment ago.
    """
    demand("password_check", str(login.user_id))
    with as_user(login.user_id):
        user = User.objects.select_for_update().get(pk=login.user_id)
        if not user.has_usable_password():
            demand_recent_proof(login)
        elif not user.check_password(old_password):
            raise WrongPassword(fields={"old_password": ["This is not your password."]})
        demand_good(new_password, user, "new_password")
        _set(user, new_password, spare=login.session_id, request=request)


def request_reset(*, email: str, request: HttpRequest) -> None:
    """A letter with link and code, if somebody has this address; the same answer and work if nobody has."""
    address = client_ip(request)
    demand("reset_ip", throttle_key(address), closed=True)
    demand("reset_account", codes.hash_of(email), closed=True)
    with as_system("a forgotten password: nobody is logged in"):
        user = account_behind(email=email)
        challenge = codes.issue(
            purpose=Purpose.RESET,
            address=email,
            user_id=user.pk if user else None,
            ip_prefix=ip_prefix(address),
        )
        post.send_code(challenge, email)
        audit.record("password.reset_request", actor=user.pk if user else None, request=request)


def confirm_reset(
    *,
    request: HttpRequest,
    new_password: str,
    token: str = "",
    email: str = "",
    code: str = "",
    challenge_id: UUID | None = None,
) -> None:
    """The new password by the letter's link (`token`) or its short code (with `email`). Raises BadToken, Invalid.

    All logins end. Whoever reads the mail owns the account: what others may have put there before the address
    was proved goes (users/services/claims.py).
    """
    demand("reset_ip", throttle_key(client_ip(request)), closed=True)
    if token:
        with as_system("a forgotten password: nobody is logged in"):
            user = _by_link(token)
            _finish_reset(user, new_password, request)
        return
    demand("reset_account", codes.hash_of(email), closed=True)
    with as_system("a wrong code must be remembered after its refusal"):
        challenge = codes.attempt(purpose=Purpose.RESET, address=email, challenge_id=challenge_id)
        right = challenge is not None and challenge.user_id is not None and codes.is_code_of(challenge, code)
    if not right or challenge is None:
        raise BadToken(fields={"code": ["This code is wrong or has expired."]})
    with as_system("a forgotten password: nobody is logged in"):
        codes.close(challenge)
        _finish_reset(User.objects.select_for_update().get(pk=challenge.user_id), new_password, request)


def _by_link(token: str) -> User:
    user_id = tokens.user_in(token)
    user: User | None = (
        User.objects.select_for_update().filter(pk=user_id, is_active=True, deleted_at=None).first()
    )
    if user is None or not tokens.is_reset_token(user, token):
        raise BadToken(fields={"token": ["This link has been used or has expired."]})
    return user


def _finish_reset(user: User, new_password: str, request: HttpRequest) -> None:
    demand_good(new_password, user, "new_password")
    if user.email_verified_at is None:
        claims.strip(user, proved="email", request=request)
        user.email_verified_at = clock.now()
        user.save(update_fields=["email_verified_at"])
    _set(user, new_password, spare=None, request=request)


def _set(user: User, password: str, *, spare: UUID | None, request: HttpRequest) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    sessions.revoke(user_id=user.pk, reason=RevokedReason.PASSWORD, spare=spare, request=request)
    audit.record("password.change", actor=user.pk, request=request)
    post.tell(user, "password_changed")
