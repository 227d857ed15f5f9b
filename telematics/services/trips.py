"""Trips written down: what was found takes the place of what was known, ids and labels stay with the same trip."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from core import clock, hub
from telematics.derive.alerts.rules import MEMORY_MS, REACH_MS
from telematics.derive.fuel import BURNS, PETROL
from telematics.derive.trips import TripFacts, find
from telematics.derive.window import settle
from telematics.instants import FIRST_MS, LAST_MS, millis, moment
from telematics.models import EditKind, Trip, TripEdit
from telematics.selectors.facts import plan_of
from telematics.selectors.read import read
from telematics.services.odometer import kilometres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from garage.models import Vehicle
    from telematics.models import Alert
    from telematics.selectors.facts import Reader

LIVE: Final = timedelta(seconds=60)
SURELY_RAW: Final = timedelta(hours=20)  # younger than any retention: its samples are still there
COPIED: Final = (
    "distance_m", "distance_source", "gps_m", "drive_s", "idle_s", "speed_max", "speed_avg", "rpm_max", "coolant_max",
    "fuel_l", "fuel_source", "level_used", "refuelled",
)  # fmt: skip
# Sums of floats are kept as fine as they mean something: dm, tenths of a second, a tenth of a ml. Samples stay as they are.
PLACES: Final = {
    "distance_m": 1, "gps_m": 1, "drive_s": 1, "idle_s": 1, "speed_avg": 2, "fuel_l": 4, "level_used": 2,
    "refuelled": 2,
}  # fmt: skip


def renew(
    vehicle: Vehicle, reader: Reader, extent: tuple[int, int], change: tuple[int, int], *, grows: bool
) -> None:
    """Make the trips around `change` (ms) anew."""
    plan = plan_of(vehicle, BURNS.get(vehicle.fuel_type, PETROL))
    found = settle(
        reader.read,
        extent,
        change,
        lambda samples, known: find(samples, plan, known=known),
        lambda trip: trip.t0,
        reach_ms=max(REACH_MS, plan.reach_ms),
        memory_ms=MEMORY_MS,
    )
    # What ended before everything that is stored, and before the change, is not looked at at all.
    within = {
        "start_at__gt": bound(found.low),
        "start_at__lt": bound(found.high),
        "end_at__gte": bound(min(extent[0], change[0])),
    }
    known = list(Trip.objects.live().filter(vehicle=vehicle, **within).order_by("start_at"))
    kept = [trip for trip in known if (grows or not touches(trip, change)) and _outlived(trip)]
    known = [trip for trip in known if trip not in kept]
    facts = [one for one in found.facts if not any(_overlap(one, trip) for trip in kept)]
    write(vehicle, facts, known)


def touches(row: Trip | Alert, change: tuple[int, int]) -> bool:
    """Does it reach into a range (ms)?"""
    return millis(row.start_at) <= change[1] and change[0] <= millis(row.end_at)


def write(vehicle: Vehicle, facts: Sequence[TripFacts], known: Sequence[Trip]) -> None:
    """Update, make and tombstone, so that exactly `facts` stand in the place of `known`."""
    labels = _labels(vehicle, facts)
    same = matched(facts, known)
    now = clock.now()
    for number, one in enumerate(facts):
        label = labels.get(number)
        columns = columns_of(one) | {
            "label": label.label if label else "",
            "note": label.note if label else "",
        }
        trip = same.get(number)
        if trip is None:
            trip = Trip.objects.create(vehicle=vehicle, owner_id=vehicle.owner_id, **columns)
        elif any(getattr(trip, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(trip, name, value)
            trip.save(update_fields=list(columns))
        else:
            continue
        if now - trip.end_at < LIVE:
            _show(trip)
    stayed = {trip.pk for trip in same.values()}
    gone = [trip.pk for trip in known if trip.pk not in stayed]
    if gone:
        Trip.objects.filter(pk__in=gone).update(deleted_at=now)


def matched(facts: Sequence[TripFacts], known: Sequence[Trip]) -> dict[int, Trip]:
    """Which new trip is which old one: those that share more than half of the old one, the largest share first."""
    pairs = [
        (shared, number, trip)
        for number, one in enumerate(facts)
        for trip in known
        if (shared := _overlap(one, trip)) * 2 > max(1, millis(trip.end_at) - millis(trip.start_at))
    ]
    same: dict[int, Trip] = {}
    taken: set[Any] = set()
    for _, number, trip in sorted(pairs, key=lambda pair: -pair[0]):
        if number not in same and trip.pk not in taken:
            same[number] = trip
            taken.add(trip.pk)
    return same


def columns_of(one: TripFacts) -> dict[str, Any]:
    told = asdict(one)
    start, end = one.start or (None, None), one.end or (None, None)
    return {name: rounded(told[name], name) for name in COPIED} | {
        "start_at": moment(one.t0),
        "end_at": moment(one.t1),
        "odometer_start_km": None if one.odometer0 is None else kilometres(one.odometer0),
        "odometer_end_km": None if one.odometer1 is None else kilometres(one.odometer1),
        "start_lat": start[0],
        "start_lon": start[1],
        "end_lat": end[0],
        "end_lon": end[1],
        "samples": one.n,
    }


def rounded(value: Any, name: str) -> Any:
    return value if value is None or name not in PLACES else round(value, PLACES[name])


def bound(ms: int) -> Any:
    """The instant of a window's end, within the calendar."""
    return moment(min(max(ms, FIRST_MS - 1), LAST_MS))


def _overlap(one: TripFacts, trip: Trip) -> int:
    return max(0, min(one.t1, millis(trip.end_at)) - max(one.t0, millis(trip.start_at)))


def _outlived(trip: Trip) -> bool:
    """Were samples of this trip dropped by retention since it was made? Then it stays as it is."""
    if trip.start_at > clock.now() - SURELY_RAW:
        return False
    return len(read(trip.vehicle_id, millis(trip.start_at), millis(trip.end_at))) < trip.samples


def _labels(vehicle: Vehicle, facts: Sequence[TripFacts]) -> dict[int, TripEdit]:
    """The newest label whose middle lies in the trip."""
    edits = TripEdit.objects.live().filter(vehicle=vehicle, kind=EditKind.LABEL).order_by("created_at", "pk")
    labels: dict[int, TripEdit] = {}
    for edit in edits:
        middle = (millis(edit.t0) + millis(edit.t1)) // 2
        inside = partial(_holds, middle)
        labels.update({number: edit for number, one in enumerate(facts) if inside(one)})
    return labels


def _holds(at: int, one: TripFacts) -> bool:
    return one.t0 <= at <= one.t1


def _show(trip: Trip) -> None:
    hub.publish(
        f"vehicle:{trip.vehicle_id}",
        {
            "type": "TRIP",
            "vehicleId": trip.vehicle_id,
            "tripId": trip.pk,
            "startAt": trip.start_at,
            "endAt": trip.end_at,
            "distanceM": trip.distance_m,
        },
    )
