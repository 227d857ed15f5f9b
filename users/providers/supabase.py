"""Supabase Auth: access tokens of its users, never those of its own keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import requests

from users.errors import ProviderDown, TokenRefused
from users.ports import ExternalIdentity
from users.providers.oidc import Oidc, text

TIMEOUT = (3.05, 5)  # seconds to connect, to answer


class Supabase(Oidc):
    """The entry also has `url` and `anon_key`; ES256 and RS256 by JWKS, the legacy HS256 secret in its own entry."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self._url, self._anon_key = str(config["url"]), str(config.get("anon_key", ""))

    def demand(self, claims: Mapping[str, Any]) -> None:
        """Anonymous people, `anon` and `service_role` are nobody."""
        if claims.get("role") != "authenticated" or claims.get("is_anonymous"):
            raise TokenRefused

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Nothing counts as proved yet: `user_metadata`, where that would stand, is written by the user."""
        methods = [way.get("method") for way in claims.get("amr") or () if isinstance(way, dict)]
        return replace(
            super().identity({**claims, "amr": ()}),
            email_verified=False,
            phone=_plus(text(claims.get("phone"))),
            phone_verified=False,
            name="",
            session_id=text(claims.get("session_id")),
            amr=tuple(str(way) for way in methods if way),
        )

    def vouch(self, token: str, identity: ExternalIdentity) -> ExternalIdentity:
        """Asks Supabase, once before an account is linked, what it has proved."""
        headers = {"Authorization": f"Bearer {token}", "apikey": self._anon_key}
        try:
            answer = requests.get(
                f"{self._url}/auth/v1/user", headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
            if answer.status_code in {401, 403}:  # logged out over there
                raise TokenRefused
            answer.raise_for_status()
            user = answer.json()
        except (requests.RequestException, ValueError):
            raise ProviderDown(retry_after=5) from None
        if not isinstance(user, dict) or user.get("id") != identity.subject:
            raise TokenRefused
        return replace(
            identity,
            email=text(user.get("email")).lower(),
            email_verified=bool(user.get("email_confirmed_at")),
            phone=_plus(text(user.get("phone"))),
            phone_verified=bool(user.get("phone_confirmed_at")),
        )


def _plus(number: str) -> str:
    """Supabase writes E.164 without the plus."""
    return f"+{number}" if number and not number.startswith("+") else number
