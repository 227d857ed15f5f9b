"""What tuners lets higher apps plug in."""

from typing import Protocol, runtime_checkable
from uuid import UUID

from core.refs import Ref
from core.registry import Registry


@runtime_checkable
class ReviewRight(Protocol):
    """A deed between two people that gives the right to review: a purchase, a finished visit."""

    def right(self, author_id: UUID, tuner_id: UUID) -> Ref | None:
        """The newest such deed of user `author_id` with the tuner whose *user* id is `tuner_id`, or None."""
        ...


review_rights: Registry[ReviewRight] = Registry("review_rights", ReviewRight)
