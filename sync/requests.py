"""What a client asks for, read and checked: plain values between the doors and the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sync.cursors import Position

MAX_RECORDS = 1_000  # of a push
MAX_BYTES = 4 * 1024 * 1024  # of its body
MAX_PAGE = 10_000  # records of a page
ALL_AT_ONCE = 50_000  # records of an answer to a client that does not page


class OnConflict(StrEnum):
    MERGE = "merge"  # field by field; the default
    REJECT = "reject"  # a record that has moved on is not touched, its state is answered
    ABORT = "abort"  # one such record refuses the whole push


@dataclass(frozen=True, slots=True)
class PullRequest:
    cursor: Position | None  # None: from the start, or a page
    token: str  # a page in the middle of an answer, or empty
    limit: int
    names: tuple[str, ...]  # the collections asked for, parents first
    filters: Mapping[str, Mapping[str, str]]  # collection -> filter -> value
    new_tables: tuple[str, ...]
    new_columns: Mapping[str, tuple[str, ...]]
    documents: bool
    client: str


@dataclass(slots=True)
class Record:
    """One record as a client pushed it."""

    id: UUID
    shown_id: str  # as the client writes it
    payload: Any  # as it came
    delete: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    changed: frozenset[str] | None = None  # the fields that the client changed, if it says so
    assumed: Mapping[str, Any] | None = None  # the state that it believes the server has
    compares: bool = False  # it came with a belief, be it that there is no such record


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record without an id that could be one."""

    collection: str
    shown_id: str | None
    payload: Any


@dataclass(frozen=True, slots=True)
class PushRequest:
    push_id: UUID | None
    digest: bytes
    client: str
    cursor: Position | None
    on_conflict: OnConflict
    records: Mapping[str, Mapping[UUID, Record]]  # collection -> id -> record
    unreadable: tuple[Unreadable, ...]
