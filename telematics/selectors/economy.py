"""Sums over trips: stops, consumption, cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F

from garage.models import FuelUp
from telematics.derive.stops import stops
from telematics.instants import millis, moment
from telematics.models import Trip

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

US_GALLON_L: Final = 3.785411784
IMPERIAL_GALLON_L: Final = 4.54609
MILE_M: Final = 1609.344


@dataclass(frozen=True, slots=True)
class _Trip:
    t0: int
    t1: int
    start: tuple[float, float] | None
    end: tuple[float, float] | None


def stops_of(vehicle_id: UUID, t0: datetime, t1: datetime) -> list[dict[str, Any]]:
    """Stops that begin in a range, newest first; the last one lasts."""
    rows = Trip.objects.live().filter(vehicle_id=vehicle_id, end_at__gte=t0).order_by("start_at")
    places = rows.values_list("start_at", "end_at", "start_lat", "start_lon", "end_lat", "end_lon")
    trips = [
        _Trip(millis(start), millis(end), _place(lat0, lon0), _place(lat1, lon1))
        for start, end, lat0, lon0, lat1, lon1 in places
    ]
    return [
        {
            "start_at": moment(stop.t0),
            "end_at": None if stop.t1 is None else moment(stop.t1),
            "duration_s": stop.seconds,
            "lat": stop.place[0] if stop.place else None,
            "lon": stop.place[1] if stop.place else None,
        }
        for stop in reversed(stops(trips, lasts=True))
        if stop.t0 <= millis(t1)
    ]


def _place(lat: float | None, lon: float | None) -> tuple[float, float] | None:
    return None if lat is None or lon is None else (lat, lon)


def economy_of(
    vehicle_id: UUID, t0: datetime, t1: datetime, *, tank_l: float | None = None
) -> dict[str, Any]:
    """Consumption over the trips that begin in a range; what it cost at the newest price that the log knows.

    Consumption counts only the way of those trips whose fuel is known.
    """
    trips = list(Trip.objects.live().filter(vehicle_id=vehicle_id, start_at__range=(t0, t1)))
    drunk = [(trip, litres) for trip in trips if (litres := _litres(trip, tank_l)) is not None]
    litres = sum(used for _, used in drunk) if drunk else None
    way = sum(trip.distance_m for trip, _ in drunk)
    per_100 = litres / way * 100_000 if litres is not None and way else None
    levels = [trip.level_used for trip in trips if trip.level_used is not None]
    filled = [trip.refuelled for trip in trips if trip.refuelled is not None]
    per_km = way / 1000 / litres if litres else None
    sums = {
        "distance_m": sum(trip.distance_m for trip in trips),
        "drive_s": sum(trip.drive_s for trip in trips),
        "idle_s": sum(trip.idle_s for trip in trips),
        "fuel_l": litres,
        "level_used": sum(levels) if levels else None,
        "refuelled": sum(filled) if filled else None,
        "l_per_100km": per_100,
        "km_per_l": per_km,
        "mpg_us": None if per_km is None else per_km * 1000 / MILE_M * US_GALLON_L,
        "mpg_imp": None if per_km is None else per_km * 1000 / MILE_M * IMPERIAL_GALLON_L,
    }
    return {name: value if value is None else round(value, 3) for name, value in sums.items()} | {
        "trips": len(trips),
        "fuel_sources": sorted({trip.fuel_source for trip, _ in drunk}),
        "cost": _cost(vehicle_id, litres),
    }


def _litres(trip: Trip, tank_l: float | None) -> float | None:
    if trip.fuel_l is not None:
        return trip.fuel_l
    return None if tank_l is None or trip.level_used is None else trip.level_used * tank_l / 100


def _cost(vehicle_id: UUID, litres: float | None) -> dict[str, Any] | None:
    priced = FuelUp.objects.live().filter(vehicle_id=vehicle_id, unit="l", amount_minor__gt=0)
    newest = priced.order_by(F("filled_on").desc(), "-created_at").first() if litres is not None else None
    if newest is None or litres is None or not newest.amount_minor:
        return None
    each = newest.amount_minor / float(newest.quantity)
    return {"amount_minor": round(litres * each), "currency": newest.currency, "per_l_minor": round(each, 3)}
