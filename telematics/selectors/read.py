"""Samples back from the store: segments and the tail together, each instant once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orjson import loads

from telematics.binding import bound_cursor
from telematics.codec import decode
from telematics.instants import DAY_MS, moment
from telematics.samples import EMPTY, Samples, from_rows, join
from telematics.signals import FIRST_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from uuid import UUID

HOUR = timedelta(
    hours=1
)  # no segment is longer: so one that ends in a range begins at most this much before it

# The bounds of t0 stand in each statement for themselves: they choose the partitions.
_PACKED = """
SELECT s.data, CASE WHEN %(known)s::smallint <= ANY (s.signals) THEN (
         SELECT l.extra FROM telematics_latest l WHERE l.vehicle_id = s.vehicle_id) END
  FROM telematics_segment s
 WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s AND s.t1 >= %(first)s
 ORDER BY s.t0
"""
_SINGLE = """
SELECT (extract(epoch FROM t) * 1000)::bigint, vals FROM telematics_tail
 WHERE vehicle_id = %(vehicle)s AND t BETWEEN %(first)s AND %(last)s ORDER BY t
"""
_DAYS = """
SELECT DISTINCT (extract(epoch FROM date_trunc('day', x.t AT TIME ZONE 'UTC')) * 1000)::bigint AS day FROM (
  SELECT unnest(ARRAY[s.t0, s.t1]) AS t FROM telematics_segment s
   WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s
     AND s.t1 >= %(first)s
  UNION ALL
  SELECT t FROM telematics_tail WHERE vehicle_id = %(vehicle)s AND t BETWEEN %(first)s AND %(last)s) x
 ORDER BY day
"""


def read(vehicle_id: UUID, t0: int, t1: int, signals: Collection[str] | None = None) -> Samples:
    """All samples with t0 <= t <= t1 (ms). `signals`: these alone, and only instants that have one of them."""
    if t1 < t0:
        return EMPTY
    found = join([*segments_of(vehicle_id, t0, t1, signals), tail_of(vehicle_id, t0, t1)]).slice(t0, t1)
    return found if signals is None else found.only(signals)


def read_days(
    vehicle_id: UUID, t0: int, t1: int, signals: Collection[str] | None = None
) -> Iterator[Samples]:
    """The same in pieces of at most a day (UTC), in order; days without samples are skipped."""
    for day in days_with_samples(vehicle_id, t0, t1):
        found = read(vehicle_id, max(t0, day), min(t1, day + DAY_MS - 1), signals)
        if len(found):
            yield found


def days_with_samples(vehicle_id: UUID, t0: int, t1: int) -> list[int]:
    """The first millisecond of each day (UTC) that may have samples."""
    with bound_cursor() as cursor:
        cursor.execute(_DAYS, _range(vehicle_id, t0, t1))
        return [row[0] for row in cursor.fetchall()]


def segments_of(vehicle_id: UUID, t0: int, t1: int, signals: Collection[str] | None = None) -> list[Samples]:
    """The segments that touch a range, unpacked whole (they may reach beyond it), by their beginning."""
    with bound_cursor(binary=True) as cursor:
        cursor.execute(_PACKED, _range(vehicle_id, t0, t1) | {"known": FIRST_UNKNOWN})
        return [decode(data, names_of(extra), only=signals) for data, extra in cursor.fetchall()]


def tail_of(vehicle_id: UUID, t0: int, t1: int) -> Samples:
    """Single samples that are not packed yet."""
    with bound_cursor() as cursor:
        cursor.execute(_SINGLE, _range(vehicle_id, t0, t1))
        return from_rows((instant, loads(vals)) for instant, vals in cursor.fetchall())


def names_of(extra: Sequence[str] | None) -> dict[int, str]:
    """Names of unknown signals by id, from `Latest.extra`."""
    return {FIRST_UNKNOWN + place: name for place, name in enumerate(extra or ())}


def _range(vehicle_id: UUID, t0: int, t1: int) -> dict[str, Any]:
    return {"vehicle": vehicle_id, "first": moment(t0), "last": moment(t1)}
