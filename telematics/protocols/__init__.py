"""What apps that people already own send, turned into samples. Pure: text in, samples out.

Values outside of what is possible, not numbers (`Infinity`, `-`) or beyond the calendar are left out; a request
without any usable instant or value raises `ProtocolError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from telematics.instants import FIRST_MS
from telematics.samples import Samples
from telematics.signals import BY_NAME, LARGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

AHEAD_MS: Final = 600_000
MOST_SIGNALS: Final = 100


class ProtocolError(ValueError):
    """The request has no sample that could be stored; the text is for whoever looks into the app's log."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: its sample, None for messages of another kind, and what the device told of its signals."""

    samples: Samples | None = None
    told: dict[str, str] = field(default_factory=dict)


def one_sample(t: int, values: Mapping[str, float | None], *, now: int) -> Samples:
    """A set of one. t, now: ms. Raises ProtocolError."""
    if not FIRST_MS <= t <= now + AHEAD_MS:
        raise ProtocolError("The time of the sample is before 2000 or in the future; set the device's clock.")
    good = {
        name: float(value) for name, value in values.items() if value is not None and possible(name, value)
    }
    if not good:
        raise ProtocolError("There is no usable value.")
    kept = dict(list(good.items())[:MOST_SIGNALS])
    return Samples(np.array([t], np.int64), {name: np.array([value]) for name, value in kept.items()})


def possible(name: str, value: float) -> bool:
    """Is it a finite number in the range of its signal?"""
    signal = BY_NAME.get(name)
    low, high = (signal.low, signal.high) if signal else (-LARGEST, LARGEST)
    return low <= value <= high  # NaN is not


def number(text: object) -> float | None:
    """A finite number, or None: Torque really sends `Infinity`, `NaN` and `-`."""
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
