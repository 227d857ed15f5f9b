"""Cursors: two stream positions in one JavaScript integer, and signed tokens for a page in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing

if TYPE_CHECKING:
    from uuid import UUID

PUBLIC_BITS = 26
LIMIT = 2**53  # a JavaScript number is exact below
USER_LIMIT, PUBLIC_LIMIT = LIMIT >> PUBLIC_BITS, 1 << PUBLIC_BITS


class Position(NamedTuple):
    """How far a client has followed its own stream and the public one."""

    user: int
    public: int

    def packed(self) -> int:
        """`user * 2^26 + public`: 134 million changes of a person, 67 million of the catalogue."""
        return (self.user << PUBLIC_BITS) + self.public

    @classmethod
    def unpacked(cls, cursor: int) -> Position:
        return cls(cursor >> PUBLIC_BITS, cursor & (PUBLIC_LIMIT - 1))


def sign(kind: str, user_id: UUID, content: Any) -> str:
    """A token that only this person can use, and only for this kind of list."""
    return signing.dumps(content, salt=f"sync.{kind}.{user_id}")


def unsign(kind: str, user_id: UUID, token: str) -> Any:
    """What was signed, or None for a token that was not made for this."""
    try:
        return signing.loads(token, salt=f"sync.{kind}.{user_id}")
    except (signing.BadSignature, ValueError, UnicodeError):
        return None
