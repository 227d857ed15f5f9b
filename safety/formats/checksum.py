"""Checksums of images, where a definition says how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from safety.formats.image import Image, Layout, read_cells

_SUBARU_SUM: Final = 0x5AA5A55A  # what each region's 32-bit word sum and its stored difference add up to


@dataclass(frozen=True)
class SumRule:
    """Sum of all words of `bits` bits from `start` to `end` (inclusive), its low `store_bits` at `store`."""

    start: int
    end: int
    bits: int
    store: int
    store_bits: int
    little: bool


@dataclass(frozen=True)
class SumResult:
    """`ok` is None when the rule does not fit the image."""

    ok: bool | None
    text: str


def check_sum(image: Image, rule: SumRule) -> SumResult:
    """Plain word sum, the only method that definitions state completely."""
    size = rule.bits // 8
    length = rule.end - rule.start + 1
    words = None
    if size in {1, 2, 4} and length > 0:
        words = read_cells(image, rule.start, Layout("uint", rule.bits, rule.little), length // size)
    stored = read_cells(image, rule.store, Layout("uint", rule.store_bits, rule.little), 1)
    if words is None or stored is None:
        return SumResult(None, "The checksum's region lies outside of the image.")
    total = int(words.astype(np.uint64).sum()) & ((1 << rule.store_bits) - 1)
    want = int(stored[0])
    text = f"The sum of {rule.start:#x}-{rule.end:#x} is {total:#x}, the image says {want:#x}."
    return SumResult(total == want, text)


def check_subaru(image: Image, address: int, count: int) -> SumResult:
    """RomRaider's "Checksum Fix" table: entries of start, end and difference, 32-bit big-endian; the sum of
    the words from start to end (inclusive) plus the difference is 0x5AA5A55A. A start of 0 marks "off".
    """
    entries = read_cells(image, address, Layout("uint", 32, little=False), count)
    if entries is None or count < 3:
        return SumResult(None, "The checksum table lies outside of the image.")
    for at in range(0, count - 2, 3):
        start, end, difference = (int(value) for value in entries[at : at + 3])
        if start == 0 and end == 0:
            continue
        if end < start or (end - start) % 4:
            return SumResult(None, "The checksum table does not hold regions.")
        words = read_cells(image, start, Layout("uint", 32, little=False), (end - start) // 4 + 1)
        if words is None:
            return SumResult(None, "A checksum region lies outside of the image.")
        total = (int(words.astype(np.uint64).sum()) + difference) & 0xFFFFFFFF
        if total != _SUBARU_SUM:
            return SumResult(False, f"The sum of {start:#x}-{end:#x} with its difference is {total:#x}.")
    return SumResult(True, "All checksum regions are right.")
