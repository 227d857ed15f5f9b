"""Places: is a position inside, and when was a border crossed. Positions in degrees (WGS 84)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from telematics.derive.motion import haversine

if TYPE_CHECKING:
    from telematics.derive.motion import Mask
    from telematics.samples import Values


@dataclass(frozen=True, slots=True)
class Circle:
    lat: float
    lon: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """At least three corners (lat, lon); the last joins the first. It may not reach over the date line."""

    corners: tuple[tuple[float, float], ...]


Fence: TypeAlias = Circle | Polygon


def inside(fence: Fence, lat: Values, lon: Values) -> Mask:
    """Which positions lie inside."""
    if isinstance(fence, Circle):
        centre = np.full(len(lat), fence.lat), np.full(len(lon), fence.lon)
        return np.asarray(haversine(*centre, lat, lon) <= fence.radius_m, bool)
    return _within(fence, lat, lon)


def _within(fence: Polygon, lat: Values, lon: Values) -> Mask:
    """Even-odd rule: a ray to the east crosses the border an odd number of times."""
    odd = np.zeros(len(lat), bool)
    before_lat, before_lon = fence.corners[-1]
    for corner_lat, corner_lon in fence.corners:
        if corner_lat != before_lat:
            spans = (corner_lat > lat) != (before_lat > lat)
            crossing = (before_lon - corner_lon) * (lat - corner_lat) / (before_lat - corner_lat) + corner_lon
            odd ^= spans & (lon < crossing)
        before_lat, before_lon = corner_lat, corner_lon
    return odd
