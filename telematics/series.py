"""From many samples to few points, for charts. Pure numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from telematics.samples import Instants, Samples, Values

AGGREGATES: Final = ("minmaxavg", "lttb", "last")
Columns = dict[str, Any]


def resolution(t0: int, t1: int, points: int) -> int:
    """Milliseconds of a bucket, so that t0..t1 (both included) fill at most `points` of them."""
    return max(1, -(-(t1 - t0 + 1) // points))


def buckets(t: Instants, t0: int, width: int) -> tuple[Instants, NDArray[np.intp]]:
    """Of ascending instants: the beginning (ms) of each bucket that has some, and where its first one stands."""
    number = (t - t0) // width
    first = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
    return t0 + number[first] * width, first


def minmaxavg(samples: Samples, t0: int, width: int) -> tuple[Instants, dict[str, Columns]]:
    """Least, greatest and mean value of each bucket and signal; NaN where there is none."""
    if not len(samples):
        return samples.t, {}
    at, first = buckets(samples.t, t0, width)
    names = list(samples.signals)
    matrix = np.stack([samples.signals[name] for name in names])
    present = ~np.isnan(matrix)
    whole = bool(present.all())
    low = (np.minimum if whole else np.fmin).reduceat(matrix, first, axis=1)
    high = (np.maximum if whole else np.fmax).reduceat(matrix, first, axis=1)
    sums = np.add.reduceat(matrix if whole else np.where(present, matrix, 0.0), first, axis=1)
    if whole:
        counts: Any = np.diff(first, append=len(samples))
    else:
        counts = np.add.reduceat(present, first, axis=1, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / counts
    return at, {
        name: {"min": low[row], "max": high[row], "avg": np.round(mean[row], 6)}
        for row, name in enumerate(names)
    }


def last(samples: Samples, t0: int, width: int) -> tuple[Instants, dict[str, Values]]:
    """The last value of each bucket and signal; NaN where there is none."""
    if not len(samples):
        return samples.t, {}
    at, first = buckets(samples.t, t0, width)
    ends = np.append(first[1:], len(samples)) - 1
    found = {}
    for name, values in samples.signals.items():
        present = np.where(np.isnan(values), -1, np.arange(len(values)))
        place = np.maximum.reduceat(present, first)
        found[name] = np.where(place >= 0, values[np.where(place >= 0, place, ends)], np.nan)
    return at, found


def lttb(t: Instants, values: Values, points: int) -> tuple[Instants, Values]:
    """Largest-triangle-three-buckets (Steinarsson 2013): real samples that keep the shape of the curve."""
    present = ~np.isnan(values)
    if not present.all():
        t, values = t[present], values[present]
    if len(t) <= points or points < 3:
        return (t, values) if len(t) <= points else (t[:points], values[:points])
    edges = np.linspace(1, len(t) - 1, points - 1).astype(int)
    x = (t - t[0]).astype(np.float64)
    sums_x, sums_y = np.cumsum(np.append(0.0, x)), np.cumsum(np.append(0.0, values))
    chosen = np.empty(points, int)
    chosen[0], chosen[-1] = 0, len(t) - 1
    place = 0
    for number in range(points - 2):
        low, high = edges[number], edges[number + 1]
        after, end = (high, edges[number + 2]) if number < points - 3 else (len(t) - 1, len(t))
        mean_x = (sums_x[end] - sums_x[after]) / (end - after)
        mean_y = (sums_y[end] - sums_y[after]) / (end - after)
        area = np.abs(
            (x[place] - mean_x) * (values[low:high] - values[place])
            - (x[place] - x[low:high]) * (mean_y - values[place])
        )
        place = int(low + area.argmax())
        chosen[number + 1] = place
    return t[chosen], values[chosen]
