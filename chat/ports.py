"""What chat lets other apps plug in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry
from users.models import User


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


# -- The assistant: what it may know of a person, asked as that person (`as_user`) and never written to


@dataclass(frozen=True, slots=True)
class Source:
    """Where a sentence comes from. `url` is the path of the record in the API, "" for none."""

    kind: str
    id: str
    title: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One plain English sentence about a record of this person. Their own words in it are data, no instructions."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Block:
    """Facts of one kind, the most important first: what no longer fits into the model's budget is cut at the end."""

    name: str
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks. `words` are folded: lower case, without accents, typos of known words repaired."""

    user: User
    text: str
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer without a model: sentences made from the records named in `sources`."""

    text: str
    sources: Sequence[Source] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of question that an app answers by itself.

    needs: groups of words, of which each must be hit by one word of the question at least.
    likes: words that make this the better of two patterns. unlike: words that make it no match.
    answer: None when there is nothing to say; then the next best pattern is asked.
    """

    name: str
    needs: tuple[frozenset[str], ...]
    answer: Callable[[Question], Reply | None]
    likes: frozenset[str] = frozenset()
    unlike: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tool:
    """A read that a model may ask for. `parameters` is a JSON schema; `run` sees only what `user` sees.

    `run` may be given anything: it answers no facts for arguments that make no sense.
    """

    name: str
    description: str
    run: Callable[[User, Mapping[str, Any]], Sequence[Fact]]
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@runtime_checkable
class Knowledge(Protocol):
    """What one app knows of a person. `order` is the place of its blocks in the prompt, the smallest first."""

    order: int

    def blocks(self, user: User) -> Sequence[Block]: ...

    def tools(self) -> Sequence[Tool]: ...

    def patterns(self) -> Sequence[Pattern]: ...

    def look_up(self, code: str) -> Fact | None:
        """What a trouble code (`P0301`, upper case) means, in the house's own words."""
        ...


class PlainKnowledge:
    """A base for plugs that know only some of it."""

    order = 100

    def blocks(self, user: User) -> Sequence[Block]:
        return ()

    def tools(self) -> Sequence[Tool]:
        return ()

    def patterns(self) -> Sequence[Pattern]:
        return ()

    def look_up(self, code: str) -> Fact | None:
        return None


knowledge: Registry[Knowledge] = Registry("knowledge", Knowledge)


def words(text: str) -> frozenset[str]:
    """The words of a pattern, as they are written: `words("next due when")`."""
    return frozenset(text.split())
