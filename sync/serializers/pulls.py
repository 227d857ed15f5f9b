"""The body, or the query, of a pull."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.cursors import Position
from sync.errors import BadCursor, BadRequest
from sync.ports import collections
from sync.requests import ALL_AT_ONCE, MAX_PAGE, PullRequest
from sync.serializers.common import (
    bad,
    body,
    check_schema_version,
    client_id,
    decoded,
    either,
    integer,
    known_collection,
    whole_cursor,
)


def read_pull(data: Any, *, session: str) -> PullRequest:
    """Raises BadRequest, BadCursor, UnknownCollection (400), UnsupportedSchemaVersion (426)."""
    data = body(data)
    check_schema_version(data)
    cursor, token = _cursor(either(data, "cursor", "lastPulledAt", "last_pulled_at"))
    limit = data.get("limit")
    names = _names(data.get("collections"))
    documents = _documents(data.get("format"), names)
    tables, columns = _migration(decoded("migration", data.get("migration")))
    return PullRequest(
        cursor=cursor,
        token=token,
        limit=ALL_AT_ONCE if limit in (None, "") else integer("limit", limit, 1, MAX_PAGE),
        names=names,
        filters=_filters(decoded("filters", data.get("filters"))),
        new_tables=tables,
        new_columns=columns,
        documents=documents,
        client=client_id(data) or session,
    )


def _cursor(value: Any) -> tuple[Position | None, str]:
    if isinstance(value, str) and value not in ("", "null") and not value.isdigit():
        if len(value) > 20_000:
            raise BadCursor
        return None, value
    whole = whole_cursor(value)
    return (None if whole is None else Position.unpacked(whole)), ""


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return collections.in_order()
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    if not isinstance(value, list):
        raise bad("collections", "Give a list of names.")
    wanted = {known_collection(name) for name in value}
    return tuple(name for name in collections.in_order() if name in wanted)


def _documents(value: Any, names: tuple[str, ...]) -> bool:
    if value not in (None, "changes", "documents"):
        raise bad("format", "Give changes or documents.")
    if value == "documents" and len(names) != 1:
        raise bad("collections", "With format documents name one collection.")
    return bool(value == "documents")


def _filters(value: Any) -> dict[str, dict[str, str]]:
    """Collection -> filter -> text; the database judges whether the text suits its column."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise bad("filters", "Give an object: collection -> filter -> value.")
    found: dict[str, dict[str, str]] = {}
    for name, chosen in value.items():
        allowed = collections[known_collection(name)].filters
        if not isinstance(chosen, Mapping):
            raise bad("filters", f"Give an object for {name}.")
        for key, wanted in chosen.items():
            if key not in allowed:
                raise bad("filters", f"{name} can be filtered by: {', '.join(sorted(allowed)) or 'nothing'}.")
            if isinstance(wanted, list | Mapping) or wanted is None:
                raise bad("filters", f"Give one value for {name}.{key}.")
            found.setdefault(name, {})[key] = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return found


def _migration(value: Any) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """New tables and columns of the app; those that the server has not are the app's own business."""
    if value is None:
        return (), {}
    if not isinstance(value, Mapping):
        raise bad("migration", "Give an object with from, tables and columns.")
    tables, columns = value.get("tables") or [], value.get("columns") or []
    if not isinstance(tables, list) or not isinstance(columns, list):
        raise bad("migration", "tables and columns are lists.")
    found: dict[str, tuple[str, ...]] = {}
    for item in columns:
        if not isinstance(item, Mapping) or not isinstance(item.get("columns"), list):
            raise BadRequest(fields={"migration": ["Each of columns is {table, columns: [names]}."]})
        name, new = item.get("table"), item["columns"]
        if isinstance(name, str) and name in collections and name not in tables:
            known = tuple(field.name for field in collections[name].fields if field.name in new)
            found[name] = found.get(name, ()) + known
    known_tables = tuple(name for name in tables if isinstance(name, str) and name in collections)
    return known_tables, {name: new for name, new in found.items() if new}
