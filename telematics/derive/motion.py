"""Speed, place and movement. Speeds in km/h, instants in epoch ms, distances in metres, positions in degrees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from telematics.samples import Samples, Values

Mask = NDArray[np.bool_]
EARTH_M: Final = 6_371_008.8  # mean radius, IUGG
HOLD_MS: Final = 10_000  # a value counts this long; nothing is measured across a longer gap
MOVING_KMH: Final = 3.0
MOVED_M: Final = 50.0
LOOK_BACK_MS: Final = 30_000  # jitter of a fix a second is no movement; 50 m in half a minute is
MOVED_KM: Final = 0.05
REACH_MS: Final = 300_000  # two fixes further apart say nothing about movement between them


def haversine(lat0: Values, lon0: Values, lat1: Values, lon1: Values) -> Values:
    """Great-circle distances in metres (sphere); NaN where a position is missing."""
    a0, o0, a1, o1 = (np.radians(angle) for angle in (lat0, lon0, lat1, lon1))
    half = np.sin((a1 - a0) / 2) ** 2 + np.cos(a0) * np.cos(a1) * np.sin((o1 - o0) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1))), np.float64)


def held(samples: Samples, values: Values) -> Values:
    """`values` with gaps filled by the last known one, for at most HOLD_MS."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) in {0, len(values)}:
        return values
    last = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    source = known[np.maximum(last, 0)]
    fresh = (last >= 0) & (samples.t - samples.t[source] <= HOLD_MS)
    return np.where(fresh, values[source], np.nan)


def speed_of(samples: Samples) -> Values:
    """The vehicle's speed: of the vehicle itself, else of GPS; held over gaps of other signals' samples."""
    speed = held(samples, samples.column("speed"))
    return np.where(np.isnan(speed), held(samples, samples.column("gps_speed")), speed)


def moving(samples: Samples) -> Mask:
    """At which samples is the vehicle under way?

    By speed where it is known; where not, by displacement (more than 50 m since the fix half a minute ago), else
    by an odometer that counts on. Both ends of such a displacement move.
    """
    speed = speed_of(samples)
    under_way = np.asarray(speed >= MOVING_KMH, bool)
    unknown = np.isnan(speed)
    if unknown.any():
        under_way |= unknown & (_displaced(samples) | _counted(samples))
    return under_way


def _displaced(samples: Samples) -> Mask:
    lat, lon = samples.column("lat"), samples.column("lon")
    fixes = np.flatnonzero(~np.isnan(lat) & ~np.isnan(lon))
    mask = np.zeros(len(samples), bool)
    if len(fixes) < 2:
        return mask
    t = samples.t[fixes]
    order = np.arange(len(fixes))
    before = np.minimum(np.searchsorted(t, t - LOOK_BACK_MS), np.maximum(order - 1, 0))
    there = fixes[before]
    far = haversine(lat[there], lon[there], lat[fixes], lon[fixes]) > MOVED_M
    far &= t - samples.t[there] <= REACH_MS
    mask[fixes[far]] = True
    mask[there[far]] = True
    return mask


def _counted(samples: Samples) -> Mask:
    odometer = samples.column("odometer")
    read = np.flatnonzero(~np.isnan(odometer))
    mask = np.zeros(len(samples), bool)
    if len(read) < 2:
        return mask
    on = (np.diff(odometer[read]) >= MOVED_KM) & (np.diff(samples.t[read]) <= REACH_MS)
    mask[read[1:][on]] = True
    mask[read[:-1][on]] = True
    return mask


def integral(samples: Samples, values: Values) -> float | None:
    """Trapezoid of `values` over seconds, never across gaps longer than HOLD_MS; None without two readings."""
    known = ~np.isnan(values)
    if np.count_nonzero(known) < 2:
        return None
    t, v = samples.t[known], values[known]
    dt = np.diff(t)
    near = dt <= HOLD_MS
    return float(np.sum((v[1:] + v[:-1])[near] / 2 * dt[near]) / 1000)


def seconds(samples: Samples, mask: Mask) -> float:
    """How long `mask` holds: each sample counts until the next one, for at most HOLD_MS."""
    if len(samples) < 2:
        return 0.0
    return float(np.sum(np.minimum(np.diff(samples.t), HOLD_MS)[mask[:-1]]) / 1000)


def first_place(samples: Samples) -> tuple[float, float] | None:
    """(lat, lon) of the first fix."""
    return _place(samples, 0)


def last_place(samples: Samples) -> tuple[float, float] | None:
    return _place(samples, -1)


def _place(samples: Samples, which: int) -> tuple[float, float] | None:
    lat, lon = samples.column("lat"), samples.column("lon")
    fixes = np.flatnonzero(~np.isnan(lat) & ~np.isnan(lon))
    if not len(fixes):
        return None
    return float(lat[fixes[which]]), float(lon[fixes[which]])
