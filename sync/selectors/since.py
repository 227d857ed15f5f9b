"""What `?since=` of a REST list means: a position in the stream, never a comparison of two clocks.

An entry gets its time together with its number, at commit, under the head's lock: time and number grow together
and are never the same twice. So the head's time (X-Sync-Until) stands exactly for the head's number, and whatever
commits later, however long it was open, lies after it. Any other instant is taken ten seconds back, since a commit
of just before may still have been on its way: rows may come twice, none is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef

from core import clock
from core.ids import NIL
from sync.models import SyncEntry

if TYPE_CHECKING:
    from uuid import UUID

    from sync.ports import Collection

MARGIN = timedelta(seconds=10)

_HEAD = """
SELECT head.seq, head.floor, head.stamped_at,
       CASE WHEN head.stamped_at = %(since)s THEN head.seq ELSE coalesce(
           (SELECT seq FROM (SELECT seq, changed_at FROM sync_entry WHERE stream = head.id AND seq IS NOT NULL
             AND changed_at <= %(since)s ORDER BY seq DESC LIMIT 1) AS exact WHERE changed_at = %(since)s),
           (SELECT seq FROM sync_entry WHERE stream = head.id AND seq IS NOT NULL
             AND changed_at <= %(margin)s ORDER BY seq DESC LIMIT 1), 0) END
  FROM sync_stream head WHERE head.id = %(stream)s
"""
_ENTRIES = """
SELECT seq, record_id, changed_at FROM sync_entry
 WHERE stream = %s AND collection = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s
"""


class Window(NamedTuple):
    """The part of a stream that one list with `since` answers, whatever page it is on."""

    start: int
    bound: int
    until: str  # X-Sync-Until
    stubs: bool  # the start lies below the floor: ids of wiped rows come first


class Entry(NamedTuple):
    seq: int
    record_id: UUID
    changed_at: datetime


def stream_of(collection: Collection, user_id: UUID) -> UUID:
    return NIL if collection.public else user_id


def window(stream: UUID, since: datetime) -> Window:
    """From the position at `since` to the present head."""
    margin = max(since, datetime.min.replace(tzinfo=UTC) + MARGIN) - MARGIN
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, {"stream": stream, "since": since, "margin": margin})
        row = cursor.fetchone()
    if row is None:  # nothing ever happened here, up to this moment or a commit under way
        return Window(0, 0, _text(min(since, clock.now() - MARGIN)), stubs=False)
    seq, floor, stamped_at, start = row
    return Window(start, seq, _text(stamped_at), stubs=start < floor)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entries(stream: UUID, code: int, *, after: int, bound: int, limit: int) -> list[Entry]:
    """The next changes of one collection, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [stream, code, after, bound, limit])
        return [Entry(*row) for row in cursor.fetchall()]


def stubs(rows: Any, stream: UUID, code: int, *, after: UUID, limit: int) -> list[dict[str, Any]]:
    """Rows deleted so long ago that their entries are purged: id and times, by id."""
    told = SyncEntry.objects.filter(stream=stream, collection=code, record_id=OuterRef("pk"))
    wiped = rows.filter(deleted_at__isnull=False, pk__gt=after).exclude(Exists(told))
    return list(wiped.order_by("pk").values("id", "updated_at", "deleted_at")[:limit])
