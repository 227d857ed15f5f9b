"""The words of the port: what a collection says of itself, and what a push asks of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from django.core.exceptions import ImproperlyConfigured

from core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

Errors = dict[str, Any]  # wire field -> messages


class Direction(StrEnum):
    PULL = "pull"
    BOTH = "both"


class Merge(StrEnum):
    FIELDS = "fields"  # each field's last writer wins; an untouched field is never overwritten
    SERVER_WINS = "server_wins"  # what was changed against an older state is refused


class Deed(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Field:
    """One wire field. `sql` is an expression over `{row}`; what it gives is what the client sees."""

    name: str
    sql: str
    type: str  # text | uuid | integer | number | boolean | instant | date | time | json
    writable: bool = False
    nullable: bool = False


@dataclass(slots=True)
class Change:
    """One record of a push on its way into the table."""

    id: UUID
    deed: Deed
    given: dict[str, Any]  # writable wire fields that the client means to set
    row: Any = None  # the caller's present row, locked; None for a create
    values: dict[str, Any] = field(default_factory=dict)  # filled by `clean`: model attribute -> value


@runtime_checkable
class Collection(Protocol):
    """Records of one kind; `ModelCollection` is the usual plug."""

    code: int
    table: str
    direction: Direction
    merge: Merge
    public: bool
    hot: bool
    scope: str  # SQL over {row} and %(me)s: whose rows these are; "true" for all
    live: str  # SQL over {row}: the row is there for clients

    @property
    def fields(self) -> Sequence[Field]: ...

    @property
    def parents(self) -> Sequence[str]: ...

    @property
    def filters(self) -> Mapping[str, str]:
        """Filter of a pull -> SQL over {row} with one %s."""
        ...

    def lock(self, user: Any, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """The caller's rows of these ids, tombstones included, locked in order of id."""
        ...

    def clean(self, user: Any, changes: Sequence[Change]) -> dict[UUID, Errors]:
        """Judge all changes by the rules of REST and fill their `values`; errors by id."""
        ...

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        """Write cleaned changes in as few statements as can be; a constraint or a DomainError may refuse."""
        ...

    def twin(self, user: Any, change: Change, constraint: str) -> UUID | None:
        """The caller's row that a unique constraint found in the way of this change."""
        ...


class Collections(Registry[Collection]):
    """All collections by wire name; codes are unique, a parent comes before its children."""

    def __init__(self) -> None:
        super().__init__("sync.collections", Collection)

    def register(self, key: str, plug: Collection) -> None:
        taken = {other.code: name for name, other in self.items()}
        if plug.code in taken:
            raise ImproperlyConfigured(
                f"{self.name}: code {plug.code} of {key!r} is taken by {taken[plug.code]!r}."
            )
        if not 0 < plug.code < 2**15:
            raise ImproperlyConfigured(f"{self.name}: the code of {key!r} must be from 1 to 32767.")
        if absent := [name for name in plug.parents if name not in self]:
            raise ImproperlyConfigured(f"{self.name}: {key!r} comes before its parents {absent}.")
        super().register(key, plug)
        vars(self).pop("order", None)

    def in_order(self) -> tuple[str, ...]:
        """Hot ones first, as far as their parents allow; parents before children."""
        return self.order

    @cached_property
    def order(self) -> tuple[str, ...]:
        placed: dict[str, None] = {}

        def place(name: str) -> None:
            for parent in self[name].parents:
                place(parent)
            placed.setdefault(name)

        for name in sorted(self.keys(), key=lambda name: not self[name].hot):
            place(name)
        return tuple(placed)


collections = Collections()
