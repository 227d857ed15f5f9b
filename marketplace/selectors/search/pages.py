"""One page of tunes, as JSON that PostgreSQL made, with the keys for the next and the previous one."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from core.postgresql.direct import Statement, statement
from marketplace.selectors.search.conditions import Condition, Wanted

FEW = 2000  # so many candidates are sorted; when there are more, the order's index is walked
MAX_COUNT = 1000

# Name in the API -> column and its type.
ORDERINGS = {
    "published_at": ("published_at", "timestamptz"),
    "price_minor": ("price_minor", "bigint"),
    "score": ("score", "float8"),
    "sales_count": ("sales_count", "bigint"),
}


_VERSION = Statement("SELECT md5(string_agg(version::text, '' ORDER BY part)) FROM marketplace_shelfstate")


class BadCursor(ValueError):
    """A cursor that this list, in this order, did not make."""


@dataclass(frozen=True, slots=True)
class Position:
    """A row in an order; `backwards` reads the page before it."""

    value: str
    tune_id: UUID
    backwards: bool = False

    def token(self, ordering: str) -> str:
        raw = orjson.dumps([ordering, self.value, str(self.tune_id), self.backwards])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page:
    """rows: JSON texts joined by commas. next, previous: cursors, or None at the ends. count: None if not asked.

    common: the page stood among the first rows of the order, so many rows meet what was asked.
    """

    rows: str
    next: str | None
    previous: str | None
    count: int | str | None = None
    common: bool = False


def shelf_version() -> str:
    """Changes with every commit that changes what the list may answer."""
    row = _VERSION.row({})
    return row[0] if row and row[0] else "empty"


def read_cursor(token: str, ordering: str) -> Position:
    """Raises BadCursor."""
    try:
        made_for, value, tune_id, backwards = orjson.loads(
            base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        )
        position = Position(value, UUID(tune_id), bool(backwards))
        if made_for != ordering or not isinstance(value, str) or len(value) > 40:
            raise BadCursor
        _check(ordering, value)
    except (ValueError, TypeError, AttributeError, binascii.Error) as problem:
        raise BadCursor from problem
    return position


def find_tunes(
    wanted: Wanted,
    *,
    ordering: str = "-published_at",
    size: int = 50,
    after: Position | None = None,
    count: bool = False,
) -> Page:
    """One statement. `ordering` is a name of ORDERINGS, with `-` for descending; ties are broken by id."""
    column, kind = ORDERINGS[ordering.removeprefix("-")]
    descending = ordering.startswith("-") != bool(after and after.backwards)
    conditions = wanted.conditions()
    sql, values = _statement(
        conditions, column, kind, size, after, descending=descending, count=count, first=wanted.first
    )
    row = statement(sql).row(values)
    rows, found, first, last, first_id, last_id, total, common = row or ("", 0, *[None] * 6)
    more, backwards = found > size, bool(after and after.backwards)
    ends = (Position(first, first_id, True), Position(last, last_id)) if found else None
    has_next, has_previous = (True, more) if backwards else (more, after is not None)
    return Page(
        rows=rows,
        next=ends[1].token(ordering) if ends and has_next else None,
        previous=ends[0].token(ordering) if ends and has_previous else None,
        count=None if total is None else total if total <= MAX_COUNT else f"{MAX_COUNT}+",
        common=bool(common),
    )


def _statement(
    conditions: list[Condition],
    column: str,
    kind: str,
    size: int,
    after: Position | None,
    *,
    descending: bool,
    count: bool,
    first: int,
) -> tuple[str, list[Any]]:
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, given in conditions for value in given]
    way, sign = ("DESC", "<") if descending else ("ASC", ">")
    beyond, place = "", []
    if after is not None:
        beyond = f" AND ({{row}}.{{key}}, {{row}}.tune_id) {sign} (%s::text::{kind}, %s::uuid)"
        place = [after.value, after.tune_id]
    walk = (
        f"SELECT l.tune_id, l.{column} AS k, l.card FROM marketplace_listing l WHERE {{gate}}"
        + beyond.format(row="l", key=column)
        + f" ORDER BY l.{column} {way}, l.tune_id {way} LIMIT {size + 1}"
    )
    total, counted = "NULL::bigint", []
    if count:
        limited = f"SELECT 1 FROM marketplace_listing l WHERE {where or 'true'} LIMIT {MAX_COUNT + 1}"
        total, counted = f"(SELECT count(*) FROM ({limited}) n)", values
    if not conditions:
        page = f"page AS ({walk.format(gate='true')})"
        return _answer(page, total, size, descending, after, common="false"), [
            *place,
            *counted,
        ]
    early, gate, tried = "", "", []
    if first:
        order = f"ORDER BY l.{column} {way}, l.tune_id {way}"
        tried_first = f"WHERE true{beyond.format(row='l', key=column)} {order} LIMIT {first}"
        early = _early(tried_first, column, f"WHERE {where} {order}", size)
        gate, tried = "NOT (SELECT yes FROM enough) AND ", [*place, *values]
    parts = f"""{early}
        m AS MATERIALIZED (
            SELECT l.tune_id, l.{column} AS k FROM marketplace_listing l WHERE {gate}{where} LIMIT {FEW + 1}),
        few AS MATERIALIZED (SELECT count(*) <= {FEW} AS yes FROM m),
        page AS (
            {"SELECT * FROM early WHERE (SELECT yes FROM enough) UNION ALL" if first else ""}
            SELECT c.tune_id, c.k, l.card
              FROM (SELECT m.tune_id, m.k FROM m WHERE (SELECT yes FROM few){beyond.format(row="m", key="k")}
                     ORDER BY m.k {way}, m.tune_id {way} LIMIT {size + 1}) c
              JOIN marketplace_listing l ON l.tune_id = c.tune_id
            UNION ALL
            -- CASE keeps the conditions from an index: here the order's index is the good one.
            ({walk.format(gate=f"NOT (SELECT yes FROM few) AND CASE WHEN {where} THEN true END")}))"""
    bound = [*tried, *values, *place, *values, *place, *counted]
    common = "(SELECT yes FROM enough)" if first else "false"
    return _answer(parts, total, size, descending, after, common=common), bound


def _early(tried: str, column: str, where: str, size: int) -> str:
    """The page among the next rows of the order, and whether it is whole: then nothing else is looked at."""
    return f"""
        early AS MATERIALIZED (
            SELECT l.tune_id, l.{column} AS k, l.card
              FROM (SELECT * FROM marketplace_listing l {tried}) l {where} LIMIT {size + 1}),
        enough AS MATERIALIZED (SELECT count(*) > {size} AS yes FROM early),"""


def _answer(
    parts: str, total: str, size: int, descending: bool, after: Position | None, *, common: str
) -> str:
    """The page as one row: JSON, how many were found (one more than wanted: there is another page), its ends."""
    read = "DESC" if descending else "ASC"
    # A page that was read backwards is shown forwards.
    shown = {"DESC": "ASC", "ASC": "DESC"}[read] if after and after.backwards else read
    order = f"ORDER BY k {shown}, tune_id {shown}"
    return f"""
        WITH {parts},
        numbered AS (SELECT page.*, row_number() OVER (ORDER BY k {read}, tune_id {read}) AS place FROM page),
        kept AS (SELECT * FROM numbered WHERE place <= {size})
        SELECT coalesce(string_agg(card::text, ',' {order}), ''),
               (SELECT count(*) FROM numbered),
               (array_agg(k::text {order}))[1], (array_agg(k::text {order}))[count(*)],
               (array_agg(tune_id {order}))[1], (array_agg(tune_id {order}))[count(*)],
               {total}, {common}
          FROM kept"""


def _check(ordering: str, value: str) -> None:
    """Is this text a value of the column? A forged one must not reach the cast. Raises ValueError."""
    kind = ORDERINGS[ordering.removeprefix("-")][1]
    if kind == "timestamptz":
        if not 1970 <= datetime.fromisoformat(value).year <= 2200:
            raise ValueError(value)
    elif kind == "bigint":
        if not -(2**63) <= int(value) < 2**63:
            raise ValueError(value)
    elif float(value) != float(value):
        raise ValueError(value)
