"""Fuel: what went through, what was filled in. Litres, percent of the tank, seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from telematics.derive.motion import integral, moving
from telematics.samples import Samples, Values

STEP_MS: Final = 60_000  # a standstill shorter than this is no visit to a pump
RISE_PERCENT: Final = 5.0
RISE_L: Final = 3.0
READINGS: Final = 30  # whose median is the level before and after: the tank sloshes


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
    level = samples.column("fuel_level")
    known = np.flatnonzero(~np.isnan(level))
    if len(known) < 2:
        return []
    least = min(RISE_PERCENT, RISE_L / tank_l * 100) if tank_l else RISE_PERCENT
    found = []
    for last, first in _pauses(samples, known):
        before, after = _median(level, known, last, -1), _median(level, known, first, +1)
        if after - before >= least:
            found.append(Refuel(int(samples.t[known[first]]), after - before))
    return found


def level_used(samples: Samples, refills: list[Refuel] | None = None) -> float | None:
    """Percent of the tank: start - end + refuelled; None without two readings; never below zero."""
    level = samples.column("fuel_level")
    known = np.flatnonzero(~np.isnan(level))
    if len(known) < 2:
        return None
    refills = refuels(samples) if refills is None else refills
    first, last = _median(level, known, 0, +1), _median(level, known, len(known) - 1, -1)
    return max(0.0, first - last + sum(one.percent for one in refills))


def _pauses(samples: Samples, known: np.typing.NDArray[np.intp]) -> list[tuple[int, int]]:
    """Pairs of positions in `known`: the last reading before the vehicle stood, the first one after it."""
    t = samples.t[known]
    # Where every reading is under way the vehicle can still have been silent in between: a gap is a pause.
    run = moving(samples)[known]
    edges = []
    anchor = 0  # last reading before the pause under way
    for position in range(1, len(known)):
        if t[position] - t[position - 1] >= STEP_MS:
            edges.append((position - 1, position))
            anchor = position
        elif run[position]:
            if position - anchor > 1 and t[position] - t[anchor] >= STEP_MS:
                edges.append((anchor, position))
            anchor = position
    if len(known) - 1 - anchor > 1 and t[-1] - t[anchor] >= STEP_MS:
        edges.append((anchor, len(known) - 1))
    return edges


def _median(level: Values, known: np.typing.NDArray[np.intp], at: int, way: int) -> float:
    """Of up to READINGS readings, from `at` on in this direction."""
    span = known[at : at + READINGS] if way > 0 else known[max(0, at - READINGS + 1) : at + 1]
    return float(np.median(level[span]))
