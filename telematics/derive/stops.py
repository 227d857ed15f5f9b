"""Stops: where the vehicle stood between two trips, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Between(Protocol):
    """What a stop needs of a trip: ms and (lat, lon)."""

    @property
    def t0(self) -> int: ...
    @property
    def t1(self) -> int: ...
    @property
    def start(self) -> tuple[float, float] | None: ...
    @property
    def end(self) -> tuple[float, float] | None: ...


@dataclass(frozen=True, slots=True)
class Stop:
    """t0, t1: ms; `t1` is None while it lasts. `place`: where the trip before ended, else where the next begins."""

    t0: int
    t1: int | None
    place: tuple[float, float] | None

    @property
    def seconds(self) -> float | None:
        return None if self.t1 is None else (self.t1 - self.t0) / 1000


def stops(trips: Sequence[Between], *, lasts: bool = False) -> list[Stop]:
    """Between trips in order; `lasts`: the one after the last trip too."""
    found = [Stop(one.t1, other.t0, one.end or other.start) for one, other in pairwise(trips)]
    if lasts and trips:
        found.append(Stop(trips[-1].t1, None, trips[-1].end))
    return found
