"""A day of a vehicle, in UTC: how far, how long, how much, and the range of every signal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from telematics.derive.distance import speed_m
from telematics.derive.fuel import PETROL, Burn, by_air, by_rate
from telematics.derive.motion import HOLD_MS, MOVING_KMH, held, moving, seconds, speed_of
from telematics.derive.trips import highest

if TYPE_CHECKING:
    from telematics.samples import Samples

DAY_MS: Final = 86_400_000
MARGIN_MS: Final = 300_000  # what movement on the other side of midnight may say about this one


@dataclass(frozen=True, slots=True)
class Day:
    """`start`: ms of its midnight. `stats`: signal -> [min, max, mean, last, count]. m, l, s, km/h."""

    start: int
    n: int
    dist_m: float | None
    fuel_l: float | None
    drive_s: float
    idle_s: float
    vmax: float | None
    stats: dict[str, list[float]] = field(default_factory=dict)


def day_of(around: Samples, start: int, burn: Burn = PETROL) -> Day | None:
    """The day that begins at `start`; `around` also holds MARGIN_MS of both neighbours. None without samples.

    What lies between the last sample of a day and the first of the next belongs to the day in which it begins,
    so that days add up to the whole.
    """
    inside = around.slice(start, start + DAY_MS - 1)
    if not len(inside):
        return None
    after = around.slice(start + DAY_MS, start + DAY_MS + HOLD_MS)
    reach = around.slice(start, int(after.t[0]) if len(after) else start + DAY_MS - 1)
    context = around.slice(start - MARGIN_MS, start + DAY_MS + MARGIN_MS)
    run = moving(context)[np.isin(context.t, reach.t)]
    speed = speed_of(reach)
    turning = held(reach, reach.column("rpm")) > 0
    standing = ~run & turning & ~(speed >= MOVING_KMH)
    used = by_rate(reach)
    return Day(
        start=start,
        n=len(inside),
        dist_m=speed_m(reach),
        fuel_l=used if used is not None else by_air(reach, burn),
        drive_s=seconds(reach, run),
        idle_s=seconds(reach, standing),
        vmax=highest(speed_of(inside)),
        stats={name: _stats(values) for name, values in inside.signals.items() if not np.isnan(values).all()},
    )


def days_between(t0: int, t1: int) -> list[int]:
    """Midnights (ms) of all days that a change in t0..t1 can touch: also the day whose last interval it ends."""
    return list(range((t0 - MARGIN_MS) // DAY_MS * DAY_MS, t1 + MARGIN_MS + 1, DAY_MS))


def _stats(values: np.typing.NDArray[np.float64]) -> list[float]:
    known = values[~np.isnan(values)]
    return [float(known.min()), float(known.max()), float(known.mean()), float(known[-1]), float(len(known))]
