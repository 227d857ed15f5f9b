"""Makes and checks tokens; knows no user. The authenticator that reads the session row lives in users."""

import base64
import hashlib
import hmac
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from core import clock

ALGORITHM, ISSUER = "HS256", "revsync"
LARGEST_GENERATION = 2**31  # of the column
_BUSY_LOGINS = threading.BoundedSemaphore(4)


class BadToken(Exception):
    """Not ours, malformed or expired; `expired` tells the client to refresh."""

    def __init__(self, *, expired: bool = False) -> None:
        self.expired = expired
        super().__init__("expired" if expired else "bad")


@dataclass(frozen=True, slots=True)
class AccessClaims:
    user_id: UUID
    session_id: UUID
    generation: int
    expires_at: int


def make_access_token(*, user_id: UUID, session_id: UUID, generation: int, issued_at: datetime) -> str:
    """A JWT for one generation of one session; lives ACCESS_TOKEN_LIFETIME from `issued_at`."""
    kid, key = next(iter(settings.JWT_KEYS.items()))
    issued = int(issued_at.timestamp())
    claims = {
        "iss": ISSUER,
        "sub": str(user_id),
        "sid": str(session_id),
        "gen": generation,
        "iat": issued,
        "exp": issued + int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid})


def read_access_token(token: str) -> AccessClaims:
    """The claims of a genuine, unexpired token. Raises BadToken for anything else."""
    read = _genuine(token, tuple(settings.JWT_KEYS.items()))
    if read.expires_at <= clock.now().timestamp():
        raise BadToken(expired=True)
    return read


@lru_cache(maxsize=8192)
def _genuine(token: str, keys: tuple[tuple[str, str], ...]) -> AccessClaims:
    """What a token that we signed says; a client sends the same one for an hour, so it is checked once a process."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = dict(keys).get(kid) if isinstance(kid, str) else None
        if key is None:
            raise BadToken
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": ["exp", "sub", "iss"], "verify_exp": False, "verify_iat": False},
        )
        read = AccessClaims(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["gen"]), int(claims["exp"]))
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
        raise BadToken from None
    if abs(read.generation) >= LARGEST_GENERATION:
        raise BadToken
    return read


def make_refresh_token(session_id: UUID, generation: int) -> str:
    """`sid.gen.mac`: nothing of it is stored, so nothing of it leaks with the database."""
    stem = f"{session_id.hex}.{generation}"
    return f"{stem}.{_mac(stem)}"


def read_refresh_token(token: str) -> tuple[UUID, int]:
    """(session id, generation) of a genuine token. Raises BadToken."""
    stem, _, mac = token.rpartition(".")
    if not (
        stem.isascii() and mac.isascii() and any(hmac.compare_digest(right, mac) for right in _macs(stem))
    ):
        raise BadToken
    session, _, generation = stem.partition(".")
    try:
        return UUID(hex=session), int(generation)
    except ValueError:
        raise BadToken from None


def _mac(stem: str) -> str:
    return _macs(stem)[0]


def _macs(stem: str) -> list[str]:
    """By each of the refresh keys: the first signs, all verify, so that a key can be changed without a logout."""
    digests = [
        hmac.new(key.encode(), stem.encode(), hashlib.sha256).digest() for key in settings.REFRESH_KEYS
    ]
    return [base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


class LeanArgon2Hasher(Argon2PasswordHasher):
    """OWASP's smallest Argon2id setting (19 MiB, 2 passes, 1 lane); a burst of logins can't eat the memory."""

    time_cost, memory_cost, parallelism = 2, 19 * 1024, 1

    def encode(self, password: str, salt: str) -> str:
        with _BUSY_LOGINS:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _BUSY_LOGINS:
            return super().verify(password, encoded)
