"""Samples go for good: a range by its owner's wish, all of a person, or what lies too far back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
from psycopg.types.json import Jsonb

from telematics import ports
from telematics.binding import bound_cursor
from telematics.codec import decode
from telematics.instants import DAY_MS, moment
from telematics.models import (
    Alert,
    AlertRule,
    Archive,
    Daily,
    DeviceKey,
    Dirty,
    DtcEvent,
    DtcReport,
    ImportJob,
    Latest,
    MaintenancePlan,
    Segment,
    Tail,
    Trip,
    TripEdit,
)
from telematics.samples import HOUR_MS
from telematics.selectors.read import names_of, read
from telematics.services.archiving import cut_later, forget_later
from telematics.services.packing import Mode, lock, packer
from telematics.signals import BY_NAME, FIRST_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from garage.models import Vehicle

# Records about a vehicle, and those of them (and of reports) that follow from what a device said.
ABOUT: Final[Any] = (Alert, AlertRule, TripEdit, Trip, DtcEvent, MaintenancePlan, DeviceKey, ImportJob)
FOLLOWED: Final[Any] = (Alert, TripEdit, Trip, DtcEvent, DtcReport)
_TAKE: Final = """
DELETE FROM telematics_segment s
 WHERE s.vehicle_id = %(vehicle)s AND s.t0 BETWEEN %(first)s - interval '1 hour' AND %(last)s AND s.t1 >= %(first)s
RETURNING CASE WHEN s.t0 < %(first)s OR s.t1 > %(last)s THEN s.data END, s.source, s.n, s.skew_ms,
  (extract(epoch FROM s.t0) * 1000)::bigint, (extract(epoch FROM s.t1) * 1000)::bigint"""
_TAKE_SINGLE: Final = """
DELETE FROM telematics_tail WHERE vehicle_id = %(vehicle)s AND t BETWEEN %(first)s AND %(last)s
RETURNING (extract(epoch FROM t) * 1000)::bigint"""
# A row for each day that lost samples: they are worked off one by one.
_DIRTY: Final = """
INSERT INTO telematics_dirty (vehicle_id, owner_id, t0, t1, shrinks)
SELECT %(vehicle)s, %(owner)s, x.t0, x.t1, true FROM unnest(%(firsts)s::timestamptz[], %(lasts)s::timestamptz[]) AS x (t0, t1)
ON CONFLICT (vehicle_id, t0, t1) DO UPDATE SET shrinks = true"""
_KNOWN: Final = "SELECT vals, extra FROM telematics_latest WHERE vehicle_id = %(vehicle)s"
_FORGET: Final = """
UPDATE telematics_latest SET vals = %(vals)s, t = %(t)s, lat = %(lat)s, lon = %(lon)s WHERE vehicle_id = %(vehicle)s"""
_BEFORE: Final = """
SELECT (extract(epoch FROM max(x.t)) * 1000)::bigint FROM (
  (SELECT s.t0 AS t FROM telematics_segment s
    WHERE s.vehicle_id = %(vehicle)s AND s.t0 <= %(until)s AND s.signals && %(ids)s::smallint[]
    ORDER BY s.t0 DESC LIMIT 1)
  UNION ALL
  (SELECT t FROM telematics_tail WHERE vehicle_id = %(vehicle)s AND t <= %(until)s AND vals ?| %(names)s::text[]
    ORDER BY t DESC LIMIT 1)) x"""


def delete_range(vehicle_id: UUID, owner_id: UUID, t0: int, t1: int) -> int:
    """Delete the samples with t0 <= t <= t1 (ms) and have what follows from them made anew; how many.

    In a transaction. A device that sends them again stores them again.
    """
    lock(vehicle_id)
    cut_later(vehicle_id, t0, t1)
    values = {"vehicle": vehicle_id, "owner": owner_id, "first": moment(t0), "last": moment(t1)}
    gone: int = 0
    with bound_cursor(binary=True) as cursor:
        cursor.execute(_KNOWN, values)
        row = cursor.fetchone()
        if row is None:
            return 0
        names = names_of(row[1])
        cursor.execute(_TAKE, values)
        taken = cursor.fetchall()
        cursor.execute(_TAKE_SINGLE, values)
        single = [row[0] for row in cursor.fetchall()]
    gone += len(single)
    lost = [(max(t0, first), min(t1, last)) for *_, first, last in taken] + [(t, t) for t in single]
    for data, source, n, skew, _, _ in taken:
        gone += n
        if data is None:
            continue
        whole = decode(data, names)
        left = whole.take((whole.t < t0) | (whole.t > t1))
        gone -= len(left)
        if len(left):
            pack = packer(vehicle_id, owner_id, left.signals)
            pack.insert(left, source=source, skew_ms=skew, mode=Mode.REPACKED)
    if gone:
        days = _days(lost)
        with bound_cursor() as cursor:
            firsts, lasts = ([moment(ends[place]) for ends in days] for place in (0, 1))
            cursor.execute(_DIRTY, values | {"firsts": firsts, "lasts": lasts})
        for woken in ports.stirred.values():
            woken(vehicle_id)
        _relearn(vehicle_id, t0, t1)
    return gone


def delete_of(owner_id: UUID) -> None:
    """All samples of a person, and what is known by heart."""
    vehicles = list(Latest.objects.filter(owner_id=owner_id).values_list("pk", flat=True))
    forget(vehicles)
    forget_later(Archive.objects.filter(owner_id=owner_id, ended_at=None))


def forget(vehicles: Sequence[UUID]) -> None:
    """Everything that is stored of these vehicles, and what followed from it."""
    for model in (Segment, Tail, Daily, Dirty, *FOLLOWED):
        model._default_manager.filter(vehicle_id__in=vehicles).delete()
    forget_later(Archive.objects.filter(vehicle_id__in=vehicles, ended_at=None))
    Latest.objects.filter(pk__in=vehicles).delete()


def tombstone_of(vehicle: Vehicle) -> None:
    """All rows about a vehicle that is being deleted; its samples wait for `retention.AFTER_DELETION`."""
    for model in ABOUT:
        model.objects.filter(vehicle=vehicle).tombstone()
    Dirty.objects.filter(vehicle_id=vehicle.pk).delete()


def tombstone_late() -> int:
    """Rows that came about vehicles which were gone already; how many."""
    return sum(model.objects.filter(vehicle__deleted_at__isnull=False).tombstone() for model in ABOUT)


def _days(lost: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ends (ms) of what was lost, day by day. A segment is an hour long at most, so it touches two days."""
    ends: dict[int, tuple[int, int]] = {}
    for first, last in lost:
        for day in {first // DAY_MS, last // DAY_MS}:
            low, high = max(first, day * DAY_MS), min(last, (day + 1) * DAY_MS - 1)
            known = ends.get(day, (low, high))
            ends[day] = min(low, known[0]), max(high, known[1])
    return sorted(ends.values())


# -- What is known by heart, after a deletion


def _relearn(vehicle_id: UUID, t0: int, t1: int) -> None:
    """Signals whose last value lay in the range take the last one before it that is left (or after: none is)."""
    with bound_cursor() as cursor:
        cursor.execute(_KNOWN, {"vehicle": vehicle_id})
        text, extra = cursor.fetchone()
    known: dict[str, Any] = orjson.loads(text)
    lost = {name for name, (_, at) in known.items() if t0 <= at <= t1}
    if not lost:
        return
    ids = {name: FIRST_UNKNOWN + place for place, name in enumerate(extra)}
    ids |= {name: signal.id for name, signal in BY_NAME.items()}
    known = {name: value for name, value in known.items() if name not in lost}
    until = t0
    while lost and (begin := _begins(vehicle_id, until, lost, ids)) is not None:
        piece = read(vehicle_id, begin, min(begin + HOUR_MS, until), lost)
        for name, values in piece.signals.items():
            if len(places := np.flatnonzero(~np.isnan(values))):
                known[name] = (float(values[places[-1]]), int(piece.t[places[-1]]))
        lost -= known.keys()
        until = begin - 1
    newest = max((at for _, at in known.values()), default=None)
    with bound_cursor() as cursor:
        cursor.execute(
            _FORGET,
            {
                "vehicle": vehicle_id,
                "vals": Jsonb(known, dumps=orjson.dumps),
                "t": None if newest is None else moment(newest),
                "lat": known.get("lat", (None,))[0],
                "lon": known.get("lon", (None,))[0],
            },
        )


def _begins(vehicle_id: UUID, until: int, names: set[str], ids: dict[str, int]) -> int | None:
    """When the last segment with one of these signals begins, not after `until`: none of them is later than an hour
    after that. None: they were never heard of.
    """
    with bound_cursor() as cursor:
        cursor.execute(
            _BEFORE,
            {
                "vehicle": vehicle_id,
                "until": moment(until),
                "ids": [ids[name] for name in names],
                "names": sorted(names),
            },
        )
        (found,) = cursor.fetchone()
    return None if found is None else int(found)
