"""What chat lets other apps plug in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class About:
    """What a thread is about, as its owner sees it.

    `kind` and `people` (user id -> role label) say what thread to open about it; the one who opens it is added.
    `facts` are (label, value) for the staff's eyes beside the conversation.
    """

    title: str
    kind: str = "support"
    people: Mapping[UUID, str] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""


@runtime_checkable
class Context(Protocol):
    """Things of one kind that threads are about; registered under the `kind` of `{"kind", "id"}`."""

    def about(self, id: UUID, user_id: UUID) -> About | None:  # noqa: A002 -- the port's own word
        """None when there is none that this person may see."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a customer in one line. `model` ("garage.vehicle") and `id`: the staff page that says more, linked
    for those who may see it.
    """

    title: str
    detail: str = ""
    model: str = ""
    id: UUID | None = None


@runtime_checkable
class Beside(Protocol):
    """What support sees of a customer beside a conversation: no more than they need to answer."""

    title: str

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        """The newest `limit`, in one statement. Runs as the system, for staff in the support group."""
        ...


class Socket(Protocol):
    """What a frame handler of another app sees of a socket."""

    @property
    def user_id(self) -> UUID: ...

    def send_frame(self, frame: Mapping[str, Any]) -> None:
        """Queue a frame; never waits. A reader that is too slow is cut off."""
        ...

    def refuse(self, code: str, message: str, **more: Any) -> None:
        """Queue an ERROR frame."""
        ...

    def spawn(self, work: Awaitable[None], *, name: str = "") -> Callable[[], None]:
        """Run something beside the reading, ended with the socket; what ends it earlier."""
        ...


@runtime_checkable
class FrameHandler(Protocol):
    """Takes frames of one `type` that chat itself does not know. It must not take long: `spawn` what does."""

    async def __call__(self, socket: Socket, frame: Mapping[str, Any]) -> None: ...


contexts: Registry[Context] = Registry("chat.contexts", Context)
besides: Registry[Beside] = Registry("chat.besides", Beside)
frames: Registry[FrameHandler] = Registry("chat.frames", FrameHandler)
