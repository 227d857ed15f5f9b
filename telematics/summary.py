"""What is known of a segment without unpacking it. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from telematics.samples import Instants, Samples, Values

LONGEST_GAP_S = 10.0  # integrals do not cross longer silence
FASTEST_KMH = 250.0
SLACK_KM = 0.2


@dataclass(frozen=True, slots=True)
class Summary:
    """Per signal, in the order of the matrix; `last_at`: ms. Distances in m, fuel in l, odometers in km."""

    low: list[float]
    high: list[float]
    mean: list[float]
    last: list[float]
    last_at: list[int]
    count: list[int]


def summarise(t: Instants, matrix: NDArray[np.float64]) -> Summary:
    """Of k signals x n samples, none of which is absent throughout."""
    n = len(t)
    if not len(matrix):
        return Summary([], [], [], [], [], [])
    sums = matrix.sum(axis=1)
    if not np.isnan(sums).any():
        return Summary(
            matrix.min(axis=1).tolist(),
            matrix.max(axis=1).tolist(),
            (sums / n).tolist(),
            matrix[:, -1].tolist(),
            [int(t[-1])] * len(matrix),
            [n] * len(matrix),
        )
    present = ~np.isnan(matrix)
    counts = present.sum(axis=1)
    places = n - 1 - present[:, ::-1].argmax(axis=1)
    return Summary(
        np.fmin.reduce(matrix, axis=1).tolist(),
        np.fmax.reduce(matrix, axis=1).tolist(),
        (np.where(present, matrix, 0.0).sum(axis=1) / counts).tolist(),
        matrix[np.arange(len(matrix)), places].tolist(),
        t[places].tolist(),
        counts.tolist(),
    )


def integral(samples: Samples, name: str) -> float | None:
    """The time integral of a signal in unit-hours, by trapezoids, never across gaps over 10 s; None without pairs."""
    values = samples.signals.get(name)
    if values is None:
        return None
    t, values = _present(samples.t, values)
    if len(t) < 2:
        return None
    hours = (t[1:] - t[:-1]) / 3_600_000
    hours[hours > LONGEST_GAP_S / 3600] = 0.0
    return float((values[1:] + values[:-1]) @ hours / 2)


def odometer_ends(samples: Samples) -> tuple[float | None, float | None]:
    """First and last reading, km."""
    values = samples.signals.get("odometer")
    if values is None:
        return None, None
    _, values = _present(samples.t, values)
    return (float(values[0]), float(values[-1])) if len(values) else (None, None)


def plausible_odometer(samples: Samples) -> float | None:
    """The highest reading that agrees with a neighbour: one that jumps faster than 250 km/h is nobody's mileage."""
    values = samples.signals.get("odometer")
    if values is None:
        return None
    t, values = _present(samples.t, values)
    if len(values) < 2:
        return float(values[0]) if len(values) else None
    allowed = FASTEST_KMH / 3_600_000 * (t[1:] - t[:-1]) + SLACK_KM
    agrees = np.abs(values[1:] - values[:-1]) <= allowed
    if agrees.all():
        return float(values.max())
    good = np.append(agrees, False) | np.insert(agrees, 0, False)
    return float(values[good].max()) if good.any() else None


def _present(t: Instants, values: Values) -> tuple[Instants, Values]:
    there: Any = ~np.isnan(values)
    return (t, values) if there.all() else (t[there], values[there])
