"""Any OpenID Connect issuer: its ID tokens, checked by its published keys or one shared secret."""

from collections.abc import Mapping
from typing import Any

import jwt

from users.errors import TokenRefused
from users.ports import ExternalIdentity
from users.providers.keys import KeyRing

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


class Oidc:
    """One entry of settings.IDENTITY_PROVIDERS: name, issuer, audience, algorithms, and jwks_url or hs256_secret."""

    needs_audience = True

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.name, self.issuer = str(config["name"]), str(config["issuer"])
        self.audience = config.get("audience")
        if (
            self.needs_audience and not self.audience
        ):  # or a token made for another app of the issuer would do
            raise ValueError(f"{self.name}: say which audience its tokens are for.")
        self.algorithms = list(config.get("algorithms") or ["RS256", "ES256"])
        secret = config.get("hs256_secret")
        if secret and self.algorithms != ["HS256"]:
            raise ValueError(f"{self.name}: a shared secret goes with HS256 alone, in an entry of its own.")
        if not secret and not set(self.algorithms) <= set(ASYMMETRIC):
            raise ValueError(f"{self.name}: published keys go with {', '.join(ASYMMETRIC)}.")
        self._secret = str(secret) if secret else None
        self._keys = None if secret else KeyRing(str(config["jwks_url"]))

    def accepts(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        """Is this entry for a token that says so of itself? Nothing is verified yet."""
        return header.get("alg") in self.algorithms and self.is_issuer(claims.get("iss"))

    def is_issuer(self, issuer: Any) -> bool:
        return bool(issuer == self.issuer)

    def verify(self, token: str) -> ExternalIdentity:
        claims = self.claims(token)
        self.demand(claims)
        return self.identity(claims)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a genuine token. Raises TokenRefused, ProviderDown."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self.algorithms:  # none, HS256 with a public key
                raise TokenRefused
            key: Any = self._keys.key(header.get("kid")) if self._keys else self._secret
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=self.algorithms,
                audience=self.audience,
                leeway=30,
                options={
                    "require": ["exp", "iat", "iss", "sub"],
                    "verify_aud": self.audience is not None,
                    "verify_iss": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise TokenRefused from None
        if not self.is_issuer(claims["iss"]) or not isinstance(claims["sub"], str) or not claims["sub"]:
            raise TokenRefused
        return claims

    def demand(self, claims: Mapping[str, Any]) -> None:
        """What else must be true of the claims of this kind of issuer. Raises TokenRefused."""
        authorised = claims.get("azp")
        if authorised is not None and self.audience is not None and authorised != self.audience:
            raise TokenRefused

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        return ExternalIdentity(
            issuer=self.issuer,
            subject=claims["sub"][:200],
            email=text(claims.get("email")).lower(),
            email_verified=claims.get("email_verified") is True,
            phone=text(claims.get("phone_number")),
            phone_verified=claims.get("phone_number_verified") is True,
            name=text(claims.get("name")),
            session_id=text(claims.get("sid")),
            amr=tuple(str(way) for way in claims.get("amr", ()) if isinstance(way, str)),
            expires_at=int(claims["exp"]),
        )

    def vouch(self, token: str, identity: ExternalIdentity) -> ExternalIdentity:
        """An ID token says itself what is proved."""
        return identity


def text(value: Any) -> str:
    return value[:254] if isinstance(value, str) and "\x00" not in value else ""
