"""Fuel: what went through, what was filled in. Litres, percent of the tank, seconds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from telematics.derive.motion import Mask, integral, moving

if TYPE_CHECKING:
    from telematics.samples import Instants, Samples

STEP_MS: Final = 60_000  # a standstill shorter than this is no visit to a pump
RISE_PERCENT: Final = 5.0
RISE_L: Final = 3.0
SLOSH_MS: Final = 300_000  # the level before and after is the median of so long: the tank sloshes


@dataclass(frozen=True, slots=True)
class Burn:
    """Air-fuel ratio by mass at complete combustion, and density in g/l (DIN EN 228, EN 590 at 15 degC)."""

    afr: float
    density: float


PETROL: Final = Burn(14.7, 745.0)
DIESEL: Final = Burn(14.5, 832.0)
E85: Final = Burn(9.8, 781.0)
LPG: Final = Burn(15.6, 540.0)
BURNS: Final = {
    "petrol": PETROL,
    "diesel": DIESEL,
    "e85": E85,
    "ethanol": Burn(9.0, 789.0),
    "methanol": Burn(6.5, 792.0),
    "lpg": LPG,
}


@dataclass(frozen=True, slots=True)
class Refuel:
    """A rise of the level while standing, at the instant (ms) at which the vehicle moves or is heard again."""

    t: int
    percent: float


@dataclass(frozen=True, slots=True)
class Fuel:
    """`source`: rate, maf, level or "". `litres` is None where only a level in percent is known."""

    litres: float | None
    source: str
    level_used: float | None = None
    refuelled: float | None = None


def fuel(samples: Samples, burn: Burn = PETROL, tank_l: float | None = None) -> Fuel:
    """What was used: the integral of the fuel rate, else of the air mass, else what left the tank.

    For diesel the air mass is only an upper bound unless `lambda` is told: it burns with air to spare.
    """
    refills = refuels(samples, tank_l)
    level = level_used(samples, refills)
    filled = sum(one.percent for one in refills) if level is not None else None
    for litres, source in ((by_rate(samples), "rate"), (by_air(samples, burn), "maf")):
        if litres is not None:
            return Fuel(litres, source, level, filled)
    if level is not None:
        return Fuel(level * tank_l / 100 if tank_l else None, "level", level, filled)
    return Fuel(None, "")


def by_rate(samples: Samples) -> float | None:
    """Integral of `fuel_rate` (l/h)."""
    total = integral(samples, samples.column("fuel_rate"))
    return None if total is None else total / 3600


def by_air(samples: Samples, burn: Burn = PETROL) -> float | None:
    """Integral of `maf` (g/s) through the air-fuel ratio, corrected by `lambda` where it is told."""
    ratio = samples.column("lambda")
    spare = np.where(np.isnan(ratio) | (ratio < 0.5), 1.0, ratio)
    grams = integral(samples, samples.column("maf") / spare)
    return None if grams is None else grams / (burn.afr * burn.density)


def refuels(samples: Samples, tank_l: float | None = None) -> list[Refuel]:
    """Rises of at least 5 % (or 3 l of a known tank) over a standstill of a minute or more, or a silence."""
    least = min(RISE_PERCENT, RISE_L / tank_l * 100) if tank_l else RISE_PERCENT
    parts = drives(samples)
    return [
        Refuel(after.t, after.first - before.last)
        for before, after in pairwise(parts)
        if after.first - before.last >= least
    ]


def level_used(samples: Samples, refills: list[Refuel] | None = None) -> float | None:
    """Percent of the tank: start - end + refuelled; None without two readings; never below zero."""
    parts = drives(samples)
    if not parts or np.count_nonzero(~np.isnan(samples.column("fuel_level"))) < 2:
        return None
    refills = refuels(samples) if refills is None else refills
    return max(0.0, parts[0].first - parts[-1].last + sum(one.percent for one in refills))


@dataclass(frozen=True, slots=True)
class Drive:
    """Readings between two pauses: their first and last instant (ms), the level there (percent)."""

    t: int
    end: int
    first: float
    last: float


def drives(samples: Samples) -> list[Drive]:
    """The readings, cut where the vehicle stood or was silent for a minute; what came in between is left out."""
    level = samples.column("fuel_level")
    known = np.flatnonzero(~np.isnan(level))
    if not len(known):
        return []
    values, t = level[known], samples.t[known]
    parts = []
    for first, last in _stretches(t, moving(samples)[known]):
        own, level_there = t[first : last + 1], values[first : last + 1]
        parts.append(
            Drive(
                t=int(own[0]),
                end=int(own[-1]),
                first=float(np.median(level_there[own <= own[0] + SLOSH_MS])),
                last=float(np.median(level_there[own >= own[-1] - SLOSH_MS])),
            )
        )
    return parts


def _stretches(t: Instants, run: Mask) -> list[tuple[int, int]]:
    """(first, last) positions of readings between pauses."""
    found = []
    first = anchor = 0  # anchor: the last reading under way, or the first after a silence
    for at in range(1, len(t)):
        silent = t[at] - t[at - 1] >= STEP_MS
        if silent or run[at]:
            stood = t[at] - t[anchor] >= STEP_MS
            if silent and at - 1 > anchor and t[at - 1] - t[anchor] >= STEP_MS:
                found.append((first, anchor))  # it stood, and then it was silent: one pause
                first = at
            elif stood:
                found.append((first, at - 1 if silent else anchor))
                first = at
            anchor = at
    if t[-1] - t[anchor] >= STEP_MS and len(t) - 1 > anchor:
        return [*found, (first, anchor), (len(t) - 1, len(t) - 1)]
    return [*found, (first, len(t) - 1)]
