"""Records as JSON, made by PostgreSQL: by id, or as a range of ids.

What it wrote stays bytes on its way to the client: half a megabyte is not worth decoding, copying and encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from sync.ports import collections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.ports import Collection, Field

Filters = Mapping[str, str]  # name of a filter -> value as text
EMPTY = {  # what a client fills a new column with
    "text": "<> ''",
    "integer": "<> 0",
    "number": "<> 0",
    "boolean": "",
}


class Told(NamedTuple):
    """JSON arrays without their brackets: records that are there, ids of those that are not."""

    updated: bytes
    deleted: bytes


def columns(plug: Collection, *extra: str) -> str:
    """The select list of a row `r`; a column that is called like its field needs no second name."""
    told = (
        field.sql if field.sql == f"{{row}}.{field.name}" else f'{field.sql} AS "{field.name}"'
        for field in plug.fields
    )
    return ", ".join([*told, *extra]).replace("{row}", "r")


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
    statement = _of_ids(tuple((name, tuple(sorted(each))) for name, each in chosen.items()), documents)
    values: dict[str, Any] = {"me": user_id}
    for number, (name, ids) in enumerate(wanted.items()):
        values[f"ids{number}"] = ids
        values |= _bound(chosen[name], number)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {name.decode(): Told(*parts) for name, *parts in _raw(cursor)}


def _raw(cursor: Any) -> list[list[bytes]]:
    """The rows of the last statement, as PostgreSQL sent them."""
    result = cursor.pgresult
    return [
        [result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)
    ]


@lru_cache(maxsize=256)
def _of_ids(wanted: tuple[tuple[str, tuple[str, ...]], ...], documents: bool) -> str:
    """The statement for these collections, each with the names of its filters."""
    parts = []
    for number, (name, filters) in enumerate(wanted):
        plug = collections[name]
        where = conditions(plug, filters, number, live=not documents)
        parts.append((_documents if documents else _changes)(name, plug, number, where))
    return "\nUNION ALL\n".join(parts)


def _changes(name: str, plug: Collection, number: int, where: str) -> str:
    """Those that are there in one go; only where some are missing is asked which."""
    ids = f"%(ids{number})s::uuid[]"
    return f"""
(SELECT '{name}', coalesce(found.told, ''), CASE WHEN found.many = cardinality({ids}) THEN '' ELSE (
        SELECT coalesce(string_agg(to_json(gone.id)::text, ','), '')
          FROM (SELECT unnest({ids}) EXCEPT SELECT unnest(found.ids)) AS gone (id)) END
   FROM (SELECT string_agg(row_to_json(d)::text, ',') AS told, count(*) AS many, array_agg(d.id) AS ids
           FROM (SELECT {columns(plug)} FROM {plug.table} AS r WHERE r.id = ANY({ids}) AND {where}) AS d) AS found)"""


def _documents(name: str, plug: Collection, number: int, where: str) -> str:
    gone = f'NOT ({plug.live}) AS "_deleted"'
    return f"""
SELECT '{name}', string_agg(coalesce(found.doc, json_build_object('id', wanted.id, '_deleted', true))::text, ','
       ORDER BY wanted.place), ''
  FROM unnest(%(ids{number})s::uuid[]) WITH ORDINALITY AS wanted (id, place) LEFT JOIN LATERAL (
       SELECT (SELECT row_to_json(d) FROM (SELECT {columns(plug, gone)}) AS d) AS doc
         FROM {plug.table} AS r WHERE r.id = wanted.id AND {where}) AS found ON true"""


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
    with connection.cursor() as cursor:
        cursor.execute(_range(name, tuple(sorted(filters)), condition, documents), bound)
        ((told, many, last),) = _raw(cursor)
    return Page(told, int(many), UUID(last.decode()) if last else None)


@lru_cache(maxsize=256)
def _range(name: str, filters: tuple[str, ...], condition: str, documents: bool) -> str:
    plug = collections[name]
    extra = ('false AS "_deleted"',) if documents else ()
    where = conditions(plug, filters, 0, live=True)
    return f"""
SELECT coalesce(string_agg(row_to_json(d)::text, ','), ''), count(*), (array_agg(d.id))[count(*)] FROM (
       SELECT {columns(plug, *extra)} FROM {plug.table} AS r
        WHERE {where} AND r.id > %(after)s {condition} ORDER BY r.id LIMIT %(limit)s) AS d"""


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
