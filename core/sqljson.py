"""JSON objects that PostgreSQL writes by `concat`.

`row_to_json` looks up the type of each value in each row; `concat` does it once a statement,
which pays from a dozen rows on. What stands between the values is known here, so it is written once, as text.

    json_object({"id": uuid("v.id"), "nickname": text("v.nickname")})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ARGUMENTS = 90  # PostgreSQL takes 100 of a function

Part = tuple[bool, str]  # literal JSON, or an SQL expression that gives JSON as text
Value = list[Part]


def text(sql: str) -> Value:
    """A string. Most of a record's strings are empty, and those need no escaping."""
    return [(False, f"""CASE {sql} WHEN '' THEN '""' ELSE coalesce(to_json({sql})::text, 'null') END""")]


def uuid(sql: str, *, nullable: bool = False) -> Value:
    return plain(f"{sql}::text" if nullable else sql, nullable=nullable)


def plain(sql: str, *, nullable: bool = False) -> Value:
    """A string in which nothing can need escaping, like an instant or an id."""
    if nullable:
        return [(False, f"""coalesce('"' || {sql} || '"', 'null')""")]
    return [(True, '"'), (False, sql), (True, '"')]


def bare(sql: str) -> Value:
    """A whole number or a truth value, whose text is JSON already."""
    return [(False, f"coalesce(({sql})::text, 'null')")]


def any_value(sql: str) -> Value:
    """What PostgreSQL makes JSON of: decimals (which may be no number), dates, arrays, json."""
    return [(False, f"coalesce(to_json({sql})::text, 'null')")]


def json_object(values: Mapping[str, Value]) -> str:
    """The SQL expression (text) of an object with these values."""
    parts: Value = []
    for literal, written in _parts(values):
        if literal and parts and parts[-1][0]:
            parts[-1] = (True, parts[-1][1] + written)
        else:
            parts.append((literal, written))
    arguments = [f"'{written}'" if literal else written for literal, written in parts]
    calls = (arguments[start : start + MAX_ARGUMENTS] for start in range(0, len(arguments), MAX_ARGUMENTS))
    return " || ".join(f"concat({', '.join(call)})" for call in calls)


def _parts(values: Mapping[str, Value]) -> Value:
    parts: Value = []
    for name, value in values.items():
        parts += [(True, f'{"," if parts else "{"}"{name}":'), *value]
    return [*parts, (True, "}")]
