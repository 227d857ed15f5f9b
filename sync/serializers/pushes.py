"""The body of a push: `changes` as WatermelonDB sends them, or `rows` as RxDB does, or both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from sync.cursors import Position
from sync.errors import BadRequest, PushTooLarge
from sync.requests import MAX_RECORDS, OnConflict, PushRequest, Record, Unreadable
from sync.serializers.common import (
    bad,
    body,
    check_schema_version,
    client_id,
    either,
    known_collection,
    uuid_of,
    whole_cursor,
)

if TYPE_CHECKING:
    from uuid import UUID


def read_push(data: Any, idempotency_key: str | None) -> PushRequest:
    """Raises BadRequest, BadCursor, UnknownCollection (400), PushTooLarge (413), UnsupportedSchemaVersion (426)."""
    data = body(data)
    check_schema_version(data)
    changes, rows = _tables(data, "changes"), _tables(data, "rows")
    items = [*_changes(changes), *_rows(rows)]
    if len(items) > MAX_RECORDS:
        raise PushTooLarge(MAX_RECORDS)
    for name in dict.fromkeys(name for name, _ in items):
        known_collection(name)
    cursor = whole_cursor(either(data, "cursor", "lastPulledAt", "last_pulled_at"))
    mode = _mode(either(data, "on_conflict", "onConflict"))
    records: dict[str, dict[UUID, Record]] = {}
    for name, item in items:
        if isinstance(item, Record):
            _place(records.setdefault(name, {}), item)
    return PushRequest(
        push_id=_push_id(either(data, "push_id", "pushId"), idempotency_key),
        digest=hashlib.sha256(orjson.dumps([changes, rows, mode], option=orjson.OPT_SORT_KEYS)).digest(),
        client=client_id(data),
        cursor=None if cursor is None else Position.unpacked(cursor),
        on_conflict=mode,
        records=records,
        unreadable=tuple(item for _, item in items if isinstance(item, Unreadable)),
    )


def _mode(value: Any) -> OnConflict:
    if value is None:
        return OnConflict.MERGE
    if not isinstance(value, str) or value not in list(OnConflict):
        raise bad("on_conflict", "Give merge, reject or abort.")
    return OnConflict(value)


def _push_id(given: Any, header: str | None) -> UUID | None:
    for value in (given, header):
        if value is not None and uuid_of(value) is None:
            raise bad("push_id", "Give a UUID.")
    if given is not None and header is not None and uuid_of(given) != uuid_of(header):
        raise bad("push_id", "Differs from the Idempotency-Key.")
    return uuid_of(given if given is not None else header)


def _tables(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    tables = data.get(key)
    if tables is None:
        return {}
    if not isinstance(tables, Mapping):
        raise bad(key, "Give an object: collection -> records.")
    return tables


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(fields={where: ["Give a list."]})
    return value


def _changes(tables: Mapping[str, Any]) -> list[tuple[str, Record | Unreadable]]:
    """WatermelonDB's {collection: {created, updated, deleted}}; a table without changes may be the app's own."""
    found: list[tuple[str, Record | Unreadable]] = []
    for name, change in tables.items():
        if not isinstance(change, Mapping):
            raise bad("changes", f"Give created, updated and deleted for {name[:60]}.")
        for kind in ("created", "updated"):
            found += [(name, _upsert(name, raw)) for raw in _list(change.get(kind), f"changes.{name}.{kind}")]
        found += [
            (name, _delete(name, raw)) for raw in _list(change.get("deleted"), f"changes.{name}.deleted")
        ]
    return found


def _upsert(name: str, raw: Any) -> Record | Unreadable:
    found = uuid_of(raw.get("id")) if isinstance(raw, Mapping) else None
    if found is None:
        return _unreadable(name, raw.get("id") if isinstance(raw, Mapping) else None, raw)
    if raw.get("_deleted") is True:
        return Record(found, raw["id"], raw, delete=True)
    return Record(found, raw["id"], raw, fields=raw, changed=_changed(raw))


def _changed(raw: Mapping[str, Any]) -> frozenset[str] | None:
    """The names in `_changed`; an empty text counts only where the client says that it changed no more."""
    names = raw.get("_changed")
    if not isinstance(names, str) or (not names and raw.get("_status") != "updated"):
        return None
    return frozenset(part.strip() for part in names.split(",") if part.strip())


def _delete(name: str, raw: Any) -> Record | Unreadable:
    given = raw.get("id") if isinstance(raw, Mapping) else raw
    found = uuid_of(given)
    return _unreadable(name, given, raw) if found is None else Record(found, str(given), raw, delete=True)


def _rows(tables: Mapping[str, Any]) -> list[tuple[str, Record | Unreadable]]:
    """RxDB's {collection: [{newDocumentState, assumedMasterState}]}."""
    return [(name, _row(name, raw)) for name, rows in tables.items() for raw in _list(rows, f"rows.{name}")]


def _row(name: str, raw: Any) -> Record | Unreadable:
    state = raw.get("newDocumentState") if isinstance(raw, Mapping) else None
    found = uuid_of(state.get("id")) if isinstance(state, Mapping) else None
    if found is None or not isinstance(state, Mapping):
        return _unreadable(name, state.get("id") if isinstance(state, Mapping) else None, raw)
    assumed = raw.get("assumedMasterState")
    if assumed is not None and not isinstance(assumed, Mapping):
        raise BadRequest(fields={f"rows.{name}": ["assumedMasterState is an object."]})
    delete = state.get("_deleted") is True
    return Record(found, state["id"], state, delete=delete, fields=state, assumed=assumed, compares=True)


def _unreadable(name: str, given: Any, payload: Any) -> Unreadable:
    return Unreadable(name, given[:64] if isinstance(given, str) else None, payload)


def _place(records: dict[UUID, Record], item: Record) -> None:
    """An id twice in one push: the later fields win, a deletion is final."""
    before = records.get(item.id)
    if before is None:
        records[item.id] = item
    elif not before.delete:
        if item.delete:
            records[item.id] = item
        else:
            both = None if before.changed is None or item.changed is None else before.changed | item.changed
            before.fields, before.changed, before.payload = (
                {**before.fields, **item.fields},
                both,
                item.payload,
            )
