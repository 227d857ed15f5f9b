"""A push: all records that can be applied are, in one transaction; each of the others is refused with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.db import DatabaseError, connection, transaction

from core import clock
from core.errors import DomainError
from core.ids import uuid7
from core.renderers import dumps
from sync.errors import Conflict, IdempotencyMismatch
from sync.models import SyncEntry, SyncPush
from sync.ports import Change, Deed, Direction, Merge, collections
from sync.requests import OnConflict
from sync.selectors import documents
from sync.services import outcome as refusals
from sync.services.merge import Verdict, judge, meant
from sync.services.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sync.ports import Collection
    from sync.requests import PushRequest, Record

_DEEDS = {Verdict.CREATE: Deed.CREATE, Verdict.UPDATE: Deed.UPDATE, Verdict.DELETE: Deed.DELETE}
_CLAIM = """
INSERT INTO sync_syncpush (id, stream, push_id, digest, answer, created_at) VALUES (%s, %s, %s, %s, '', %s)
ON CONFLICT (stream, push_id) DO NOTHING RETURNING id
"""
_ANSWERED = "SELECT digest, answer FROM sync_syncpush WHERE stream = %s AND push_id = %s"
TRANSIENT = {"40001", "40P01"}  # serialization failure, deadlock: the whole push is tried again


def apply_push(request: PushRequest, user: Any) -> bytes:
    """The answer as JSON. To be called inside the person's transaction (`as_user`).

    Raises IdempotencyMismatch (422), Conflict (409, with `on_conflict: abort`); then nothing is applied.
    """
    if request.push_id is not None and (stored := _answered_before(request, user.pk)) is not None:
        return stored
    outcome = Outcome(unreadable=list(request.unreadable))
    for name in collections.in_order():
        if name in request.records:
            _Batch(name, collections[name], user, request, outcome).apply()
    if outcome.conflicts and request.on_conflict is OnConflict.ABORT:
        raise Conflict(
            fields={name: [record.shown_id for record in moved] for name, moved in outcome.conflicts.items()}
        )
    answer = dumps(outcome.answer(user.pk))
    outcome.bury(request, user.pk)
    if request.push_id is not None:
        SyncPush.objects.filter(stream=user.pk, push_id=request.push_id).update(answer=answer.decode())
    return answer


def _answered_before(request: PushRequest, user_id: UUID) -> bytes | None:
    """Claim the push id; a twin that still works on it is waited for, then its answer is everybody's."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [uuid7(), user_id, request.push_id, request.digest, clock.now()])
        if cursor.fetchone() is not None:
            return None
        cursor.execute(_ANSWERED, [user_id, request.push_id])
        digest, answer = cursor.fetchone() or (b"", "{}")
    if bytes(digest) != request.digest:
        raise IdempotencyMismatch
    return dumps(orjson.loads(answer) | {"replayed": True})


@dataclass(slots=True)
class _Batch:
    """The records of one collection on their way through judging, cleaning and writing."""

    name: str
    plug: Collection
    user: Any
    request: PushRequest
    outcome: Outcome

    def apply(self) -> None:
        records = self.request.records[self.name]
        if self.plug.direction is Direction.PULL:
            for record in records.values():
                self.outcome.refuse(self.name, record, refusals.read_only())
        elif changes := self._judge(records):
            self._write(self._clean(changes))

    def _judge(self, records: Mapping[UUID, Record]) -> list[Change]:
        """What is to be written; the verdict on all others goes to the outcome."""
        rows = self.plug.lock(self.user, sorted(records))
        present = documents.records(self.name, list(rows), self.user.pk)
        stale = _stale(self.plug, self.request, list(rows), self.user.pk)
        changes: list[Change] = []
        for key, record in records.items():
            verdict = judge(
                record,
                present.get(str(key)),
                fields=self.plug.fields,
                stale=key in stale,
                rule=self.plug.merge,
                mode=self.request.on_conflict,
            )
            if verdict in _DEEDS:
                changes.append(_change(self.plug, record, _DEEDS[verdict], rows.get(key)))
            else:
                self._settle(record, verdict)
        return changes

    def _settle(self, record: Record, verdict: Verdict) -> None:
        if verdict is Verdict.ACCEPT:
            self.outcome.accept(self.name, record)
        elif verdict is Verdict.DELETED:
            self.outcome.refuse(self.name, record, refusals.gone())
        elif self.request.on_conflict is OnConflict.MERGE:
            self.outcome.refuse(self.name, record, refusals.moved_on())
        else:
            self.outcome.conflict(self.name, record)

    def _clean(self, changes: list[Change]) -> list[Change]:
        errors = self.plug.clean(self.user, changes)
        again = self.outcome.waits_for(self.plug.parents)
        todo: list[Change] = []
        for change in changes:
            if change.id in errors:
                self._refuse(change, refusals.invalid(errors[change.id], retryable=again))
            elif change.deed is Deed.UPDATE and not _differs(change):
                self._accept(change)
            else:
                todo.append(change)
        return todo

    def _write(self, todo: list[Change]) -> None:
        """In bulk; only if that is refused, record by record."""
        if len(todo) > 1 and self._written(todo) is None:
            for change in todo:
                self._accept(change)
            return
        for change in todo:
            if (problem := self._written([change])) is None:
                self._accept(change)
            else:
                self._refuse(change, self._reason(change, problem))

    def _written(self, changes: list[Change]) -> DomainError | DatabaseError | None:
        """Write under a savepoint; the refusal, if there was one and it may be a record's fault."""
        try:
            with transaction.atomic():
                self.plug.write(self.user, changes)
        except (DomainError, DatabaseError) as problem:
            if sqlstate(problem) in TRANSIENT or refusals.refusal_of(problem, self.plug.table) is None:
                raise
            return problem
        return None

    def _reason(self, change: Change, problem: DomainError | DatabaseError) -> refusals.Refusal:
        refusal = refusals.refusal_of(problem, self.plug.table)
        assert refusal is not None  # noqa: S101 -- `_written` raises those
        constraint = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", None)
        if (
            constraint
            and refusal.code != "forbidden"
            and (twin := self.plug.twin(self.user, change, constraint))
        ):
            refusal.existing_id = str(twin)
        return refusal

    def _accept(self, change: Change) -> None:
        self.outcome.accept(self.name, self.request.records[self.name][change.id])

    def _refuse(self, change: Change, refusal: refusals.Refusal) -> None:
        self.outcome.refuse(self.name, self.request.records[self.name][change.id], refusal)


def _change(plug: Collection, record: Record, deed: Deed, row: Any) -> Change:
    given: dict[str, Any] = {}
    if deed is Deed.CREATE:  # all that the client has: an unknown record has no other state
        given = {
            field.name: record.fields[field.name]
            for field in plug.fields
            if field.writable and field.name in record.fields
        }
    elif deed is Deed.UPDATE:
        given = meant(record, plug.fields)
    return Change(record.id, deed, given, row)


def _stale(plug: Collection, request: PushRequest, ids: list[UUID], user_id: UUID) -> set[UUID]:
    """Rows that have changed since the client's cursor, where the rules of the push or the collection ask."""
    if not ids or (request.on_conflict is OnConflict.MERGE and plug.merge is not Merge.SERVER_WINS):
        return set()
    if request.cursor is None:
        return set(ids)
    moved = SyncEntry.objects.filter(
        stream=user_id, collection=plug.code, record_id__in=ids, seq__gt=request.cursor.user
    )
    return set(moved.values_list("record_id", flat=True))


def _differs(change: Change) -> bool:
    """Cleaning may find that what was given says what is there (a VIN in small letters)."""
    change.values = {
        name: value for name, value in change.values.items() if getattr(change.row, name) != value
    }
    return bool(change.values)


def sqlstate(problem: Exception) -> str:
    """PostgreSQL's code of what went wrong, or an empty text."""
    return str(getattr(problem.__cause__, "sqlstate", None) or "")
