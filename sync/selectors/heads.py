"""The heads of the two streams that a person follows, and the entries between a cursor and them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from django.db import connection

from core.ids import NIL
from core.postgresql.direct import Statement
from sync.cursors import LIMIT, Position
from sync.errors import ResyncRequired

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class Heads(NamedTuple):
    """Where both streams stand; `floor` and `reset` are what older cursors can't be served from."""

    seq: Position
    floor: Position
    reset: Position

    def admit(self, cursor: Position) -> None:
        """Refuse a cursor that the streams can't continue. Raises ResyncRequired (410) with the reason."""
        for at, seq, floor, reset in zip(cursor, self.seq, self.floor, self.reset, strict=True):
            if at > seq:
                raise ResyncRequired("future")
            if at < reset:
                raise ResyncRequired("reset")
            if at < floor:
                raise ResyncRequired("expired")


class Feed(NamedTuple):
    """Entries between a position and the heads, as far as a page goes."""

    heads: Heads
    known: str | None  # the client's filters (JSON)
    ids: dict[str, str]  # code of a collection -> its records, as the text of an array, in order of change
    last: Position  # of the last entry of either stream; 0: none
    rest: bool | None  # the feed goes on: with an entry of the person's own stream, or of the public one


_HEADS = "SELECT id, seq, floor, reset FROM sync_stream WHERE id IN (%s, %s)"
# Ids travel as texts of arrays, there and back: nobody here looks at them.
_FEED = Statement("""
WITH head AS MATERIALIZED (
       SELECT id = %(me)s::uuid AS mine, id, seq, floor, reset FROM sync_stream WHERE id IN (%(me)s::uuid, %(nil)s::uuid)),
     entry AS MATERIALIZED (
       SELECT head.mine, entry.* FROM head CROSS JOIN LATERAL (
              SELECT seq, collection, record_id FROM sync_entry
               WHERE stream = head.id AND collection = ANY(%(codes)s::smallint[])
                 AND seq > CASE WHEN head.mine THEN %(user)s::bigint ELSE %(public)s::bigint END
                 AND seq <= least(head.seq, CASE WHEN head.mine THEN %(user_bound)s::bigint else %(public_bound)s::bigint END)
               ORDER BY seq LIMIT %(limit)s::bigint + 1) AS entry
        ORDER BY head.mine DESC, entry.seq LIMIT %(limit)s::bigint + 1),
     taken AS (SELECT * FROM entry LIMIT %(limit)s::bigint)
SELECT (SELECT json_agg(head) FROM head)::text,
       (SELECT known::text FROM sync_syncfilter WHERE stream = %(me)s::uuid AND client = %(client)s),
       (SELECT json_object_agg(collection, ids) FROM (
               SELECT collection, array_agg(record_id ORDER BY seq)::text AS ids FROM taken GROUP BY collection) AS told)::text,
       (SELECT max(seq) FROM taken WHERE mine), (SELECT max(seq) FROM taken WHERE NOT mine),
       (SELECT mine FROM entry OFFSET %(limit)s::bigint)
""")
_NOWHERE = Position(0, 1)  # nothing ever happened: the public stream starts at one


def read_heads(user_id: UUID) -> Heads:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [user_id, NIL])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return _heads(found.get(user_id), found.get(NIL))


def read_feed(
    user_id: UUID, *, after: Position, bound: Position | None, codes: str, limit: int, client: str
) -> Feed:
    """In one snapshot: both heads, up to `limit` entries after the position, and the client's filters.

    One snapshot is what makes it lossless: where it shows a head, it shows every entry up to it. `codes` is the
    text of an array.
    """
    last = bound or Position(LIMIT, LIMIT)
    values: dict[str, Any] = {
        "me": user_id,
        "nil": NIL,
        "client": client,
        "codes": codes,
        "user": after.user,
        "public": after.public,
        "user_bound": last.user,
        "public_bound": last.public,
        "limit": limit,
    }
    streams, known, ids, user, public, rest = _FEED.row(values) or (None,) * 6
    found = {
        head["mine"]: (head["seq"], head["floor"], head["reset"]) for head in orjson.loads(streams or "[]")
    }
    return Feed(
        _heads(found.get(True), found.get(False)),
        known,
        orjson.loads(ids) if ids else {},
        Position(user or 0, public or 0),
        rest,
    )


def _heads(mine: Any, public: Any) -> Heads:
    pairs = zip(mine or (0, 0, 0), public or (_NOWHERE.public, 0, 0), strict=True)
    return Heads(*(Position(*pair) for pair in pairs))


MOST_PENDING = 10_000
_PENDING = """
SELECT count(*) FROM (SELECT 1 FROM sync_entry WHERE collection = ANY(%(codes)s) AND (
       (stream = %(me)s AND seq > %(user)s) OR (stream = %(nil)s AND seq > %(public)s)) LIMIT %(limit)s) AS waiting
"""


def pending(user_id: UUID, cursor: int | None, codes: Sequence[int]) -> dict[str, Any]:
    """How many changes a device at this cursor has not pulled yet (counted to 10,000), and the cursor after them."""
    heads = read_heads(user_id)
    at = Position(0, 0) if cursor is None else Position.unpacked(cursor)
    if cursor is not None:
        heads.admit(at)
    values: dict[str, Any] = {"me": user_id, "nil": NIL, "codes": list(codes), "limit": MOST_PENDING + 1}
    with connection.cursor() as sql:
        sql.execute(_PENDING, values | {"user": at.user, "public": at.public})
        (count,) = sql.fetchone() or (0,)
    return {"pending": min(count, MOST_PENDING), "more": count > MOST_PENDING, "cursor": heads.seq.packed()}
