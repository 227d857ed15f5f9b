"""Razorpay's HMAC rules, on bytes and in constant time. The SDK's own helpers raise on odd input and accept an
empty secret.
"""

import hashlib
import hmac
from collections.abc import Iterable

from payments.errors import BadSignature


def sign(message: bytes, secret: str) -> str:
    """Hex HMAC-SHA-256."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def demand(message: bytes, signature: object, secrets: Iterable[str]) -> None:
    """Raises BadSignature unless one of the secrets (several while one is rotated) made this signature."""
    given = signature.encode("utf-8", "surrogatepass") if isinstance(signature, str) else b""
    fits = False
    for secret in secrets:
        if secret:  # an empty secret would let everybody sign
            fits |= hmac.compare_digest(sign(message, secret).encode(), given)
    if not fits:
        raise BadSignature


def checkout_message(*, payment_id: str, order_id: str = "", subscription_id: str = "") -> bytes:
    """What a checkout signs: `order|payment`; for subscriptions the other way round, `payment|subscription`."""
    text = f"{payment_id}|{subscription_id}" if subscription_id else f"{order_id}|{payment_id}"
    return text.encode("utf-8", "surrogatepass")
