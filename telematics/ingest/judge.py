"""Which samples can be stored. One bad sample never loses the good ones: it is listed by its index."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from telematics.instants import FIRST_MS
from telematics.samples import EMPTY, Samples
from telematics.signals import BY_NAME, LARGEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from telematics.ingest.columns import Table

AHEAD_MS: Final = 10 * 60_000  # how far a device's clock may be ahead
EDGE_MS: Final = 60_000  # how far a sample may lie outside of what its batch says of itself
_WHY: Final = {
    "bad_sample": "This is no sample.",
    "bad_t": "t must be whole epoch milliseconds.",
    "too_old": "This instant is before the year 2000.",
    "clock_ahead": "This instant is more than ten minutes ahead.",
    "outside_batch": "This instant is more than a minute outside of the batch.",
    "not_a_number": "This is not a finite number.",
    "out_of_range": "This value is not possible.",
    "contradiction": "Two samples of this batch say different things of this instant.",
    "empty": "There is no value.",
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """One sample that was not stored, and why."""

    index: int
    code: str
    signal: str = ""

    def shown(self) -> dict[str, Any]:
        named = {"signal": self.signal} if self.signal else {}
        return {"index": self.index, "code": self.code, **named, "error": _WHY[self.code]}


@dataclass(frozen=True, slots=True)
class Window:
    """now, and what the batch says of itself (ms, None: nothing)."""

    now: int
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    samples: Samples
    repeated: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def judge(table: Table, window: Window) -> Judged:
    """The good samples in order of time, each instant once."""
    wrong = _Wrong(len(table.t))
    for index, name in table.unreadable:
        wrong.at(index, "not_a_number" if name else "bad_sample", name)
    _judge_instants(table.t, window, wrong)
    _judge_values(table, wrong)
    t, matrix, places = table.t, table.matrix, np.arange(len(table.t))
    if wrong.any:
        good = wrong.none()
        t, matrix, places = t[good], matrix[:, good], places[good]
    if not len(t):
        return Judged(EMPTY, 0, wrong.listed())
    instants = t.astype(np.int64)
    repeated = 0
    if not bool(np.all(instants[1:] > instants[:-1])):
        order = np.argsort(instants, kind="stable")
        instants, matrix, places = instants[order], matrix[:, order], places[order]
        kept = _once(instants, matrix, places, wrong)
        repeated = len(instants) - int(kept.sum()) - wrong.count("contradiction")
        instants, matrix = instants[kept], matrix[:, kept]
    rows = {name: matrix[number] for number, name in enumerate(table.names)}
    return Judged(Samples(instants, rows), repeated, wrong.listed())


def _judge_instants(t: NDArray[np.float64], window: Window, wrong: _Wrong) -> None:
    low, high = t.min(), t.max()
    first = FIRST_MS if window.first is None else max(FIRST_MS, window.first - EDGE_MS)
    last = window.now + AHEAD_MS
    if window.last is not None:
        last = min(last, window.last + EDGE_MS)
    if first <= low and high <= last and bool(np.all(t == np.floor(t))):
        return
    with np.errstate(invalid="ignore"):
        wrong.where(~(t == np.floor(t)) | np.isinf(t), "bad_t")
        wrong.where(t < FIRST_MS, "too_old")
        wrong.where(t > window.now + AHEAD_MS, "clock_ahead")
        if window.first is not None:
            wrong.where(t < window.first - EDGE_MS, "outside_batch")
        if window.last is not None:
            wrong.where(t > window.last + EDGE_MS, "outside_batch")


def _judge_values(table: Table, wrong: _Wrong) -> None:
    matrix = table.matrix
    if not len(matrix):
        wrong.where(np.ones(len(table.t), bool), "empty")
        return
    low, high = _bounds(tuple(table.names))
    if bool(((matrix.min(axis=1) >= low) & (matrix.max(axis=1) <= high)).all()):
        return  # not so where a value is absent or infinite
    least, most = np.fmin.reduce(matrix, axis=1), np.fmax.reduce(matrix, axis=1)
    with np.errstate(invalid="ignore"):
        suspects = np.flatnonzero((least < low) | (most > high) | np.isinf(least) | np.isinf(most))
    for row in suspects.tolist():
        with np.errstate(invalid="ignore"):
            wrong.where(np.isinf(matrix[row]), "not_a_number", table.names[row])
            wrong.where(
                (matrix[row] < low[row]) | (matrix[row] > high[row]), "out_of_range", table.names[row]
            )
    empty = np.isnan(matrix).all(axis=0)
    if empty.any():
        wrong.where(empty, "empty")


@lru_cache(maxsize=256)
def _bounds(names: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each signal."""
    known = [BY_NAME.get(name) for name in names]
    return (
        np.array([signal.low if signal else -LARGEST for signal in known]),
        np.array([signal.high if signal else LARGEST for signal in known]),
    )


def _once(
    t: NDArray[np.int64], matrix: NDArray[np.float64], places: NDArray[np.int64], wrong: _Wrong
) -> NDArray[np.bool_]:
    """Which of the sorted samples to keep: the first of equal ones; none of an instant that is contradicted."""
    begins = np.append(True, t[1:] != t[:-1])
    group = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)[group]
    equal = ((matrix == matrix[:, first]) | (np.isnan(matrix) & np.isnan(matrix[:, first]))).all(axis=0)
    contradicted = np.zeros(group[-1] + 1, bool)
    contradicted[group[~equal]] = True
    bad = contradicted[group]
    for place in np.sort(places[bad]).tolist():
        wrong.at(place, "contradiction")
    kept: NDArray[np.bool_] = begins & ~bad
    return kept


class _Wrong:
    """What is wrong with which sample: the first thing that was found."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._found: dict[int, Rejected] = {}

    @property
    def any(self) -> bool:
        return bool(self._found)

    def at(self, index: int, code: str, signal: str = "") -> None:
        self._found.setdefault(index, Rejected(index, code, signal))

    def where(self, mask: Any, code: str, signal: str = "") -> None:
        for index in np.flatnonzero(mask).tolist():
            self.at(index, code, signal)

    def none(self) -> NDArray[np.bool_]:
        good = np.ones(self._n, bool)
        good[list(self._found)] = False
        return good

    def count(self, code: str) -> int:
        return sum(one.code == code for one in self._found.values())

    def listed(self) -> list[Rejected]:
        return [self._found[index] for index in sorted(self._found)]
