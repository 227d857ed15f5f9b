"""Proving a mail address, and changing it."""

from django.http import HttpRequest

from core import audit, clock
from core.clientip import client_ip, ip_prefix, throttle_key
from core.errors import Invalid
from core.rls import as_system, as_user
from core.throttling import demand
from users import codes, tokens
from users.authentication import Login
from users.errors import AccountExists, BadToken, WrongPassword
from users.models import Purpose, User
from users.services import post
from users.services.proof import demand_recent_proof


def send_verification(*, login: Login, request: HttpRequest) -> None:
    """The letter with link and code again, to the account's own address. Raises Invalid without one."""
    demand("email_send", str(login.user_id), closed=True)
    user = User.objects.get(pk=login.user_id)
    if not user.email:
        raise Invalid("There is no mail address to verify. Set one with auth/email/change/.")
    _send(Purpose.VERIFY, user, user.email, request)


def request_change(*, login: Login, email: str, password: str, request: HttpRequest) -> None:
    """A letter with link and code to the new address; nothing changes until it is answered. Raises WrongPassword.

    Whether somebody has that address already is not told: its owner gets another letter then.
    """
    demand("email_send", str(login.user_id), closed=True)
    demand("password_check", str(login.user_id))
    user = User.objects.get(pk=login.user_id)
    if not user.has_usable_password():
        demand_recent_proof(login)
    elif not user.check_password(password):
        raise WrongPassword(fields={"password": ["This is not your password."]})
    wanted = email.lower()
    if User.objects.with_address(email=wanted) not in {None, user}:
        with as_system("the letter goes to the account that has this address"):
            post.tell_address(wanted, "account_exists")
        return
    _send(Purpose.CHANGE, user, wanted, request)


def _send(purpose: Purpose, user: User, address: str, request: HttpRequest) -> None:
    with as_system("codes belong to nobody until they are used"):
        challenge = codes.issue(
            purpose=purpose, address=address, user_id=user.pk, ip_prefix=ip_prefix(client_ip(request))
        )
        post.send_code(challenge, address)


def confirm_by_link(*, token: str, request: HttpRequest) -> User:
    """The address in the letter's link is the account's now, proved. Raises BadToken, AccountExists."""
    demand("email_confirm_ip", throttle_key(client_ip(request)), closed=True)
    with as_system("the link may be opened where nobody is logged in"):
        user = (
            User.objects.select_for_update()
            .filter(pk=tokens.user_in(token), is_active=True, deleted_at=None)
            .first()
        )
        address = tokens.address_in(token)
        if user is None or address is None or not tokens.is_address_token(user, address, token):
            raise BadToken(fields={"token": ["This link has been used or has expired."]})
        return _set(user, address, request)


def confirm_by_code(*, login: Login, code: str, email: str, request: HttpRequest) -> User:
    """The same by the short code of somebody who is logged in; `email` names the new address of a change."""
    demand("email_confirm_ip", throttle_key(client_ip(request)), closed=True)
    user = User.objects.get(pk=login.user_id)
    address = email.lower() or user.email or ""
    purpose = Purpose.CHANGE if email and address != user.email else Purpose.VERIFY
    with as_system("a wrong code must be remembered after its refusal"):
        challenge = codes.attempt(purpose=purpose, address=address, challenge_id=None)
        right = challenge is not None and challenge.user_id == user.pk and codes.is_code_of(challenge, code)
        if right and challenge is not None:
            codes.close(challenge)
    if not right:
        raise BadToken(fields={"code": ["This code is wrong or has expired."]})
    with as_user(user):
        return _set(User.objects.select_for_update().get(pk=user.pk), address, request)


def _set(user: User, address: str, request: HttpRequest) -> User:
    """Raises AccountExists when somebody proved this address in the meantime."""
    before = user.email
    other = User.objects.with_address(email=address)
    if other is not None and other.pk != user.pk:
        raise AccountExists
    user.email, user.email_verified_at = address, clock.now()
    user.save(update_fields=["email", "email_verified_at"])
    audit.record("email.verified", actor=user.pk, request=request, changed=before != address)
    if before and before != address:
        post.tell(user, "email_changed", to=before)
    return user
