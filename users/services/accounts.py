"""Making an account, and entering it by password."""

import time
from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from core import audit, clock
from core.clientip import client_ip, ip_prefix, throttle_key
from core.errors import Invalid
from core.rls import as_system, as_user
from core.throttling import count, demand, forgive
from users import codes
from users.errors import AccountExists, InvalidCredentials, NotVerifiedYet
from users.models import AuthMethod, Purpose, User
from users.phones import BadPhone, normalise_phone
from users.ports import registration_extras
from users.selectors import may_log_in
from users.services import passwords, post
from users.services.arriving import welcome
from users.services.entering import enter
from users.sessions import Pair

# Checked when nobody has this address, so that both answers cost the same time.
_NOBODY = User(password=make_password("nobody's password"))


def register(
    *,
    request: HttpRequest,
    password: str,
    device_id: str = "",
    extras: Mapping[str, str] | None = None,
    **person: str | None,
) -> tuple[User, Pair] | None:
    """A new account and its first session. Raises AccountExists, Invalid, Throttled.

    With REGISTER_VERIFY_FIRST the answer is None whether the address is taken or not, and a letter says more.
    """
    demand("register", throttle_key(client_ip(request)))
    offered = _checked(extras or {})
    person["email"] = (person.get("email") or "").lower() or None
    passwords.demand_good(password, User(**person))
    if settings.REGISTER_VERIFY_FIRST and person["email"]:
        _register_quietly(request, password, offered, person)
        return None
    with transaction.atomic():
        if _taken(person):
            raise AccountExists
        user = _make(request, password, offered, person)
        pair = enter(user, method=AuthMethod.PASSWORD, request=request, device_id=device_id)
    return user, pair


def _register_quietly(
    request: HttpRequest, password: str, offered: Mapping[str, str], person: Mapping[str, str | None]
) -> None:
    email = str(person["email"])
    with transaction.atomic():
        if _taken(person):
            make_password(password)  # as long as making an account takes
            with as_system("the letter goes to somebody who is not logged in"):
                post.tell_address(email, "account_exists")
        else:
            _make(request, password, offered, person)


def _make(
    request: HttpRequest, password: str, offered: Mapping[str, str], person: Mapping[str, str | None]
) -> User:
    user: User = User.objects.create_user(password=password, **person)
    with as_user(user):
        welcome(user)
        for name, value in offered.items():
            registration_extras[name].apply(user, value)
    audit.record("account.register", actor=user.pk, request=request)
    if user.email:
        with as_system("codes belong to nobody until they are used"):
            challenge = codes.issue(purpose=Purpose.VERIFY, address=user.email, user_id=user.pk)
            post.send_code(challenge, user.email)
    return user


def login(
    *,
    request: HttpRequest,
    password: str,
    email: str = "",
    phone: str | None = None,
    device_id: str = "",
    mfa_code: str = "",
) -> tuple[User, Pair]:
    """A session for the right password. Raises InvalidCredentials (401) whatever was wrong, Throttled,
    SecondFactorRequired.

    Attempts are counted before the password is looked at, so parallel guesses all count; a right one is forgiven.
    """
    address = client_ip(request)
    name = email.lower() or str(phone)
    counted = [("login_ip", throttle_key(address)), ("login_account", f"{name}|{ip_prefix(address)}")]
    for scope, identity in counted:
        demand(scope, identity)
    user = User.objects.with_address(email=email, phone=phone)
    right = (user or _NOBODY).check_password(password)
    if user is None or not right or not may_log_in(user):
        _refused(user, name, request)
        raise InvalidCredentials
    if settings.REGISTER_VERIFY_FIRST and not user.is_verified:
        raise NotVerifiedYet
    pair = enter(user, method=AuthMethod.PASSWORD, request=request, device_id=device_id, mfa_code=mfa_code)
    for scope, identity in counted:
        forgive(scope, identity)
    return user, pair


def _refused(user: User | None, name: str, request: HttpRequest) -> None:
    """Remember it; guesses at one account from many places wait longer each, and its owner hears of it once a day.

    There is no lock by name alone: it would let anybody lock anybody out. The right password never waits.
    """
    audit.record("account.login", outcome="refused", actor=user.pk if user else None, request=request)
    few, _ = count("login_name", name)
    if few:
        return
    first_today, _ = count("login_letter", name)
    if user is not None and first_today:
        with as_system("a letter about a login that failed: nobody is logged in"):
            post.tell(user, "wrong_passwords", when=f"{clock.now():%Y-%m-%d %H:%M} UTC")
    time.sleep(settings.LOGIN_DELAY_SECONDS)


def clean_phone(text: str, field: str = "phone_number") -> str:
    """E.164 of what a client sent. Raises Invalid naming the field."""
    try:
        return normalise_phone(text)
    except BadPhone as problem:
        raise Invalid(fields={field: [str(problem)]}) from None


def _checked(extras: Mapping[str, str]) -> dict[str, str]:
    offered = {name: value for name, value in extras.items() if value}
    for name, value in offered.items():
        if name not in registration_extras:
            raise Invalid(fields={name: ["This is not known."]})
        registration_extras[name].validate(value)
    return offered


def _taken(person: Mapping[str, str | None]) -> bool:
    """A kind word before the constraint has the last one."""
    email, phone = person.get("email"), person.get("phone")
    return bool(
        (email and User.objects.with_address(email=email))
        or (phone and User.objects.with_address(phone=phone))
    )
