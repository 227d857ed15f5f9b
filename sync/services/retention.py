"""How long sync remembers: tombstones 90 days, answers of pushes and dead letters 30; and a restored database."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from core import clock
from core.ids import NIL
from core.rls import as_system
from sync.cursors import PUBLIC_LIMIT, USER_LIMIT
from sync.models import SyncFilter, SyncPush, SyncRejection

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger(__name__)
TOMBSTONES, PUSHES = timedelta(days=90), timedelta(days=30)
RESET_GAP = 1_000_000  # more changes than a stream can have made since the backup
ALARM = 0.8  # of the numbers that a cursor can hold

_PURGE = """
WITH gone AS (
    DELETE FROM sync_entry WHERE deleted AND seq IS NOT NULL AND changed_at < %s RETURNING stream, seq
), floors AS (SELECT stream, max(seq) AS seq FROM gone GROUP BY stream ORDER BY stream),
raised AS (
    UPDATE sync_stream AS head SET floor = greatest(head.floor, floors.seq)
      FROM floors WHERE head.id = floors.stream)
SELECT count(*) FROM gone
"""


def purge_tombstones(before: datetime | None = None) -> int:
    """Forget deletions that old and raise the floor of their streams; how many there were.

    A device that was away for longer starts over (410). The soft-deleted row itself stays as a stub: its app wipes
    what is personal in it, and a returning device gets "deleted" instead of bringing it back to life.
    """
    with as_system("tombstones of all streams grow old"), connection.cursor() as cursor:
        cursor.execute(_PURGE, [before or clock.now() - TOMBSTONES])
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def purge_pushes() -> int:
    """Forget answers, dead letters and filters of a month ago."""
    before = clock.now() - PUSHES
    with as_system("what pushes left behind belongs to many"):
        found = SyncPush.objects.filter(created_at__lt=before).delete()[0]
        found += SyncRejection.objects.filter(created_at__lt=before).delete()[0]
        found += SyncFilter.objects.filter(used_at__lt=clock.now() - TOMBSTONES).delete()[0]
    return int(found)


def reset_streams() -> int:
    """After a restore from a backup: all cursors of the lost time are refused, every device starts over.

    Without it a head that lies behind a client's cursor would catch up with it, and what came between is lost.
    """
    with as_system("a restored database"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_stream SET seq = seq + %(gap)s, floor = seq + %(gap)s, reset = seq + %(gap)s, "
            "stamped_at = greatest(clock_timestamp(), stamped_at + interval '1 microsecond')",
            {"gap": RESET_GAP},
        )
        return int(cursor.rowcount)


def nearly_full() -> list[tuple[UUID, float]]:
    """Streams that have used up 80 % of the numbers a cursor can hold, and how much; each is logged as an error."""
    with as_system("all heads are measured"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, seq FROM sync_stream WHERE seq > CASE WHEN id = %s THEN %s ELSE %s END",
            [NIL, int(PUBLIC_LIMIT * ALARM), int(USER_LIMIT * ALARM)],
        )
        found = [
            (stream, seq / (PUBLIC_LIMIT if stream == NIL else USER_LIMIT))
            for stream, seq in cursor.fetchall()
        ]
    for stream, share in found:
        log.error("Stream %s has used %d %% of its numbers.", stream, share * 100)
    return found
