"""Deeds of identity: each one transaction, each answer the same when repeated."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from core import audit
from core.clientip import client_ip, ip_prefix, throttle_key
from core.errors import Invalid
from core.rls import as_user
from core.throttling import demand
from users.errors import AccountExists, InvalidCredentials
from users.models import AuthMethod, User
from users.phones import BadPhone, normalise_phone
from users.ports import registration_extras
from users.sessions import Pair, open_session

# Checked when nobody has this address, so that both answers cost the same time.
_NOBODY = make_password("nobody's password")


def register(
    *,
    request: HttpRequest,
    password: str,
    device_id: str = "",
    extras: Mapping[str, str] | None = None,
    **person: Any,
) -> tuple[User, Pair]:
    """A new account and its first session. Raises AccountExists, Invalid, Throttled."""
    demand("register", throttle_key(client_ip(request)))
    offered = {name: value for name, value in (extras or {}).items() if value}
    for name, value in offered.items():
        if name not in registration_extras:
            raise Invalid(fields={name: ["This is not known."]})
        registration_extras[name].validate(value)
    person["email"] = (person.get("email") or "").lower() or None
    _demand_good_password(password, User(**person))
    with transaction.atomic():
        if _taken(person["email"], person.get("phone")):
            raise AccountExists
        user = User.objects.create_user(password=password, **person)
        with as_user(user):
            for name, value in offered.items():
                registration_extras[name].apply(user, value)
            _, pair = open_session(
                user=user, method=AuthMethod.PASSWORD, request=request, device_id=device_id
            )
        audit.record("account.register", actor=user.pk, request=request)
    return user, pair


def login(
    *, request: HttpRequest, password: str, email: str = "", phone: str | None = None, device_id: str = ""
) -> tuple[User, Pair]:
    """A session for the right password. Raises InvalidCredentials (401) whatever was wrong, Throttled.

    Attempts are counted before the password is looked at, so parallel guesses all count.
    """
    address = client_ip(request)
    demand("login_ip", throttle_key(address))
    demand("login_account", f"{email.lower() or phone}|{ip_prefix(address)}")
    user = _find(email, phone)
    right = check_password(password, user.password if user else _NOBODY)
    if not (user and right and user.is_active and user.deleted_at is None):
        audit.record("account.login", outcome="refused", actor=user.pk if user else None, request=request)
        raise InvalidCredentials
    with as_user(user):
        _, pair = open_session(user=user, method=AuthMethod.PASSWORD, request=request, device_id=device_id)
    return user, pair


def clean_phone(text: str, field: str = "phone_number") -> str:
    """E.164 of what a client sent. Raises Invalid naming the field."""
    try:
        return normalise_phone(text)
    except BadPhone as problem:
        raise Invalid(fields={field: [str(problem)]}) from None


def _find(email: str, phone: str | None) -> User | None:
    rows = User.objects.all()
    found: User | None = (
        rows.filter(email__iexact=email).first()
        if email
        else rows.filter(phone=phone).first()
        if phone
        else None
    )
    return found


def _taken(email: str | None, phone: str | None) -> bool:
    """A kind word before the constraint has the last one."""
    return bool((email and _find(email, None)) or (phone and _find("", phone)))


def _demand_good_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise Invalid(fields={"password": list(problem.messages)}) from None
