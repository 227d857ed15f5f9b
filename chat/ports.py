"""What chat lets higher apps plug in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from core.registry import Registry
from users.models import User

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
