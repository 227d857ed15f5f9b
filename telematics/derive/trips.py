"""Trips: runs of movement, joined over short stops, cut at silences, and what its owner decided otherwise.

`Plan.joins` and `Plan.cuts` are the owner's edits: they are part of the input, so a recompute keeps them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from telematics.derive.distance import distance
from telematics.derive.fuel import PETROL, Burn, fuel
from telematics.derive.motion import first_place, last_place, moving, seconds, speed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telematics.samples import Samples

STOP_S: Final = 300
GAP_S: Final = 300
SIGNALS: Final = (
    "speed", "gps_speed", "lat", "lon", "odometer", "rpm", "fuel_rate", "maf", "lambda", "fuel_level",
    "coolant_temp", "battery", "accel_x",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """How to cut: seconds of a stop that ends a trip, seconds of silence that do, the least trip in m and s.

    joins: (t0, t1) ms, the pause around or in that range ends no trip. cuts: instants (ms) at which one ends.
    """

    stop_s: int = STOP_S
    gap_s: int = GAP_S
    min_m: float = 200.0
    min_s: float = 60.0
    burn: Burn = PETROL
    joins: tuple[tuple[int, int], ...] = ()
    cuts: tuple[int, ...] = ()

    @property
    def reach_ms(self) -> int:
        """How far a sample's influence on the cutting goes; `moving` looks as far as STOP_S whatever the limits are."""
        return max(self.stop_s, self.gap_s, STOP_S) * 1000


@dataclass(frozen=True, slots=True)
class TripFacts:
    """One trip. Instants in ms, distances in m, times in s, speeds in km/h, fuel in litres, level in percent."""

    t0: int
    t1: int
    distance_m: float
    distance_source: str
    gps_m: float | None
    drive_s: float
    idle_s: float
    speed_max: float | None
    speed_avg: float | None
    rpm_max: float | None
    coolant_max: float | None
    fuel_l: float | None
    fuel_source: str
    level_used: float | None
    refuelled: float | None
    odometer0: float | None
    odometer1: float | None
    start: tuple[float, float] | None
    end: tuple[float, float] | None
    n: int


@dataclass(frozen=True, slots=True)
class Found:
    """The trips of a set, and instants no trip spans and across which nothing matters, if they are known."""

    facts: list[TripFacts] = field(default_factory=list)
    breaks: tuple[int, ...] = ()


def find(samples: Samples, plan: Plan | None = None, *, known: tuple[int, int] | None = None) -> Found:
    """All trips in order. `known`: the range (ms) that `samples` is all of; None: there is nothing else."""
    plan = plan or Plan()
    groups = _groups(samples, plan)
    parts = [part for group in groups for part in _cut(samples, group, plan)]
    facts = [facts_of(samples.slice(t0, t1), plan) for t0, t1 in parts]
    kept = [one for one in facts if one.t1 - one.t0 >= plan.min_s * 1000 and one.distance_m >= plan.min_m]
    return Found(kept, _breaks(groups, plan, known))


def facts_of(samples: Samples, plan: Plan) -> TripFacts:
    """What one trip amounts to; `samples` are those of the trip, at least one."""
    way, used, speed = distance(samples), fuel(samples, plan.burn), speed_of(samples)
    under_way = moving(samples)
    drive_s, whole_s = seconds(samples, under_way), (samples.t1 - samples.t0) / 1000
    metres = way.m or 0.0
    odometer = samples.column("odometer")
    read = odometer[~np.isnan(odometer)]
    return TripFacts(
        t0=samples.t0,
        t1=samples.t1,
        distance_m=metres,
        distance_source=way.source,
        gps_m=way.gps_m,
        drive_s=drive_s,
        idle_s=max(0.0, whole_s - drive_s),
        speed_max=highest(speed),
        speed_avg=metres / whole_s * 3.6 if whole_s else None,
        rpm_max=highest(samples.column("rpm")),
        coolant_max=highest(samples.column("coolant_temp")),
        fuel_l=used.litres,
        fuel_source=used.source,
        level_used=used.level_used,
        refuelled=used.refuelled,
        odometer0=float(read[0]) if len(read) else None,
        odometer1=float(read[-1]) if len(read) else None,
        start=first_place(samples),
        end=last_place(samples),
        n=len(samples),
    )


def highest(values: np.typing.NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else None


# -- Cutting


def _groups(samples: Samples, plan: Plan) -> list[tuple[int, int]]:
    """(t0, t1) of movement joined over short stops and over what the owner joined, in ms."""
    t = samples.t[moving(samples)]
    if not len(t):
        return []
    pauses = np.flatnonzero(np.diff(t) >= min(plan.stop_s, plan.gap_s) * 1000)
    ends = [int(at) for at in pauses if not _joined(samples, int(t[at]), int(t[at + 1]), plan)]
    firsts = [0, *(at + 1 for at in ends)]
    return [(int(t[a]), int(t[b])) for a, b in zip(firsts, [*ends, len(t) - 1], strict=True)]


def _joined(samples: Samples, left: int, right: int, plan: Plan) -> bool:
    """Does this pause end no trip: joined by hand, a silence that is short enough, or a stop that is?"""
    if _by_hand(left, right, plan.joins):
        return True
    first, last = (int(place) for place in np.searchsorted(samples.t, [left, right]))
    if np.diff(samples.t[first : last + 1]).max() >= plan.gap_s * 1000:
        return False
    return last - first == 1 or right - left < plan.stop_s * 1000  # nobody saw it stand, or not for long


def _by_hand(left: int, right: int, joins: Sequence[tuple[int, int]]) -> bool:
    return any(t0 < right and left < t1 for t0, t1 in joins)


def _cut(samples: Samples, group: tuple[int, int], plan: Plan) -> list[tuple[int, int]]:
    """The group, cut where its owner said so: each part from its first to its last sample."""
    t0, t1 = group
    cuts = sorted({cut for cut in plan.cuts if t0 < cut <= t1})
    edges = [t0, *cuts, t1 + 1]
    parts = []
    for left, right in itertools.pairwise(edges):
        first, last = np.searchsorted(samples.t, [left, right])
        if last > first:
            parts.append((int(samples.t[first]), int(samples.t[last - 1])))
    return parts


def _breaks(groups: list[tuple[int, int]], plan: Plan, known: tuple[int, int] | None) -> tuple[int, ...]:
    """Instants in quiet stretches: after each group and before the next, where the quiet is known to be long enough.

    `moving` looks up to 5 minutes to both sides for slow trackers, which the reach covers as well.
    """
    if known is None:
        return ()
    reach = plan.reach_ms
    low, high = known
    if not groups:
        return (low + reach, high - reach) if high - low >= 2 * reach else ()
    found = []
    if groups[0][0] - low > 2 * reach and not _by_hand(low, groups[0][0], plan.joins):
        found += [low + reach, groups[0][0] - reach]
    for (_, end), (start, _) in itertools.pairwise(groups):
        found += [end + 1, start - 1]
    if high - groups[-1][1] > 2 * reach and not _by_hand(groups[-1][1], high, plan.joins):
        found += [groups[-1][1] + reach, high - reach]
    return tuple(found)
