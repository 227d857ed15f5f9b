"""What follows from samples is made anew where samples came or went: trips, alerts, days.

An append only marks its range as dirty; a job a few seconds later works it off, and so does whoever reads
before (`settle_if_dirty`): nobody ever sees facts of another set of samples than the stored one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection

from core.jobs import enqueue
from core.rls import as_system
from garage.models import Vehicle
from telematics.derive.days import DAY_MS, day_of, days_between
from telematics.derive.fuel import BURNS, PETROL
from telematics.derive.trips import SIGNALS
from telematics.instants import millis, moment
from telematics.models import Daily, Dirty, Latest
from telematics.selectors.facts import Reader, extent_of, live_rules
from telematics.selectors.read import read
from telematics.services import alerting, odometer, trips
from telematics.services.packing import lock
from telematics.services.trips import rounded

if TYPE_CHECKING:
    from uuid import UUID

SETTLE: Final = "telematics.settle"
SOON_S: Final = 5
NEAR_MS: Final = 3_600_000
# A day at a time, the oldest first: so a long import holds the vehicle's lock only for moments.
_TAKE: Final = """
DELETE FROM telematics_dirty d WHERE d.vehicle_id = %(vehicle)s AND d.t0 < (
  SELECT min(o.t0) FROM telematics_dirty o WHERE o.vehicle_id = %(vehicle)s) + interval '1 day'
RETURNING d.t0, d.t1, NOT d.shrinks"""
MOST_AT_ONCE: Final = 200  # dirty ranges that a reader waits for; the job works off more than that alone


@dataclass(frozen=True, slots=True)
class Range:
    """ms. `grows`: samples only came; else some may have gone, and what follows from them goes too."""

    t0: int
    t1: int
    grows: bool


def stirred(vehicle_id: UUID) -> None:
    """The plug of `ports.stirred`: a job that looks soon. Ranges that come meanwhile are found by it, for it holds the
    vehicle's lock.
    """
    enqueue(SETTLE, delay_seconds=SOON_S, vehicle_id=str(vehicle_id))


def settle_if_dirty(vehicle_id: UUID) -> None:
    """Before reading facts: one statement where nothing has changed. A long import is left to its job."""
    waiting = Dirty.objects.filter(vehicle_id=vehicle_id).values_list("t0", flat=True)[: MOST_AT_ONCE + 1]
    if 0 < len(waiting) <= MOST_AT_ONCE:
        settle(vehicle_id)


def settle(vehicle_id: UUID) -> int:
    """Make all facts of the vehicle's dirty ranges anew; how many ranges. Repeating does nothing."""
    done = 0
    while taken := _settle_some(vehicle_id):
        done += taken
    return done


def _settle_some(vehicle_id: UUID) -> int:
    with as_system("facts of a vehicle are made whoever reads them"):
        lock(vehicle_id)
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"vehicle": vehicle_id})
            taken = [Range(millis(t0), millis(t1), grows) for t0, t1, grows in cursor.fetchall()]
        vehicle = Vehicle.objects.live().filter(pk=vehicle_id).first() if taken else None
        if vehicle is not None:
            for part in pieces(taken):
                renew(vehicle, part)
            odometer.tell_later(vehicle_id)
        return len(taken)


def sweep() -> int:
    """Vehicles whose job was lost; how many."""
    with as_system("ranges of many people wait"):
        waiting = list(Dirty.objects.values_list("vehicle_id", flat=True).distinct()[:500])
    for vehicle_id in waiting:
        settle(vehicle_id)
    return len(waiting)


def pieces(ranges: list[Range]) -> list[Range]:
    """Near ones joined, then cut into days: a long import is worked off in bites."""
    joined: list[Range] = []
    for part in sorted(ranges, key=lambda one: one.t0):
        if joined and part.t0 - joined[-1].t1 <= NEAR_MS:
            last = joined.pop()
            part = Range(last.t0, max(last.t1, part.t1), last.grows and part.grows)  # noqa: PLW2901 -- it grows
        joined.append(part)
    return [
        Range(max(part.t0, day), min(part.t1, day + DAY_MS - 1), part.grows)
        for part in joined
        for day in range(part.t0 // DAY_MS * DAY_MS, part.t1 + 1, DAY_MS)
    ]


def renew(vehicle: Vehicle, part: Range) -> None:
    """Trips, alerts and days around one range, from the samples that are stored now."""
    # Where samples went, rules look that need a signal of which nothing may be left.
    rules = live_rules(vehicle, set(_signals_of(vehicle)) if part.grows else None)
    names = {*SIGNALS, *(name for rule in rules for name in rule.signals)}
    reader = Reader(vehicle.pk, names)
    extent = extent_of(vehicle.pk) or (part.t0, part.t1)
    change = (part.t0, part.t1)
    trips.renew(vehicle, reader, extent, change, grows=part.grows)
    for rule in rules:
        alerting.renew(vehicle, rule, reader, extent, change, grows=part.grows)
    if not part.grows:
        alerting.forget_unjudged(vehicle, rules, change)
    _renew_days(vehicle, part)


def renew_trips(vehicle: Vehicle, part: Range) -> None:
    """The trips alone, after an edit of their owner."""
    extent = extent_of(vehicle.pk) or (part.t0, part.t1)
    trips.renew(vehicle, Reader(vehicle.pk, SIGNALS), extent, (part.t0, part.t1), grows=part.grows)


def _signals_of(vehicle: Vehicle) -> dict[str, object]:
    """All signals that were ever told of the vehicle."""
    known: dict[str, object] | None = (
        Latest.objects.filter(pk=vehicle.pk).values_list("vals", flat=True).first()
    )
    return known or {}


def _renew_days(vehicle: Vehicle, part: Range) -> None:
    burn = BURNS.get(vehicle.fuel_type, PETROL)
    for start in days_between(part.t0, part.t1):
        around = read(vehicle.pk, start - DAY_MS // 24, start + DAY_MS + DAY_MS // 24)
        made = day_of(around, start, burn)
        day = moment(start).date()
        rows = Daily.objects.filter(vehicle_id=vehicle.pk, day=day)
        grows = part.grows or not (start <= part.t1 and part.t0 < start + DAY_MS)  # a neighbour lost nothing
        if made is None:
            if not grows:
                rows.delete()
            continue
        # Raw samples of an old day may have been dropped since: the day keeps what was known of it.
        if grows and rows.filter(n__gt=made.n).exists():
            continue
        Daily.objects.bulk_create(
            [
                Daily(
                    vehicle_id=vehicle.pk, owner_id=vehicle.owner_id, day=day, n=made.n,
                    dist_m=rounded(made.dist_m, "distance_m"), fuel_l=rounded(made.fuel_l, "fuel_l"), drive_s=round(made.drive_s), idle_s=round(made.idle_s), vmax=made.vmax,
                    stats=made.stats,
                )
            ],
            update_conflicts=True,
            unique_fields=["vehicle_id", "day"],
            update_fields=["n", "dist_m", "fuel_l", "drive_s", "idle_s", "vmax", "stats"],
        )  # fmt: skip
