"""One-time codes of six digits. None is stored: a code is an HMAC of its challenge's id and salt.

So the job that sends a code and the view that checks it both work it out from the key, and whoever reads the
database, its backups or the queue of jobs finds nothing to log in with.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from core import clock
from users.models import OtpChallenge, Purpose

MAX_ATTEMPTS = 5
LIFE = {
    Purpose.LOGIN: timedelta(minutes=5),
    Purpose.VERIFY: timedelta(minutes=15),  # mail is slower than SMS
    Purpose.CHANGE: timedelta(minutes=15),
    Purpose.RESET: timedelta(minutes=15),
}


def hash_of(address: str) -> str:
    """What stands for a phone number or mail address in the table: 64 hexadecimal digits."""
    return hmac.new(_key(), b"address:" + address.strip().lower().encode(), hashlib.sha256).hexdigest()


def code_of(challenge: OtpChallenge) -> str:
    """The six digits. The bias of a 64-bit remainder is below 10^-13."""
    stem = f"code:{challenge.pk.hex}:{challenge.salt}".encode()
    digest = hmac.new(_key(), stem, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def issue(
    *, purpose: Purpose, address: str, user_id: UUID | None, ip_prefix: str = "", outside: bool = False
) -> OtpChallenge:
    """A new code for `address`, known or not; it ends the codes before it. Runs as the system."""
    now = clock.now()
    _open(purpose, address, now).update(closed_at=now)
    challenge: OtpChallenge = OtpChallenge.objects.create(
        purpose=purpose,
        address_hash=hash_of(address),
        user_id=user_id,
        salt=secrets.token_hex(16),
        outside=outside,
        created_at=now,
        expires_at=now + LIFE[purpose],
        ip_prefix=ip_prefix,
    )
    return challenge


def attempt(*, purpose: Purpose, address: str, challenge_id: UUID | None) -> OtpChallenge | None:
    """Count one attempt at the newest open code (or the named one) of `address`, and lock it.

    None when there is none, it is over, or its five attempts are used up. The caller commits the count whatever
    becomes of the request.
    """
    rows = _open(purpose, address, clock.now())
    if challenge_id is not None:
        rows = rows.filter(pk=challenge_id)
    challenge: OtpChallenge | None = rows.select_for_update().order_by("-created_at").first()
    if challenge is None or challenge.attempts >= MAX_ATTEMPTS:
        return None
    challenge.attempts += 1
    challenge.save(update_fields=["attempts"])
    return challenge


def is_code_of(challenge: OtpChallenge, code: str) -> bool:
    return hmac.compare_digest(code_of(challenge).encode(), code.strip().encode())


def close(challenge: OtpChallenge) -> None:
    """Used up."""
    challenge.closed_at = clock.now()
    challenge.save(update_fields=["closed_at"])


def _open(purpose: Purpose, address: str, now: datetime) -> Any:
    return OtpChallenge.objects.filter(
        purpose=purpose, address_hash=hash_of(address), closed_at=None, expires_at__gt=now
    )


def _key() -> bytes:
    return str(settings.OTP_KEY).encode()
