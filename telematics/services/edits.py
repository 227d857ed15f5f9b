"""What an owner decides of their trips: label, join, split. Each is kept as a `TripEdit` and survives a recompute."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from core.errors import Invalid
from telematics.instants import millis
from telematics.models import EditKind, Trip, TripEdit
from telematics.services import facts
from telematics.services.facts import Range
from telematics.services.packing import lock

if TYPE_CHECKING:
    from datetime import datetime

_GONE: Final = "The samples of this trip have had their time, so it stays as it is."


def label(trip: Trip, *, label: str, note: str) -> Trip:
    """Business or private, and a few words."""
    TripEdit.objects.filter(
        vehicle_id=trip.vehicle_id, kind=EditKind.LABEL, t0__gte=trip.start_at, t1__lte=trip.end_at
    ).delete()
    _keep(trip, EditKind.LABEL, trip.start_at, trip.end_at, label=label, note=note)
    trip.label, trip.note = label, note
    trip.save(update_fields=["label", "note"])
    return trip


def join(trip: Trip, other: Trip) -> Trip:
    """Make one trip of this one and the one before or after it; the answer is the joined one. Raises Invalid."""
    first, second = sorted((trip, other), key=lambda one: one.start_at)
    if first.pk == second.pk or first.vehicle_id != second.vehicle_id:
        raise Invalid(fields={"merge_with": ["Name another trip of the same vehicle."]})
    between = Trip.objects.live().filter(
        vehicle_id=first.vehicle_id, start_at__gt=first.start_at, start_at__lt=second.start_at
    )
    if between.exists():
        raise Invalid(fields={"merge_with": ["There is another trip between the two."]})
    TripEdit.objects.filter(
        vehicle_id=first.vehicle_id, kind=EditKind.CUT, t0__gte=first.end_at, t0__lte=second.start_at
    ).delete()
    pause = timedelta(seconds=min(settings.TRIP_STOP_SECONDS, settings.TRIP_GAP_SECONDS))
    if second.start_at - first.end_at >= pause:  # shorter ones join by themselves
        _keep(first, EditKind.JOIN, first.end_at, second.start_at)
    whole = _renewed(first, first.start_at, second.end_at, at=first.start_at)
    if whole.end_at < second.end_at:
        raise Invalid(fields={"merge_with": [_GONE]})
    return whole


def cut(trip: Trip, at: datetime) -> Trip:
    """End the trip at an instant; the answer is the part before it. Both parts keep its words. Raises Invalid."""
    if not trip.start_at < at < trip.end_at:
        raise Invalid(fields={"split_at": ["Give an instant within the trip."]})
    if trip.label or trip.note:
        for t0, t1 in ((trip.start_at, at), (at, trip.end_at)):
            _keep(trip, EditKind.LABEL, t0, t1, label=trip.label, note=trip.note)
    removed, _ = TripEdit.objects.filter(
        vehicle_id=trip.vehicle_id, kind=EditKind.JOIN, t0__lte=at, t1__gte=at
    ).delete()
    if not removed:
        _keep(trip, EditKind.CUT, at, at)
    part = _renewed(trip, trip.start_at, trip.end_at, at=trip.start_at)
    if part.end_at >= at:
        raise Invalid(fields={"split_at": [_GONE]})
    return part


def _keep(trip: Trip, kind: str, t0: datetime, t1: datetime, **words: Any) -> None:
    TripEdit.objects.create(
        vehicle_id=trip.vehicle_id, owner_id=trip.owner_id, kind=kind, t0=t0, t1=t1, **words
    )


def _renewed(trip: Trip, t0: datetime, t1: datetime, *, at: datetime) -> Trip:
    lock(trip.vehicle_id)
    facts.renew_trips(trip.vehicle, Range(millis(t0), millis(t1), grows=True))
    found: Trip | None = (
        Trip.objects.live().filter(vehicle_id=trip.vehicle_id, start_at__lte=at, end_at__gte=at).first()
    )
    if found is None:
        raise Invalid(fields={"split_at": ["Nothing that counts as a trip would be left."]})
    return found
