"""The heads of the two streams that a person follows, and the entries between a cursor and them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from core.ids import NIL
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


class Entry(NamedTuple):
    mine: bool  # of the person's own stream, not the public one
    seq: int
    code: int
    record_id: UUID


_HEADS = "SELECT id, seq, floor, reset FROM sync_stream WHERE id IN (%s, %s)"
_FEED = """
SELECT head.id, head.seq, head.floor, head.reset, entry.seq, entry.collection, entry.record_id,
       (SELECT known::text FROM sync_syncfilter WHERE stream = %(me)s AND client = %(client)s)
  FROM sync_stream AS head LEFT JOIN LATERAL (
       SELECT seq, collection, record_id FROM sync_entry
        WHERE stream = head.id AND collection = ANY(%(codes)s)
          AND seq > CASE WHEN head.id = %(me)s THEN %(user)s::bigint ELSE %(public)s::bigint END
          AND seq <= least(head.seq, CASE WHEN head.id = %(me)s THEN %(user_bound)s::bigint ELSE %(public_bound)s END)
        ORDER BY seq LIMIT %(limit)s) AS entry ON true
 WHERE head.id IN (%(me)s, %(nil)s)
"""
_NOWHERE = Position(0, 1)  # nothing ever happened: the public stream starts at one


def read_heads(user_id: UUID) -> Heads:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [user_id, NIL])
        return _heads({row[0]: row[1:] for row in cursor.fetchall()}, user_id)


def read_feed(
    user_id: UUID, *, after: Position, bound: Position | None, codes: Sequence[int], limit: int, client: str
) -> tuple[Heads, list[Entry], str | None]:
    """In one snapshot: both heads, up to `limit` entries after the position, and the client's filters (JSON).

    One snapshot is what makes it lossless: where it shows a head, it shows every entry up to it.
    """
    last = bound or Position(LIMIT, LIMIT)
    values: dict[str, Any] = {
        "me": user_id,
        "nil": NIL,
        "client": client,
        "codes": list(codes),
        "user": after.user,
        "public": after.public,
        "user_bound": last.user,
        "public_bound": last.public,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FEED, values)
        rows = cursor.fetchall()
    heads = _heads({row[0]: row[1:4] for row in rows}, user_id)
    entries = [Entry(row[0] == user_id, *row[4:7]) for row in rows if row[4] is not None]
    entries.sort(key=lambda entry: (not entry.mine, entry.seq))
    return heads, entries[:limit], rows[0][7] if rows else None


def _heads(found: dict[UUID, Any], user_id: UUID) -> Heads:
    mine, public = found.get(user_id, (0, 0, 0)), found.get(NIL, (_NOWHERE.public, 0, 0))
    return Heads(*(Position(*pair) for pair in zip(mine, public, strict=True)))


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
