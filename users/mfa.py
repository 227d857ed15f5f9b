"""django-allauth, joined to our sessions: its second factors and passkeys, our tokens.

Its routes take our access token as `X-Session-Token` (or as the usual bearer), so whoever is logged in with us
manages authenticators there, until our session ends. A login that needs what only it can do (a passkey) happens
there and is answered with our pair.
"""

import base64
import hashlib
from typing import Any, cast
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.account.internal.userkit import user_id_to_str
from allauth.headless.tokens.strategies.base import AbstractTokenStrategy
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from core.clientip import client_ip
from core.rls import as_user
from users.authentication import Login, Unauthenticated, authenticate_token
from users.models import AuthMethod, User
from users.services import post
from users.services.entering import enter_proved

BACKEND = "users.backends.StaffBackend"


class OurSessions(AbstractTokenStrategy):  # type: ignore[misc]  # untyped package
    """Hands out our pair, and finds allauth's session by our access token or, during a login, by its own."""

    def get_session_token(self, request: HttpRequest) -> str | None:
        bearer = request.headers.get("Authorization", "")
        if bearer[:7].lower() == "bearer ":
            return bearer[7:]
        token: str | None = super().get_session_token(request)
        return token

    def create_session_token(self, request: HttpRequest) -> str:
        if not request.session.session_key:
            request.session.save()
        return str(request.session.session_key)

    def lookup_session(self, session_token: str) -> SessionBase | None:
        if session_token.count(".") == 2:
            try:
                user, login, _ = authenticate_token(session_token)
            except Unauthenticated:
                return None
            return _session_of(user, login)
        store = SessionStore(session_token)
        # What belongs to one of our sessions opens with our token only.
        return store if store.exists(session_token) and not session_token.startswith("app") else None

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any] | None:
        user = cast("User", request.user)
        second = any(record.get("method") == "mfa" for record in get_authentication_records(request, user))
        pair = enter_proved(
            user,
            method=AuthMethod.MFA if second else AuthMethod.PASSWORD,
            request=request,
            aal=2 if second else 1,
        )
        return {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "expires_in": pair.expires_in,
        }


def _session_of(user: User, login: Login) -> SessionBase:
    """The Django session that keeps allauth's notes (a TOTP secret not yet confirmed) beside one of ours."""
    key = session_key(login.session_id)
    store = SessionStore(key)
    if not store.exists(key):
        store._session_cache = {}  # type: ignore[attr-defined]  # a store that looks for a key that is not there forgets the key
        store.save(must_create=True)
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
    ours = {"method": "login", "at": login.proved_at.timestamp(), "reauthenticated": True}
    others = [
        proof
        for proof in store.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        if proof.get("reauthenticated") and proof.get("method") != "login"
    ]
    store[AUTHENTICATION_METHODS_SESSION_KEY] = sorted([ours, *others], key=lambda proof: float(proof["at"]))
    return store


def session_key(session_id: UUID) -> str:
    return f"app{session_id.hex}"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped package
    """Logins and letters of allauth follow our rules."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People register with us."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """None of allauth's letters is sent."""

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Authenticators came or went: our own letter tells of it."""
        if template_prefix.startswith("mfa/"):
            with as_user(user):
                post.tell(user, "second_factor_changed")


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped package
    """Secrets of authenticators are encrypted, not merely stored."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


def seal(text: str) -> str:
    """Fernet under a key made from SECRET_KEY; the fallback keys open what they sealed."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    return _fernet().decrypt(text.encode()).decode()


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"users.mfa" + key.encode()).digest()))
            for key in keys
        ]
    )
