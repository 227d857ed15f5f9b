"""What the assistant needs of the chat between people."""

from typing import Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry
from users.models import User


@runtime_checkable
class HumanThreads(Protocol):
    """Opens a thread with people, in the transaction under way."""

    def open(self, user: User, *, subject: str, message: str, transcript: str) -> UUID:
        """The id of a support thread of this person; `transcript` is what was said to the assistant."""
        ...


human_threads: Registry[HumanThreads] = Registry("human_threads", HumanThreads)
