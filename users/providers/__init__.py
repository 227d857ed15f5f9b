"""Outside issuers of identity, by settings.IDENTITY_PROVIDERS. Their tokens are exchanged once for ours."""

import json
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings

from users.errors import ProviderUnknown, TokenRefused
from users.ports import IdentityProvider, identity_providers


def provider_for(name: str, token: str) -> IdentityProvider:
    """The configured entry of this name that fits what the token says of itself. Raises ProviderUnknown,
    TokenRefused.

    The token's own words only choose among our entries; each entry then verifies by its own keys and algorithms.
    """
    entries = [_made(json.dumps(entry)) for entry in settings.IDENTITY_PROVIDERS if entry["name"] == name]
    if not entries:
        raise ProviderUnknown(fields={"provider": [ProviderUnknown.message]})
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenRefused from None
    fitting = next((entry for entry in entries if entry.accepts(header, claims)), None)
    if fitting is None:
        raise TokenRefused
    return fitting


@lru_cache(maxsize=32)
def _made(entry: str) -> IdentityProvider:
    config = json.loads(entry)
    return identity_providers[config.get("kind", "oidc")](config)
