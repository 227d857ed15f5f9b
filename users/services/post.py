"""Letters and codes leave by jobs, enqueued in the transaction that causes them (see users/tasks.py)."""

from collections.abc import Mapping
from uuid import UUID

from core.jobs import enqueue
from users.models import OtpChallenge, User

SEND_LETTER, SEND_CODE, SEND_PUSH = "users.send_letter", "users.send_code", "users.send_push"


def tell(user: User, kind: str, *, to: str | None = None, **facts: str) -> None:
    """A notice about the account, if it has a mail address (or to the given one); facts hold no secrets."""
    address = to or user.email
    if address:
        enqueue(SEND_LETTER, kind=kind, to=address, name=user.first_name, facts=facts)


def send_code(challenge: OtpChallenge, to: str) -> None:
    """The code (and link) of a challenge to its address; the job finds out whether somebody may have it."""
    enqueue(SEND_CODE, challenge_id=str(challenge.pk), to=to)


def tell_address(address: str, kind: str, user_id: UUID | None = None) -> None:
    """A notice to an address whose account is not known to exist."""
    enqueue(SEND_LETTER, kind=kind, to=address, name="", facts={})


def push(user_id: UUID, *, title: str, body: str, data: Mapping[str, str]) -> None:
    """A note to all phones of a person; the job finds them."""
    enqueue(SEND_PUSH, user_id=str(user_id), title=title, body=body, data=dict(data))
