"""A set of samples of one vehicle: instants, and a column of values for each signal. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Instants: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Samples:
    """`t`: epoch ms, int64, strictly ascending. `signals`: float64 columns of the same length, NaN where absent."""

    t: Instants
    signals: Mapping[str, Values] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.t)

    @property
    def t0(self) -> int:
        """The first instant. Raises IndexError when empty."""
        return int(self.t[0])

    @property
    def t1(self) -> int:
        return int(self.t[-1])

    def column(self, name: str) -> Values:
        """The values of one signal; all NaN when it is absent."""
        found = self.signals.get(name)
        return found if found is not None else np.full(len(self.t), np.nan)

    def take(self, which: Any) -> Samples:
        """The samples of a slice, a mask or ascending indices. Columns that become empty stay."""
        return Samples(self.t[which], {name: values[which] for name, values in self.signals.items()})

    def slice(self, t0: int, t1: int) -> Samples:
        """Those with t0 <= t <= t1 (ms)."""
        first, last = np.searchsorted(self.t, [t0, t1 + 1])
        return self.take(slice(int(first), int(last)))

    def without(self, instants: Instants) -> Samples:
        """Those at no instant of `instants` (any order)."""
        if not len(instants) or not len(self.t):
            return self
        return self.take(~np.isin(self.t, instants))

    def only(self, names: Iterable[str]) -> Samples:
        """These signals alone; instants at which none of them has a value go."""
        kept = {name: self.signals[name] for name in names if name in self.signals}
        if not kept:
            return EMPTY
        some = ~np.isnan(np.stack(list(kept.values()))).all(axis=0)
        return Samples(self.t, kept).take(some) if not some.all() else Samples(self.t, kept)

    def merge(self, other: Samples) -> Samples:
        """Both; at an instant that both know, ours as a whole: the first writer wins."""
        if not len(other):
            return self
        if not len(self):
            return other
        return join([self, other.without(self.t)])

    def hours(self) -> Iterator[Samples]:
        """In pieces that span less than an hour each, as segments must."""
        first = 0
        while first < len(self.t):
            last = int(np.searchsorted(self.t, self.t[first] + HOUR_MS))
            yield self if first == 0 and last == len(self.t) else self.take(slice(first, last))
            first = last

    def rows(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Instant and present values, one by one: for answers, not for arithmetic."""
        names = list(self.signals)
        matrix = np.stack([self.signals[name] for name in names]) if names else np.empty((0, len(self.t)))
        for instant, row in zip(self.t.tolist(), matrix.T.tolist(), strict=True):
            yield instant, {name: value for name, value in zip(names, row, strict=True) if value == value}  # noqa: PLR0124 -- NaN is the one that differs from itself


EMPTY = Samples(np.empty(0, np.int64), {})


def join(parts: Iterable[Samples]) -> Samples:
    """All of them in order of time. They must not share an instant."""
    some = [part for part in parts if len(part)]
    if not some:
        return EMPTY
    if len(some) == 1:
        return some[0]
    t = np.concatenate([part.t for part in some])
    names = list(dict.fromkeys(name for part in some for name in part.signals))
    signals = {name: np.concatenate([part.column(name) for part in some]) for name in names}
    whole = Samples(t, signals)
    return whole if bool(np.all(t[1:] > t[:-1])) else whole.take(np.argsort(t, kind="stable"))


def conflicting(ours: Samples, theirs: Samples) -> int:
    """At how many shared instants do the two sets say different things?"""
    _, at, there = np.intersect1d(ours.t, theirs.t, assume_unique=True, return_indices=True)
    if not len(at):
        return 0
    differs = np.zeros(len(at), bool)
    for name in ours.signals.keys() | theirs.signals.keys():
        differs |= ~_same(ours.column(name)[at], theirs.column(name)[there])
    return int(differs.sum())


def _same(one: Values, other: Values) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def from_rows(rows: Iterable[tuple[int, Mapping[str, float]]]) -> Samples:
    """Samples of single rows in any order; of two at one instant the first counts."""
    known: dict[int, Mapping[str, float]] = {}
    for instant, values in rows:
        known.setdefault(instant, values)
    if not known:
        return EMPTY
    instants = sorted(known)
    names = list(dict.fromkeys(name for instant in instants for name in known[instant]))
    return Samples(
        np.array(instants, np.int64),
        {name: np.array([known[one].get(name, np.nan) for one in instants], np.float64) for name in names},
    )
