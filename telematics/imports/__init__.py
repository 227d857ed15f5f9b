"""Files of other apps, read into samples. Pure: bytes in, samples out.

A line without an instant or a number is skipped and counted; a file without any usable sample raises `Unreadable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telematics.instants import FIRST_MS
from telematics.protocols import AHEAD_MS, possible
from telematics.samples import Samples, from_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Unreadable(ValueError):
    """The text is for the owner of the file."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """`rows`: samples in the file; `skipped`: lines that could not be used; `note`: what the owner should know."""

    samples: Samples
    rows: int
    skipped: int
    note: str = ""


def gathered(
    rows: Iterable[tuple[int | None, Mapping[str, float | None]]], *, now: int, note: str = ""
) -> Parsed:
    """Rows (ms, signal -> value) in any order; of two at one instant the first counts, but both complete it."""
    known: dict[int, dict[str, float]] = {}
    count = skipped = 0
    for instant, values in rows:
        good = {name: value for name, value in values.items() if value is not None and possible(name, value)}
        if instant is None or not good or not FIRST_MS <= instant <= now + AHEAD_MS:
            skipped += 1
            continue
        count += 1
        here = known.setdefault(instant, {})
        for name, value in good.items():
            here.setdefault(name, value)
    if not known:
        raise Unreadable("The file has no line with a time and a value.")
    return Parsed(from_rows(known.items()), count, skipped, note)
