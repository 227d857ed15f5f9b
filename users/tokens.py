"""Tokens of the links in our letters: signed, nothing stored, dead once used."""

from typing import Any
from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator

from users.models import User


class AddressTokens(PasswordResetTokenGenerator):
    """Proves that the reader of `address` agrees; bound to what the account's address is now."""

    key_salt = "users.tokens.AddressTokens"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_verified_at}{user.wanted_address}{timestamp}"


_addresses = AddressTokens()


def reset_token(user: User) -> str:
    """For password-reset-confirm; dead after the next login or password change, or PASSWORD_RESET_TIMEOUT."""
    return f"{user.pk.hex}.{default_token_generator.make_token(user)}"


def is_reset_token(user: User, token: str) -> bool:
    return default_token_generator.check_token(user, token.partition(".")[2])


def address_token(user: User, address: str) -> str:
    """For email/verify: `address` becomes, or is proved as, the address of `user`."""
    user.wanted_address = address  # type: ignore[attr-defined]  # an input of the hash
    return f"{user.pk.hex}.{address.encode().hex()}.{_addresses.make_token(user)}"


def is_address_token(user: User, address: str, token: str) -> bool:
    user.wanted_address = address  # type: ignore[attr-defined]
    return _addresses.check_token(user, token.rpartition(".")[2])


def user_in(token: str) -> UUID | None:
    """Whose token this claims to be."""
    try:
        return UUID(hex=token.partition(".")[0])
    except ValueError:
        return None


def address_in(token: str) -> str | None:
    """The address that an address token claims to prove."""
    try:
        return bytes.fromhex(token.split(".")[1]).decode()
    except (IndexError, ValueError):
        return None
