"""Stretches in which a condition holds, with hysteresis: what most rules come down to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from telematics.derive.motion import Mask
    from telematics.samples import Instants


@dataclass(frozen=True, slots=True)
class Spell:
    """Positions of its first and last sample in the arrays that were judged."""

    first: int
    last: int


def spells(t: Instants, on: Mask, off: Mask, *, gap_ms: int, least_ms: int) -> list[Spell]:
    """Each stretch from a sample at which the condition holds to the last before one that ends it.

    Samples that are neither keep the state. A silence longer than `gap_ms` ends it as well. Stretches shorter than
    `least_ms` are none.
    """
    if not on.any():
        return []
    begins = np.concatenate([[True], np.diff(t) > gap_ms])
    marks = np.flatnonzero(on | off | begins)
    last_mark = marks[np.searchsorted(marks, np.arange(len(t)), side="right") - 1]
    holds = on[last_mark] & ~off[last_mark]
    before = np.concatenate([[False], holds[:-1]]) & ~begins
    firsts = np.flatnonzero(holds & ~before)
    goes_on = np.concatenate([holds[1:] & ~begins[1:], [False]])
    lasts = np.flatnonzero(holds & ~goes_on)
    return [
        Spell(int(first), int(last))
        for first, last in zip(firsts, lasts, strict=True)
        if t[last] - t[first] >= least_ms
    ]


def divides(t: Instants, off: Mask, known: tuple[int, int], *, gap_ms: int, edge_ms: int) -> Instants:
    """Instants that no stretch spans, ascending: of samples that end one, and in silences.

    edge_ms: so near to the ends of what is `known` nothing is said.
    """
    found = np.union1d(t[off], silences(t, known, gap_ms=gap_ms, edge_ms=edge_ms))
    return found[(found >= known[0] + edge_ms) & (found <= known[1] - edge_ms)]


def silences(t: Instants, known: tuple[int, int], *, gap_ms: int, edge_ms: int) -> Instants:
    """Instants at both ends of each silence longer than `gap_ms`, in any order."""
    low, high = known[0] + edge_ms, known[1] - edge_ms
    ends: list[int] = []
    if not len(t):
        return np.array([low, high] if high - low > gap_ms else ends, np.int64)
    if int(t[0]) - low > gap_ms:
        ends += [low, int(t[0]) - 1]
    if high - int(t[-1]) > gap_ms:
        ends += [int(t[-1]) + 1, high]
    wide = np.flatnonzero(np.diff(t) > gap_ms)
    return np.concatenate([t[wide] + 1, t[wide + 1] - 1, np.array(ends, np.int64)])
