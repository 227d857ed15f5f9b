"""A day of many small segments becomes hours, packed tighter. The samples stay the same."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core import clock
from core.rls import as_system
from telematics.binding import bound_cursor
from telematics.codec import BEST_LEVEL, BadSegment, decode
from telematics.instants import DAY_MS, moment
from telematics.models import Source
from telematics.samples import join
from telematics.selectors.read import names_of
from telematics.services.packing import Mode, lock, packer

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

log = logging.getLogger(__name__)

RESTS: Final = timedelta(days=2)  # after which a day is quiet enough
REACH: Final = timedelta(days=40)  # how far back late uploads are looked for
_CANDIDATES: Final = """
SELECT vehicle_id, owner_id, (extract(epoch FROM date_trunc('day', t0 AT TIME ZONE 'UTC')) * 1000)::bigint AS day
  FROM telematics_segment WHERE t0 >= %s AND t0 < %s
 GROUP BY 1, 2, 3 HAVING count(*) FILTER (WHERE source <> %s) > 1 ORDER BY 3, 1"""
_TAKE: Final = """
DELETE FROM telematics_segment s WHERE s.vehicle_id = %(vehicle)s AND s.t0 >= %(first)s AND s.t0 < %(last)s
RETURNING s.data, (SELECT l.extra FROM telematics_latest l WHERE l.vehicle_id = s.vehicle_id)"""


def compact(progress: Callable[[int, int], None] = lambda done, total: None) -> tuple[int, int]:
    """Every vehicle's days that have rested, in transactions of their own: (segments before, after)."""
    with as_system("compaction is of all vehicles"), bound_cursor() as cursor:
        now = clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        cursor.execute(
            _CANDIDATES, [midnight - REACH, midnight - RESTS + timedelta(days=1), Source.COMPACTED]
        )
        days = cursor.fetchall()
    before = after = 0
    for done, (vehicle_id, owner_id, day) in enumerate(days, 1):
        try:
            with as_system("compaction is of all vehicles"):
                was, are = compact_day(vehicle_id, owner_id, day)
        except BadSegment:
            log.exception(
                "vehicle %s, %s: a segment can't be unpacked and stays as it is", vehicle_id, moment(day)
            )
            continue
        before, after = before + was, after + are
        progress(done, len(days))
    return before, after


def compact_day(vehicle_id: UUID, owner_id: UUID, day: int) -> tuple[int, int]:
    """Repack the segments that begin on a day (its first ms, UTC): (segments before, after). In a transaction."""
    lock(vehicle_id)
    with bound_cursor(binary=True) as cursor:
        cursor.execute(_TAKE, {"vehicle": vehicle_id, "first": moment(day), "last": moment(day + DAY_MS)})
        rows = cursor.fetchall()
    samples = join(decode(data, names_of(extra)) for data, extra in rows)
    pack = packer(vehicle_id, owner_id, samples.signals)
    pieces = list(samples.hours())
    for piece in pieces:
        pack.insert(piece, source=Source.COMPACTED, mode=Mode.REPACKED, level=BEST_LEVEL)
    return len(rows), len(pieces)
