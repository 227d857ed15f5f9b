"""Descope: session tokens of one project, never its refresh tokens."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import requests

from users.errors import ProviderDown, TokenRefused
from users.ports import ExternalIdentity
from users.providers.oidc import Oidc, text

TIMEOUT = (3.05, 5)  # seconds to connect, to answer


class Descope(Oidc):
    """The entry also has `project_id`, `base_url` and `management_key` (without it nothing counts as proved)."""

    needs_audience = False  # its keys and issuer belong to one project

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self._project, self._url = str(config["project_id"]), str(config["base_url"])
        self._key = str(config.get("management_key", ""))

    def is_issuer(self, issuer: Any) -> bool:
        """The bare project id, or an address whose last part it is."""
        return isinstance(issuer, str) and issuer.rsplit("/", 1)[-1] == self._project

    def demand(self, claims: Mapping[str, Any]) -> None:
        """`drn` tells a session (DS) from a refresh token (DSR), which lives for weeks."""
        if claims.get("drn") != "DS":
            raise TokenRefused

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        return replace(
            super().identity(claims), issuer=self.issuer, email_verified=False, phone_verified=False
        )

    def vouch(self, token: str, identity: ExternalIdentity) -> ExternalIdentity:
        """Asks Descope's management interface, once before an account is linked, what it has proved."""
        if not self._key:
            return identity
        try:
            answer = requests.get(
                f"{self._url}/v1/mgmt/user",
                params={"userid": identity.subject},
                headers={"Authorization": f"Bearer {self._project}:{self._key}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            user = answer.json().get("user")
        except (requests.RequestException, ValueError, AttributeError):
            raise ProviderDown(retry_after=5) from None
        if not isinstance(user, dict) or user.get("userId") != identity.subject:
            raise TokenRefused
        return replace(
            identity,
            email=text(user.get("email")).lower(),
            email_verified=user.get("verifiedEmail") is True,
            phone=text(user.get("phone")),
            phone_verified=user.get("verifiedPhone") is True,
            name=text(user.get("name")),
        )
