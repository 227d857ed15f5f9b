"""How far, and what the odometer may say. Metres and kilometres stand in the names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from telematics.derive.motion import MOVED_M, Mask, haversine, integral, speed_of

if TYPE_CHECKING:
    from telematics.samples import Instants, Samples, Values

MAX_KMH: Final = 250.0
SLACK_KM: Final = 1.1  # a counter of whole kilometres jumps by one
NEAR_END_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Distance:
    """`source`: odometer, speed, gps or "" (unknown). `gps_m`: by haversine, as a check."""

    m: float | None
    source: str
    gps_m: float | None


def distance(samples: Samples) -> Distance:
    """The odometer's difference when it is fine enough, covers the range and never falls or jumps; else the speed
    integrated over time; else the way between the fixes.
    """
    by_gps = gps_m(samples)
    counted = _odometer_m(samples)
    if counted is not None:
        return Distance(counted, "odometer", by_gps)
    by_speed = speed_m(samples)
    if by_speed is not None:
        return Distance(by_speed, "speed", by_gps)
    return Distance(by_gps, "gps" if by_gps is not None else "", by_gps)


def speed_m(samples: Samples) -> float | None:
    """Integral of the speed."""
    kmh_s = integral(samples, speed_of(samples))
    return None if kmh_s is None else kmh_s / 3.6


def gps_m(samples: Samples) -> float | None:
    """The way between fixes; None without two. A leap beyond 250 km/h is an error of the receiver, no way."""
    lat, lon = samples.column("lat"), samples.column("lon")
    fixes = ~np.isnan(lat) & ~np.isnan(lon)
    if np.count_nonzero(fixes) < 2:
        return None
    lat, lon, t = lat[fixes], lon[fixes], samples.t[fixes]
    steps = haversine(lat[:-1], lon[:-1], lat[1:], lon[1:])
    limit = np.maximum(MAX_KMH / 3.6 * np.diff(t) / 1000, MOVED_M)
    return float(np.sum(steps[steps <= limit]))


def _odometer_m(samples: Samples) -> float | None:
    odometer = samples.column("odometer")
    known = ~np.isnan(odometer)
    if np.count_nonzero(known) < 2:
        return None
    t, km = samples.t[known], odometer[known]
    covers = t[0] - samples.t[0] <= NEAR_END_MS and samples.t[-1] - t[-1] <= NEAR_END_MS
    coarse = bool(np.all(km == np.floor(km)))
    if not covers or (coarse and speed_m(samples) is not None) or not plausible(t, km).all():
        return None
    return float(km[-1] - km[0]) * 1000


def plausible(t: Instants, km: Values) -> Mask:
    """Which readings fit the highest plausible one before them: neither lower nor further than 250 km/h allow.

    Others are quarantined: they never count as the vehicle's odometer. A first reading has nothing to fit.
    """
    fits = np.ones(len(km), bool)
    if len(km) < 2:
        return fits
    steps = np.diff(km)
    allowed = MAX_KMH * np.diff(t) / 3_600_000 + SLACK_KM
    if bool(np.all((steps >= 0) & (steps <= allowed))):
        return fits
    best, at = float(km[0]), int(t[0])
    for index in range(1, len(km)):
        far = MAX_KMH * (int(t[index]) - at) / 3_600_000 + SLACK_KM
        fits[index] = best <= km[index] <= best + far
        if fits[index]:
            best, at = float(km[index]), int(t[index])
    return fits
