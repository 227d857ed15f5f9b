"""Records as JSON, made by PostgreSQL: by id, or as a range of ids."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from django.db import connection

from sync.ports import collections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

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

    updated: str
    deleted: str


def columns(plug: Collection, *extra: str) -> str:
    return ", ".join([*(f'{field.sql} AS "{field.name}"' for field in plug.fields), *extra]).replace(
        "{row}", "r"
    )


def by_ids(
    wanted: Mapping[str, Sequence[UUID]],
    user_id: UUID,
    filters: Mapping[str, Filters],
    *,
    documents: bool = False,
) -> dict[str, Told]:
    """The records of these ids in one statement, whatever the number of collections.

    A row that is deleted, out of the caller's reach or outside the filter is told as deleted: the truth is looked
    up and no entry is believed. As `documents` every record carries `_deleted`; a tombstone still has its fields.
    """
    if not wanted:
        return {}
    values: dict[str, Any] = {"me": user_id}
    parts = []
    for number, (name, ids) in enumerate(wanted.items()):
        plug = collections[name]
        values[f"ids{number}"] = list(ids)
        where = conditions(plug, filters.get(name, {}), values, number, live=not documents)
        parts.append((_documents if documents else _changes)(name, plug, number, where))
    with connection.cursor() as cursor:
        cursor.execute("\nUNION ALL\n".join(parts), values)
        return {name: Told(updated[1:-1], deleted[1:-1]) for name, updated, deleted in cursor.fetchall()}


def _changes(name: str, plug: Collection, number: int, where: str) -> str:
    return f"""
(WITH found AS MATERIALIZED (
       SELECT {columns(plug)} FROM {plug.table} AS r WHERE r.id = ANY(%(ids{number})s::uuid[]) AND {where})
SELECT '{name}', coalesce((SELECT json_agg(found) FROM found), '[]')::text,
       coalesce((SELECT json_agg(wanted.id) FROM unnest(%(ids{number})s::uuid[]) AS wanted (id)
                  WHERE NOT EXISTS (SELECT 1 FROM found WHERE found.id = wanted.id)), '[]')::text)"""


def _documents(name: str, plug: Collection, number: int, where: str) -> str:
    gone = f'NOT ({plug.live}) AS "_deleted"'
    return f"""
SELECT '{name}', coalesce(json_agg(coalesce(found.doc, json_build_object('id', wanted.id, '_deleted', true))
       ORDER BY wanted.place), '[]')::text, '[]'
  FROM unnest(%(ids{number})s::uuid[]) WITH ORDINALITY AS wanted (id, place) LEFT JOIN LATERAL (
       SELECT (SELECT row_to_json(d) FROM (SELECT {columns(plug, gone)}) AS d) AS doc
         FROM {plug.table} AS r WHERE r.id = wanted.id AND {where}) AS found ON true"""


class Page(NamedTuple):
    """A range of records as a JSON array without brackets; `last` is the id to go on after."""

    told: str
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
    plug = collections[name]
    bound: dict[str, Any] = {"me": user_id, "after": after, "limit": limit, **(values or {})}
    where = conditions(plug, filters, bound, 0, live=True)
    extra = ('false AS "_deleted"',) if documents else ()
    statement = f"""
SELECT coalesce(json_agg(d), '[]')::text, count(*), (array_agg(d.id))[count(*)] FROM (
       SELECT {columns(plug, *extra)} FROM {plug.table} AS r
        WHERE {where} AND r.id > %(after)s {condition} ORDER BY r.id LIMIT %(limit)s) AS d"""
    with connection.cursor() as cursor:
        cursor.execute(statement, bound)
        told, many, last = cursor.fetchone() or ("[]", 0, None)
    return Page(told[1:-1], many, last)


def conditions(plug: Collection, filters: Filters, values: dict[str, Any], number: int, *, live: bool) -> str:
    """The WHERE of a collection's rows `r`; the values that it binds are added to `values`."""
    parts = [plug.scope, *([plug.live] if live else [])]
    for place, (name, value) in enumerate(sorted(filters.items())):
        key = f"filter{number}_{place}"
        values[key] = value
        parts.append(plug.filters[name].replace("%s", f"%({key})s"))
    return " AND ".join(f"({part})" for part in parts).replace("{row}", "r")


def not_empty(fields: Sequence[Field]) -> str:
    """Rows in which one of these fields says something: what a client with a new column lacks."""
    tests = (
        f"({field.sql} IS NOT NULL)" if field.type not in EMPTY else f"({field.sql} {EMPTY[field.type]})"
        for field in fields
    )
    return f"({' OR '.join(tests)})".replace("{row}", "r")


def records(name: str, ids: Sequence[UUID], user_id: UUID) -> dict[str, dict[str, Any]]:
    """Present records by id (as text), tombstones included, each with `_deleted`."""
    told = by_ids({name: ids}, user_id, {}, documents=True) if ids else {}
    documents = orjson.loads(f"[{told[name].updated}]") if told else []
    return {document["id"]: document for document in documents}


def joined(parts: Sequence[str]) -> str:
    """Arrays without brackets, one after the other."""
    return ",".join(itertools.filterfalse(lambda part: not part.strip(), parts))
