"""From a commit to the sockets of all server processes: one topic carries all threads' frames, one all news of who
may listen. A process without a member of a thread drops its frames unread.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chat import frames
from core import hub

LIVE, CONTROL, INBOX = "chat:live", "chat:control", "chat:inbox"


class Cast(NamedTuple):
    """One frame for the sockets in a thread. `rev` 0: it is a poke and may get lost (TYPING, READ, THREAD)."""

    thread_id: str
    seq: int
    rev: int
    text: str
    staff: bool = False  # staff who watch the inbox get it too
    but: str = ""  # a user who doesn't get it


def tell(casts: Sequence[Cast]) -> None:
    """On commit, to everybody who has the thread open."""
    hub.publish(LIVE, {"from": "", "casts": [list(cast) for cast in casts]})


def tell_message(said: frames.Said, *, staff: bool) -> None:
    tell([Cast(str(said.thread_id), said.seq, said.rev, frames.text(frames.message(said)), staff)])


def tell_change(said: frames.Said, *, staff: bool) -> None:
    tell([Cast(str(said.thread_id), said.seq, said.rev, frames.text(frames.change(said)), staff)])


def tell_frame(
    thread_id: UUID, frame: dict[str, Any], *, staff: bool = False, but: UUID | None = None
) -> None:
    tell([Cast(str(thread_id), 0, 0, frames.text(frame), staff, str(but or ""))])


def tell_access(user_id: UUID, thread_id: UUID, *, joined: bool) -> None:
    """Somebody came into a thread, or left it: their open sockets follow."""
    hub.publish(CONTROL, {"user": str(user_id), "thread": str(thread_id), "joined": joined})


def tell_inbox(thread_id: UUID, frame: dict[str, Any]) -> None:
    """A frame that only staff see (NOTE)."""
    hub.publish(INBOX, {"thread": str(thread_id), "text": frames.text(frame)})
