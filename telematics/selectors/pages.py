"""Samples page by page, what a vehicle said last, and which signals it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orjson import loads

from telematics.binding import bound_cursor
from telematics.instants import DAY_MS, moment
from telematics.samples import EMPTY, Samples, join
from telematics.selectors.read import names_of, read
from telematics.signals import BY_ID

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

HOUR_MS: Final = 3_600_000
WIDEST_MS: Final = 32 * DAY_MS

_NEXT: Final = """
SELECT (extract(epoch FROM min(x.t)) * 1000)::bigint FROM (
  (SELECT s.t0 AS t FROM telematics_segment s
    WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s
      AND s.t1 >= %(first)s ORDER BY s.t0 LIMIT 1)
  UNION ALL
  (SELECT t FROM telematics_tail WHERE vehicle_id = %(vehicle)s AND t BETWEEN %(first)s AND %(last)s
    ORDER BY t LIMIT 1)) x"""
_SIGNALS: Final = """
SELECT DISTINCT unnest(s.signals) FROM telematics_segment s
 WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s AND s.t1 >= %(first)s"""
_TAIL_SIGNALS: Final = """
SELECT DISTINCT jsonb_object_keys(vals) FROM telematics_tail
 WHERE vehicle_id = %(vehicle)s AND t BETWEEN %(first)s AND %(last)s"""
_LATEST: Final = """
SELECT (extract(epoch FROM t) * 1000)::bigint, vals, odometer, lat, lon, dtc_count, mil, last_seen
  FROM telematics_latest WHERE vehicle_id = %s"""


def page(
    vehicle_id: UUID, t0: int, t1: int, *, limit: int, signals: Collection[str] | None
) -> tuple[Samples, bool]:
    """The first `limit` samples of t0..t1, and whether there are more. Reads little more than it answers."""
    found: Samples = EMPTY
    width = HOUR_MS
    while t0 <= t1 and len(found) <= limit:
        begin = _next(vehicle_id, t0, t1)
        if begin is None:
            break
        t0 = max(t0, begin)
        end = min(t1, t0 + width - 1)
        more = read(vehicle_id, t0, end, signals)
        found = join([found, more])
        width = min(width * 2, WIDEST_MS) if len(more) < limit else width
        t0 = end + 1
    return found.take(slice(0, limit)), len(found) > limit


def signals_in(vehicle_id: UUID, t0: int, t1: int) -> list[str]:
    """Names of the signals of a range: known ones in the order of the registry, then the others."""
    values = {"vehicle": vehicle_id, "first": moment(t0), "last": moment(t1)}
    with bound_cursor() as cursor:
        cursor.execute(_SIGNALS, values)
        ids = sorted(row[0] for row in cursor.fetchall())
        cursor.execute(_TAIL_SIGNALS, values)
        single = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT extra FROM telematics_latest WHERE vehicle_id = %s", [vehicle_id])
        row = cursor.fetchone()
    names = {signal: known.name for signal, known in BY_ID.items()} | names_of(row[0] if row else ())
    return list(dict.fromkeys([*(names.get(one, f"signal_{one}") for one in ids), *sorted(single)]))


def latest(vehicle_id: UUID) -> dict[str, Any]:
    """What is known by heart. `vals`: signal -> value, `instants`: signal -> ms."""
    with bound_cursor() as cursor:
        cursor.execute(_LATEST, [vehicle_id])
        row = cursor.fetchone()
    t, vals, odometer, lat, lon, dtc_count, mil, seen = row or (None, "{}", *[None] * 6)
    known = loads(vals)
    return {
        "vehicle_id": vehicle_id,
        "t": t,
        "vals": {name: value for name, (value, _) in known.items()},
        "instants": {name: at for name, (_, at) in known.items()},
        "odometer_km": None if odometer is None else round(odometer, 1),  # `vals` has it as it was sent
        "lat": lat,
        "lon": lon,
        "dtc_count": dtc_count,
        "mil": mil,
        "last_seen": seen,
    }


def _next(vehicle_id: UUID, t0: int, t1: int) -> int | None:
    with bound_cursor() as cursor:
        cursor.execute(_NEXT, {"vehicle": vehicle_id, "first": moment(t0), "last": moment(t1)})
        (found,) = cursor.fetchone()
    return None if found is None else int(found)
