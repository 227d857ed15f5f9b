"""The kinds of rules that judge samples, and how each is evaluated. Speeds in km/h, voltages in V, times in s."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from telematics.derive.alerts.fences import Fence, inside
from telematics.derive.alerts.spells import Spell, divides, silences, spells
from telematics.derive.fuel import SLOSH_MS, STEP_MS, drives
from telematics.derive.motion import HOLD_MS, MOVING_KMH, held, speed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telematics.derive.motion import Mask
    from telematics.derive.window import Breaks
    from telematics.samples import Instants, Samples, Values

EDGE_MS: Final = HOLD_MS
REACH_MS: Final = SLOSH_MS + STEP_MS  # how far a sample says something about its neighbours
MEMORY_MS: Final = 14 * 86_400_000  # after a longer silence nothing is remembered
MINUTE_MS: Final = 60_000
RUNNING_RPM: Final = 400.0
CHARGING_V: Final = 13.2  # without an engine speed, a battery above this is being charged
MAX_STEP_MS: Final = 3000  # two speeds further apart give no acceleration


@dataclass(frozen=True, slots=True)
class Rule:
    """`params` by name, see `KINDS`; a missing one has its default. `fence` for the kind geofence."""

    kind: str
    params: Mapping[str, float] = field(default_factory=dict)
    fence: Fence | None = None
    on_enter: bool = True
    on_exit: bool = True

    def param(self, name: str) -> float:
        return float(self.params.get(name, KINDS[self.kind].params[name]))


@dataclass(frozen=True, slots=True)
class Event:
    """t0, t1: first and last instant, ms. `value`: the extreme of what the rule looks at. `what`: a finer kind."""

    t0: int
    t1: int
    value: float | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Events:
    facts: list[Event] = field(default_factory=list)
    breaks: Breaks = ()


class Kind(NamedTuple):
    """`signals`: what it needs; any of them is enough to try. `params`: defaults. `judge`: see `evaluate`."""

    signals: tuple[str, ...]
    params: Mapping[str, float]
    judge: Callable[[Rule, Samples, tuple[int, int]], Events]


def evaluate(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    """All events of a rule in `samples`, which are all there is in the range `known` (ms)."""
    return KINDS[rule.kind].judge(rule, samples, known)


# -- Thresholds


class _Judged(NamedTuple):
    """Arrays of equal length: instants, where it begins, where it ends, the value that an event tells."""

    t: Instants
    on: Mask
    off: Mask
    value: Values


def _stretches(
    judged: _Judged,
    known: tuple[int, int],
    *,
    gap_ms: int,
    least_s: float,
    what: str = "",
    lowest: bool = False,
) -> Events:
    t, on, off, value = judged
    pick = np.nanmin if lowest else np.nanmax

    def event(spell: Spell) -> Event:
        part = value[spell.first : spell.last + 1]
        return Event(int(t[spell.first]), int(t[spell.last]), float(pick(part)), what)

    found = spells(t, on, off, gap_ms=gap_ms, least_ms=int(least_s * 1000))
    breaks = divides(t, off, known, gap_ms=gap_ms, edge_ms=EDGE_MS)
    return Events([event(spell) for spell in found], breaks)


def _above(t: Instants, value: Values, limit: float, hysteresis: float) -> _Judged:
    """Above the limit, until it falls below limit - hysteresis. Samples without a value are left out."""
    there = ~np.isnan(value)
    t, value = t[there], value[there]
    return _Judged(t, value > limit, value <= limit - hysteresis, value)


def _overspeed(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    judged = _above(samples.t, speed_of(samples), rule.param("limit"), rule.param("hysteresis"))
    return _stretches(judged, known, gap_ms=MINUTE_MS, least_s=rule.param("min_s"))


def _revs(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    judged = _above(samples.t, samples.column("rpm"), rule.param("limit"), rule.param("hysteresis"))
    return _stretches(judged, known, gap_ms=MINUTE_MS, least_s=rule.param("min_s"))


def _coolant(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    judged = _above(samples.t, samples.column("coolant_temp"), rule.param("limit"), rule.param("hysteresis"))
    return _stretches(judged, known, gap_ms=2 * MINUTE_MS, least_s=rule.param("min_s"))


def _battery(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    volts = samples.column("battery")
    there = ~np.isnan(volts)
    t, volts, rpm = samples.t[there], volts[there], held(samples, samples.column("rpm"))[there]
    runs = np.where(np.isnan(rpm), volts > CHARGING_V, rpm > RUNNING_RPM)
    flat, weak = volts < rule.param("off_v"), volts < rule.param("running_v")
    off = _stretches(
        _Judged(t, flat & ~runs, runs | ~flat, volts), known, gap_ms=60 * MINUTE_MS,
        least_s=rule.param("off_s"), what="off", lowest=True,
    )  # fmt: skip
    running = _stretches(
        _Judged(t, weak & runs, ~runs | ~weak, volts), known, gap_ms=2 * MINUTE_MS,
        least_s=rule.param("running_s"), what="running", lowest=True,
    )  # fmt: skip
    both = sorted([*off.facts, *running.facts], key=lambda event: event.t0)
    return Events(both, np.intersect1d(off.breaks, running.breaks))


def _idling(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    rpm = samples.column("rpm")
    there = ~np.isnan(rpm)
    t, rpm, speed = samples.t[there], rpm[there], speed_of(samples)[there]
    idles = (rpm > 0) & (speed < MOVING_KMH)
    judged = _Judged(t, idles, ~idles, (t - t[:1]) / 1000.0 if len(t) else rpm)
    found = _stretches(judged, known, gap_ms=MINUTE_MS, least_s=rule.param("min_s"))
    return Events([Event(one.t0, one.t1, (one.t1 - one.t0) / 1000) for one in found.facts], found.breaks)


def _harsh(sign: float) -> Callable[[Rule, Samples, tuple[int, int]], Events]:
    def judge(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
        speed = samples.column("speed")
        if np.isnan(speed).all():
            speed = samples.column("gps_speed")
        there = ~np.isnan(speed)
        t, speed = samples.t[there], speed[there]
        step = np.diff(t)
        push = np.where(step <= MAX_STEP_MS, sign * np.diff(speed) / 3.6 / np.maximum(step, 200) * 1000, 0.0)
        limit = rule.param("limit")
        judged = _Judged(t[1:], push >= limit, push < limit / 2, push)
        return _stretches(judged, known, gap_ms=10_000, least_s=0)

    return judge


# -- With a memory


def _geofence(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    """A side counts from two fixes in a row on it; the event is the first of them."""
    if rule.fence is None:
        return Events()
    lat, lon, accuracy = (samples.column(name) for name in ("lat", "lon", "gps_accuracy"))
    good = ~np.isnan(lat) & ~np.isnan(lon) & ~(accuracy > rule.param("max_accuracy_m"))
    t = samples.t[good]
    within = inside(rule.fence, lat[good], lon[good])
    lapses = np.diff(t) > MEMORY_MS
    sure = np.flatnonzero((within[1:] == within[:-1]) & ~lapses)  # the first of each pair
    gone = np.concatenate([[0], np.cumsum(lapses)])
    found = []
    for before, now in pairwise(sure.tolist()):
        if within[before] != within[now] and gone[before] == gone[now]:
            entered = bool(within[now])
            if rule.on_enter if entered else rule.on_exit:
                what = "enter" if entered else "exit"
                found.append(Event(int(t[now]), int(t[now + 1]), None, what))
    return Events(found, np.union1d(t[sure + 1], silences(t, known, gap_ms=MEMORY_MS, edge_ms=EDGE_MS)))


def _fuel_drop(rule: Rule, samples: Samples, known: tuple[int, int]) -> Events:
    """The level is lower after a standstill than before it: fuel was taken, or leaks."""
    parts = drives(samples)
    least = rule.param("percent")
    found = [
        Event(after.t, after.t, before.last - after.first)
        for before, after in pairwise(parts)
        if before.last - after.first >= least and after.t - before.end <= MEMORY_MS
    ]
    level = samples.t[~np.isnan(samples.column("fuel_level"))]
    driven = np.zeros(len(level), bool)
    for part in parts:
        driven |= (level > part.t) & (level <= part.end)
    driven &= (level >= known[0] + REACH_MS) & (level <= known[1] - REACH_MS)
    return Events(
        found, np.union1d(level[driven], silences(level, known, gap_ms=MEMORY_MS, edge_ms=REACH_MS))
    )


_SPEED: Final = ("speed", "gps_speed")
KINDS: Final[Mapping[str, Kind]] = {
    "overspeed": Kind(_SPEED, {"limit": 130, "min_s": 5, "hysteresis": 5}, _overspeed),
    "rev_limit": Kind(("rpm",), {"limit": 9000, "min_s": 0, "hysteresis": 300}, _revs),
    "coolant": Kind(("coolant_temp",), {"limit": 110, "min_s": 10, "hysteresis": 3}, _coolant),
    "battery": Kind(
        ("battery", "rpm"), {"off_v": 11.8, "off_s": 600, "running_v": 13.0, "running_s": 60}, _battery
    ),
    "idling": Kind(("rpm", *_SPEED), {"min_s": 300}, _idling),
    "harsh_accel": Kind(_SPEED, {"limit": 4.5}, _harsh(1.0)),
    "harsh_brake": Kind(_SPEED, {"limit": 5.0}, _harsh(-1.0)),
    "geofence": Kind(("lat", "lon", "gps_accuracy"), {"max_accuracy_m": 200}, _geofence),
    "fuel_drop": Kind(("fuel_level", *_SPEED, "rpm", "lat", "lon", "odometer"), {"percent": 10}, _fuel_drop),
}
