"""How much of a vehicle's past must be looked at again when samples of t0..t1 came or went.

A derivation tells, beside its facts, instants that divide: nothing before one says anything about what comes after
it. So when samples change, only what lies between the last divide before the change and the first after it can
change, and it is found by looking wider and wider until there are such divides on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from telematics.samples import Samples

Breaks: TypeAlias = "Sequence[int] | NDArray[np.int64]"
BEFORE_ALL: Final = -(1 << 60)  # ms; nothing is older
AFTER_ALL: Final = 1 << 60
FIRST_LOOK_MS: Final = 900_000
WIDER: Final = 4
F_co = TypeVar("F_co", covariant=True)


class Divided(Protocol[F_co]):
    """Facts with the instants (ms, ascending) that divide them."""

    @property
    def facts(self) -> Sequence[F_co]: ...
    @property
    def breaks(self) -> Breaks: ...


F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Settled(Generic[F]):
    """All facts that begin after `low` and before `high` (ms, both exclusive); they replace what was known there."""

    facts: list[F]
    low: int
    high: int


def settle(
    read: Callable[[int, int], Samples],
    extent: tuple[int, int],
    change: tuple[int, int],
    derive: Callable[[Samples, tuple[int, int]], Divided[F]],
    begins: Callable[[F], int],
    *,
    reach_ms: int,
    memory_ms: int,
) -> Settled[F]:
    """The facts around a change.

    read(t0, t1): the samples there. extent: the first and last instant stored. reach_ms: how far a sample says
    something about its neighbours. memory_ms: silences longer than that divide by definition, so that no look need
    be wider.
    """
    t0, t1 = change[0] - reach_ms, change[1] + reach_ms
    left = right = max(FIRST_LOOK_MS, 3 * reach_ms)
    while True:
        low = t0 - left if t0 - left > extent[0] else BEFORE_ALL
        high = t1 + right if t1 + right < extent[1] else AFTER_ALL
        found = derive(read(max(low, extent[0]), min(high, extent[1])), (low, high))
        before = _before(found.breaks, t0, low, full=left >= memory_ms)
        after = _after(found.breaks, t1, high, full=right >= memory_ms)
        if before is not None and after is not None:
            inside = [fact for fact in found.facts if before < begins(fact) < after]
            return Settled(inside, before, after)
        left = left if before is not None else min(left * WIDER, memory_ms)
        right = right if after is not None else min(right * WIDER, memory_ms)


def _before(breaks: Breaks, t0: int, low: int, *, full: bool) -> int | None:
    known = np.asarray(breaks, np.int64)
    place = int(np.searchsorted(known, t0, side="right"))
    if place:
        return int(known[place - 1])
    return low if full or low == BEFORE_ALL else None


def _after(breaks: Breaks, t1: int, high: int, *, full: bool) -> int | None:
    known = np.asarray(breaks, np.int64)
    place = int(np.searchsorted(known, t1))
    if place < len(known):
        return int(known[place])
    return high if full or high == AFTER_ALL else None
