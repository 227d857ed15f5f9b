"""Records as JSON, made by PostgreSQL: by id, or as a range of ids.

What it wrote stays bytes on its way to the client: half a megabyte is not worth decoding, copying and encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from core import sqljson
from core.postgresql.direct import Statement
from sync.ports import collections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.sqljson import Value
    from sync.ports import Collection, Field

Filters = Mapping[str, str]  # name of a filter -> value as text
EMPTY = {  # what a client fills a new column with
    "text": "<> ''",
    "integer": "<> 0",
    "number": "<> 0",
    "boolean": "",
}


# Documents in one value: half a megabyte as one text is copied four times, each time into new memory.
CHUNK = 16
MANY = 64 * 37  # characters of ids from which on that pays


class Told(NamedTuple):
    """JSON arrays without their brackets: records that are there, ids of those that are not."""

    updated: bytes
    deleted: bytes


def _value(field: Field) -> Value:
    match field.type:
        case "text":
            return sqljson.text(field.sql)
        case "uuid":
            return sqljson.uuid(field.sql, nullable=field.nullable)
        case "integer" | "boolean":
            return sqljson.bare(field.sql)
        case "instant":
            return sqljson.plain(field.sql, nullable=field.nullable)
        case _:
            return sqljson.any_value(field.sql)


def document(plug: Collection, **extra: Value) -> str:
    """SQL of a row `r` as JSON, as text."""
    written = {field.name: _value(field) for field in plug.fields}
    return sqljson.json_object(written | extra).replace("{row}", "r")


def by_ids(
    wanted: Mapping[str, str], user_id: UUID, filters: Mapping[str, Filters], *, documents: bool = False
) -> dict[str, Told]:
    """The records of these ids in one statement, whatever the number of collections; ids are texts of arrays.

    A row that is deleted, out of the caller's reach or outside the filter is told as deleted: the truth is looked
    up and no entry is believed. As `documents` every record carries `_deleted`; a tombstone still has its fields.
    """
    if not wanted:
        return {}
    chosen = {name: filters.get(name, {}) for name in wanted}
    chunked = any(len(ids) > MANY for ids in wanted.values())
    statement = _of_ids(
        tuple((name, tuple(sorted(each))) for name, each in chosen.items()), documents, chunked
    )
    values: dict[str, Any] = {"me": user_id}
    for number, (name, ids) in enumerate(wanted.items()):
        values[f"ids{number}"] = ids
        values |= _bound(chosen[name], number)
    chunks: dict[str, list[bytes]] = {name: [] for name in wanted}
    found = dict.fromkeys(wanted, 0)
    for key, told, many in statement.texts(values):
        name = key.decode()
        if told:
            chunks[name].append(told)
        found[name] += int(many)
    return {name: _told(b",".join(chunks[name]), found[name], ids) for name, ids in wanted.items()}


def _told(updated: bytes, many: int, ids: str) -> Told:
    """Those that are there, and where some are missing, which."""
    if many == ids.count(",") + 1:
        return Told(updated, b"")
    present = {record["id"] for record in orjson.loads(b"[%b]" % updated)}
    gone = (id_ for id_ in ids[1:-1].split(",") if id_ not in present)
    return Told(updated, ",".join(f'"{id_}"' for id_ in gone).encode())


@lru_cache(maxsize=256)
def _of_ids(wanted: tuple[tuple[str, tuple[str, ...]], ...], documents: bool, chunked: bool) -> Statement:
    """The statement for these collections, each with the names of its filters; in chunks for many records."""
    parts = []
    for number, (name, filters) in enumerate(wanted):
        plug = collections[name]
        where = conditions(plug, filters, number, live=not documents)
        write = _documents if documents else _changes if chunked else _few_changes
        parts.append(write(name, plug, number, where))
    return Statement("\nUNION ALL\n".join(parts))


def _changes(name: str, plug: Collection, number: int, where: str) -> str:
    """Those that are there, in chunks; the number of each chunk's."""
    return f"""
(SELECT '{name}', string_agg(d.doc, ','), count(*)
   FROM (SELECT {document(plug)} AS doc, row_number() OVER () AS place
           FROM {plug.table} AS r WHERE r.id = ANY(%(ids{number})s::uuid[]) AND {where}) AS d
  GROUP BY d.place / {CHUNK})"""


def _few_changes(name: str, plug: Collection, number: int, where: str) -> str:
    """The same at once."""
    return f"""
(SELECT '{name}', string_agg({document(plug)}, ','), count(*)
   FROM {plug.table} AS r WHERE r.id = ANY(%(ids{number})s::uuid[]) AND {where})"""


def _documents(name: str, plug: Collection, number: int, where: str) -> str:
    """All, in order of change; of a row that is out of reach only its id."""
    absent = sqljson.json_object({"id": sqljson.uuid("wanted.id"), "_deleted": [(True, "true")]})
    written = document(plug, _deleted=sqljson.bare(f"NOT ({plug.live})"))
    return f"""
(SELECT '{name}', string_agg(coalesce(found.doc, {absent}), ',' ORDER BY wanted.place), count(*)
   FROM unnest(%(ids{number})s::uuid[]) WITH ORDINALITY AS wanted (id, place) LEFT JOIN LATERAL (
        SELECT {written} AS doc FROM {plug.table} AS r WHERE r.id = wanted.id AND {where}) AS found ON true
  GROUP BY wanted.place / {CHUNK} ORDER BY wanted.place / {CHUNK})"""


class Page(NamedTuple):
    """A range of records as a JSON array without brackets; `last` is the id to go on after."""

    told: bytes
    many: int
    last: UUID | None


def scan(
    name: str,
    user_id: UUID,
    filters: Filters,
    *,
    after: UUID,
    limit: int,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    documents: bool = False,
) -> Page:
    """The caller's live records by id, straight from the table: what a first sync reads."""
    bound: dict[str, Any] = {
        "me": user_id,
        "after": after,
        "limit": limit,
        **_bound(filters, 0),
        **(values or {}),
    }
    chunks = _range(name, tuple(sorted(filters)), condition, documents).texts(bound)
    if not chunks:
        return Page(b"", 0, None)
    many = sum(int(chunk[1]) for chunk in chunks)
    return Page(b",".join([chunk[0] for chunk in chunks]), many, UUID(chunks[-1][2].decode()))


@lru_cache(maxsize=256)
def _range(name: str, filters: tuple[str, ...], condition: str, documents: bool) -> Statement:
    plug = collections[name]
    extra: dict[str, Value] = {"_deleted": [(True, "false")]} if documents else {}
    where = conditions(plug, filters, 0, live=True)
    return Statement(f"""
SELECT string_agg(d.doc, ',' ORDER BY d.place), count(*), (array_agg(d.id ORDER BY d.place))[count(*)]
  FROM (SELECT {document(plug, **extra)} AS doc, r.id, row_number() OVER () AS place FROM (
               SELECT r.* FROM {plug.table} AS r
                WHERE {where} AND r.id > %(after)s {condition} ORDER BY r.id LIMIT %(limit)s) AS r) AS d
 GROUP BY d.place / {CHUNK} ORDER BY d.place / {CHUNK}""")


def conditions(plug: Collection, filters: Sequence[str], number: int, *, live: bool) -> str:
    """The WHERE of a collection's rows `r`; `_bound` gives the values of its filters."""
    parts = [plug.scope, *([plug.live] if live else [])]
    parts += [plug.filters[name].replace("%s", f"%({_key(name, number)})s") for name in filters]
    return " AND ".join(f"({part})" for part in parts).replace("{row}", "r")


def _bound(filters: Filters, number: int) -> dict[str, str]:
    return {_key(name, number): value for name, value in filters.items()}


def _key(name: str, number: int) -> str:
    return f"filter{number}_{name}"


def not_empty(fields: Sequence[Field]) -> str:
    """Rows in which one of these fields says something: what a client with a new column lacks."""
    tests = (
        f"({field.sql} IS NOT NULL)" if field.type not in EMPTY else f"({field.sql} {EMPTY[field.type]})"
        for field in fields
    )
    return f"({' OR '.join(tests)})".replace("{row}", "r")


def records(name: str, ids: Sequence[UUID], user_id: UUID) -> dict[str, dict[str, Any]]:
    """Present records by id (as text), tombstones included, each with `_deleted`."""
    if not ids:
        return {}
    told = by_ids({name: f"{{{','.join(map(str, ids))}}}"}, user_id, {}, documents=True)
    return {document["id"]: document for document in orjson.loads(b"[%b]" % told[name].updated)}
