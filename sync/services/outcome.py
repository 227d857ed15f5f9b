"""What became of a push: accepted ids, rejections with reasons, conflicts; and what is left behind of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection

from core import clock
from core.errors import DomainError, ValueTaken, constraint_errors
from sync.models import SyncRejection
from sync.ports import collections
from sync.selectors import documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db import DatabaseError

    from sync.requests import PushRequest, Record, Unreadable

IMPOSSIBLE = {"record": ["A value is not possible."]}
RETRYABLE_STATUS = {429, 503}
MOST_LETTERS = 2_000


@dataclass(slots=True)
class Refusal:
    """Why one record was refused; `retryable` ones the client keeps and sends again."""

    code: str
    errors: dict[str, Any] = field(default_factory=dict)
    retryable: bool = False
    existing_id: str | None = None


def read_only() -> Refusal:
    return Refusal("read_only", {"record": ["Only the server writes this."]})


def gone() -> Refusal:
    return Refusal("deleted", {"record": ["This record was deleted."]})


def moved_on() -> Refusal:
    return Refusal("conflict", {"record": ["This record has changed on the server."]})


def forbidden() -> Refusal:
    """The same for somebody else's record and for an id that is taken: nothing is given away."""
    return Refusal("forbidden", {"id": ["This id can't be used."]})


def invalid(errors: dict[str, Any], *, retryable: bool = False) -> Refusal:
    return Refusal("invalid", errors, retryable=retryable)


def refusal_of(problem: DomainError | DatabaseError, table: str) -> Refusal | None:
    """The refusal that an exception of a plug's write means; None for one that is nobody's input."""
    if isinstance(problem, DomainError):
        errors = problem.fields or {"record": [problem.text]}
        return Refusal(problem.code, errors, retryable=problem.status in RETRYABLE_STATUS)
    cause = problem.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
    if constraint == f"{table}_pkey" or state == "42501":
        return forbidden()
    if registered := constraint_errors.get(constraint):
        return refusal_of(registered(), table)
    if state == "23505":
        return Refusal(ValueTaken.code, {"record": [ValueTaken.message]})
    if state in {"55P03", "57014"}:
        return Refusal("busy", {"record": ["Somebody else is changing this."]}, retryable=True)
    return invalid(IMPOSSIBLE) if state[:2] in {"22", "23"} else None


@dataclass(slots=True)
class Outcome:
    accepted: dict[str, list[str]] = field(default_factory=dict)
    rejected: dict[str, list[tuple[Record, Refusal]]] = field(default_factory=dict)
    conflicts: dict[str, list[Record]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def accept(self, name: str, record: Record) -> None:
        self.accepted.setdefault(name, []).append(record.shown_id)

    def refuse(self, name: str, record: Record, refusal: Refusal) -> None:
        self.rejected.setdefault(name, []).append((record, refusal))

    def conflict(self, name: str, record: Record) -> None:
        self.conflicts.setdefault(name, []).append(record)

    def waits_for(self, parents: Sequence[str]) -> bool:
        """A parent will be sent again: what its children lack now they may have then."""
        return any(why.retryable for name in parents for _, why in self.rejected.get(name, []))

    def answer(self, user_id: UUID) -> dict[str, Any]:
        """The body of the answer; present rows of refused and conflicting records are read once a collection."""
        rejected: list[dict[str, Any]] = []
        conflicts: list[dict[str, Any]] = []
        keep: dict[str, list[str]] = {}
        for name in dict.fromkeys([*self.rejected, *self.conflicts]):
            refused, moved = self.rejected.get(name, []), self.conflicts.get(name, [])
            ids = [record.id for record, _ in refused] + [record.id for record in moved]
            present = documents.records(name, ids, user_id)
            rejected += [_told(name, record, why, present[str(record.id)]) for record, why in refused]
            conflicts += [
                {"collection": name, "id": record.shown_id, "record": present[str(record.id)]}
                for record in moved
            ]
            if again := [record.shown_id for record, why in refused if why.retryable]:
                keep[name] = again
            _tell_again(name, [record.id for record, why in refused if not why.retryable], present)
        rejected += [_unreadable(item) for item in self.unreadable]
        return {
            "accepted": self.accepted,
            "rejected": rejected,
            "conflicts": conflicts,
            "experimentalRejectedIds": keep,
            "replayed": False,
        }

    def bury(self, request: PushRequest, user_id: UUID) -> None:
        """What was refused for good goes to the dead letters, the newest of each record, MOST_LETTERS a person.

        Without an end a client with invented ids could fill the disk.
        """
        letters = {
            (name, record.shown_id): (why.code, why.errors, record.payload)
            for name, refused in self.rejected.items()
            for record, why in refused
            if not why.retryable
        }
        for item in self.unreadable:
            letters[item.collection, item.shown_id or ""] = ("bad_id", BAD_ID, item.payload)
        if letters:
            SyncRejection.objects.bulk_create(
                [
                    SyncRejection(
                        stream=user_id, collection=name, record=record, code=code, errors=errors, payload=payload,
                        client_id=request.client, push_id=request.push_id, created_at=clock.now(),
                    )
                    for (name, record), (code, errors, payload) in letters.items()
                ],
                update_conflicts=True,
                unique_fields=["stream", "collection", "record"],
                update_fields=["code", "errors", "payload", "client_id", "push_id", "created_at"],
            )  # fmt: skip
            too_old = SyncRejection.objects.filter(stream=user_id).order_by("-created_at", "-id")[
                MOST_LETTERS:
            ]
            SyncRejection.objects.filter(pk__in=list(too_old.values_list("pk", flat=True))).delete()


BAD_ID = {"id": ["Give a UUID."]}


def _told(name: str, record: Record, why: Refusal, present: dict[str, Any]) -> dict[str, Any]:
    told = {
        "collection": name,
        "id": record.shown_id,
        "code": why.code,
        "errors": why.errors,
        "record": None if present["_deleted"] else present,
        "retryable": why.retryable,
    }
    return told | ({"existing_id": why.existing_id} if why.existing_id else {})


def _unreadable(item: Unreadable) -> dict[str, Any]:
    return {
        "collection": item.collection,
        "id": item.shown_id,
        "code": "bad_id",
        "errors": BAD_ID,
        "record": None,
        "retryable": False,
    }


def _tell_again(name: str, ids: list[UUID], present: dict[str, dict[str, Any]]) -> None:
    """The next pull brings the server's truth over what the client made of these records."""
    if ids:
        gone_ones = [bool(present[str(each)]["_deleted"]) for each in ids]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sync_tell_again(%s::smallint, %s::uuid[], %s::boolean[])",
                [collections[name].code, ids, gone_ones],
            )
