"""Charts: from samples while they are few enough, else from what segments say of themselves, else from days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from telematics import series
from telematics.binding import bound_cursor
from telematics.instants import DAY_MS, moment
from telematics.selectors.read import names_of, read
from telematics.signals import BY_ID

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

MOST_RAW: Final = 300_000  # samples that are unpacked for one chart
MOST_SEGMENTS: Final = 20_000  # segments whose summaries are read for one chart

_SIZE: Final = """
SELECT COALESCE(sum(s.n), 0)::bigint, count(*) FROM telematics_segment s
 WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s AND s.t1 >= %(first)s"""
_SUMMARIES: Final = """
SELECT (extract(epoch FROM s.t0 + (s.t1 - s.t0) / 2) * 1000)::bigint AS t, x.signal, x.low, x.high, x.mean, x.last, x.many
  FROM telematics_segment s, unnest(s.signals, s.smin, s.smax, s.savg, s.slast, s.scount)
       AS x (signal, low, high, mean, last, many)
 WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s AND s.t1 >= %(first)s
   AND s.t0 + (s.t1 - s.t0) / 2 BETWEEN %(first)s AND %(last)s
 ORDER BY x.signal, t"""
_DAYS: Final = """
SELECT (extract(epoch FROM d.day::timestamp) * 1000)::bigint AS t, x.key, (x.value ->> 0)::float8, (x.value ->> 1)::float8,
       (x.value ->> 2)::float8, (x.value ->> 3)::float8, (x.value ->> 4)::bigint
  FROM telematics_daily d, jsonb_each(d.stats) x
 WHERE d.vehicle_id = %(vehicle)s AND d.day BETWEEN (%(first)s AT TIME ZONE 'UTC')::date
   AND (%(last)s AT TIME ZONE 'UTC')::date
 ORDER BY x.key, t"""
_EXTRA: Final = "SELECT extra FROM telematics_latest WHERE vehicle_id = %s"


@dataclass(frozen=True, slots=True)
class Chart:
    """resolution_ms: the width of a point; source: samples, segments or days.

    t: instants shared by all signals, None for lttb, where each signal has its own. signals: columns by name.
    """

    resolution_ms: int
    source: str
    t: list[int] | None
    signals: dict[str, dict[str, list[Any]]]


def chart(
    vehicle_id: UUID, t0: int, t1: int, *, points: int, signals: Collection[str] | None, aggregate: str
) -> Chart:
    """At most `points` points of t0..t1 (ms) for each signal. `aggregate`: of `series.AGGREGATES`."""
    width = series.resolution(t0, t1, points)
    samples, segments = _size(vehicle_id, t0, t1)
    if samples <= MOST_RAW:
        return _raw(vehicle_id, t0, t1, points=points, width=width, signals=signals, aggregate=aggregate)
    by_day = segments > MOST_SEGMENTS
    rows = _days(vehicle_id, t0, t1) if by_day else _summaries(vehicle_id, t0, t1)
    width = max(width, DAY_MS) if by_day else width
    return _from_summaries(rows, t0, width, signals, "days" if by_day else "segments")


def _raw(
    vehicle_id: UUID,
    t0: int,
    t1: int,
    *,
    points: int,
    width: int,
    signals: Collection[str] | None,
    aggregate: str,
) -> Chart:
    samples = read(vehicle_id, t0, t1, signals)
    if aggregate == "lttb":
        columns = {}
        for name, values in samples.signals.items():
            t, chosen = series.lttb(samples.t, values, points)
            columns[name] = {"t": t.tolist(), "values": chosen.tolist()}
        return Chart(width, "samples", None, columns)
    if aggregate == "last":
        at, found = series.last(samples, t0, width)
        return Chart(width, "samples", at.tolist(), {name: {"last": v.tolist()} for name, v in found.items()})
    at, columns = series.minmaxavg(samples, t0, width)
    return Chart(width, "samples", at.tolist(), {name: _lists(each) for name, each in columns.items()})


def _from_summaries(
    rows: list[tuple[Any, ...]], t0: int, width: int, signals: Collection[str] | None, source: str
) -> Chart:
    """Summaries of pieces, (ms, signal, low, high, mean, last, count), put together by bucket."""
    kept = [row for row in rows if signals is None or row[1] in signals]
    numbers = sorted({(row[0] - t0) // width for row in kept})
    place = {number: index for index, number in enumerate(numbers)}
    columns: dict[str, Any] = {}
    for t, name, low, high, mean, last, many in kept:
        at = place[(t - t0) // width]
        mine = columns.setdefault(name, np.full((5, len(numbers)), np.nan))
        mine[0, at], mine[1, at] = np.fmin(mine[0, at], low), np.fmax(mine[1, at], high)
        mine[2, at], mine[3, at] = np.nansum([mine[2, at], mean * many]), np.nansum([mine[3, at], many])
        mine[4, at] = last
    found = {
        name: _lists({"min": m[0], "max": m[1], "avg": np.round(m[2] / m[3], 6), "last": m[4]})
        for name, m in columns.items()
    }
    return Chart(width, source, [t0 + number * width for number in numbers], found)


def _summaries(vehicle_id: UUID, t0: int, t1: int) -> list[tuple[Any, ...]]:
    with bound_cursor() as cursor:
        cursor.execute(_EXTRA, [vehicle_id])
        row = cursor.fetchone()
        names = {signal: known.name for signal, known in BY_ID.items()} | names_of(row[0] if row else ())
        cursor.execute(_SUMMARIES, _range(vehicle_id, t0, t1))
        return [(t, names.get(signal, f"signal_{signal}"), *rest) for t, signal, *rest in cursor.fetchall()]


def _days(vehicle_id: UUID, t0: int, t1: int) -> list[tuple[Any, ...]]:
    with bound_cursor() as cursor:
        cursor.execute(_DAYS, _range(vehicle_id, t0, t1))
        return list(cursor.fetchall())


def _size(vehicle_id: UUID, t0: int, t1: int) -> tuple[int, int]:
    with bound_cursor() as cursor:
        cursor.execute(_SIZE, _range(vehicle_id, t0, t1))
        samples, segments = cursor.fetchone()
    return samples, segments


def _range(vehicle_id: UUID, t0: int, t1: int) -> dict[str, Any]:
    return {"vehicle": vehicle_id, "first": moment(t0), "last": moment(t1)}


def _lists(columns: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in columns.items()}
