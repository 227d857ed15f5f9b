"""Consistency inside one table: no model over other tunes (26 real ones gave an AUC near chance)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safety.calibration import Array


@dataclass(frozen=True)
class Spike:
    """A cell, its residual (cell minus prediction) and how far it stands out from the next largest."""

    row: int
    col: int
    residual: float
    isolation: float


@lru_cache(maxsize=16)
def _plane(rows: tuple[int, ...], cols: tuple[int, ...]) -> tuple[tuple[int, int, float], ...]:
    """(row offset, column offset, weight): the value at (0, 0) of the least-squares plane through the
    cells of the block rows x cols, the middle (0, 0) left out. Coordinates are row and column numbers.
    """
    near = [(row, col) for row in rows for col in cols if (row, col) != (0, 0)]
    points = np.array([[1.0, row, col] for row, col in near])
    weights = np.linalg.pinv(points)[0]
    return tuple((row, col, float(weight)) for (row, col), weight in zip(near, weights, strict=True))


def plane_residuals(z: Array) -> Array:
    """Each cell minus the plane through its neighbours: the eight around it; at an edge the five; at a
    corner the other eight of its 3 x 3 block. Needs at least 3 x 3 cells.
    """
    predicted = np.empty_like(z)
    rows, cols = (_places(count) for count in z.shape)
    for (row_at, row_near), (col_at, col_near) in product(rows, cols):
        corner = len(row_near) == len(col_near) == 2
        block = (_stretched(row_near), _stretched(col_near)) if corner else (row_near, col_near)
        predicted[np.ix_(row_at, col_at)] = sum(
            weight * z[np.ix_(row_at + row, col_at + col)] for row, col, weight in _plane(*block)
        )
    return np.asarray(z - predicted)


def _places(count: int) -> list[tuple[NDArray[np.int_], tuple[int, ...]]]:
    """First, middle and last positions along an axis with the offsets of the neighbours they have."""
    return [
        (np.array([0]), (0, 1)),
        (np.arange(1, count - 1), (-1, 0, 1)),
        (np.array([count - 1]), (-1, 0)),
    ]


def _stretched(near: tuple[int, ...]) -> tuple[int, ...]:
    """One step further inwards, for corners."""
    return (0, 1, 2) if near == (0, 1) else (-2, -1, 0)


def line_residuals(z: Array) -> Array:
    """Each cell minus the line through its left and right neighbours; at an edge through the next two."""
    rest = np.zeros_like(z)
    rest[:, 1:-1] = z[:, 1:-1] - (z[:, :-2] + z[:, 2:]) / 2
    rest[:, 0] = z[:, 0] - (2 * z[:, 1] - z[:, 2])
    rest[:, -1] = z[:, -1] - (2 * z[:, -2] - z[:, -3])
    return rest


def residuals(z: Array) -> Array:
    """How far each cell sticks out of its surroundings in every direction at once.

    The smallest of the residuals to the plane, the row and the column, and 0 where they differ in
    sign: a step along a whole row or column (an idle column) is no spike.
    """
    parts = np.stack([plane_residuals(z), line_residuals(z), line_residuals(z.T).T])
    same = np.all(parts > 0, axis=0) | np.all(parts < 0, axis=0)
    alone = np.where(parts[0] > 0, _beaten(z), _beaten(-z)) <= 2
    return np.asarray(np.where(same & alone, np.sign(parts[0]) * np.abs(parts).min(axis=0), 0.0))


def _beaten(z: Array) -> NDArray[np.int_]:
    """How many of the eight neighbours are at least as high: the corner of a plateau has three."""
    rows, cols = z.shape
    padded = np.pad(z, 1, constant_values=-np.inf)
    count = np.zeros(z.shape, dtype=np.int_)
    for row, col in product(range(3), range(3)):
        if (row, col) != (1, 1):
            count += padded[row : row + rows, col : col + cols] >= z
    return count


def isolated_spike(z: Array) -> Spike | None:
    """The cell with the largest residual, and its ratio to the largest residual outside of its 3 x 3 block.

    A spike bends the predictions of its neighbours, so these do not count as "elsewhere". None for
    tables with fewer than 3 x 3 cells and for those in which nothing sticks out.
    """
    if min(z.shape) < 3:
        return None
    signed = residuals(z)
    size = np.abs(signed)
    row, col = (int(value) for value in np.unravel_index(int(np.argmax(size)), size.shape))
    own = float(signed[row, col])
    if own == 0.0:
        return None
    size[max(0, row - 1) : row + 2, max(0, col - 1) : col + 2] = 0.0
    return Spike(row, col, own, abs(own) / max(float(size.max()), 1e-6))


@dataclass(frozen=True)
class Step:
    """A jump between `row - 1` and `row` over the columns from `col` on; `size` is its mean excess."""

    row: int
    col: int
    size: float
    isolation: float


STEP_RUN = 4


def load_step(z: Array, first_row: int, first_col: int, *, relative: bool, rising: bool) -> Step | None:
    """The largest jump from one load row to the next, over STEP_RUN neighbouring columns.

    The excess of a row's step is what goes beyond the mean of the steps below and above it; `relative`
    gives it as a fraction of the cells. Only rows from `first_row` and columns from `first_col` count.
    `rising` looks for jumps up, else down. The isolation is the ratio to the largest jump of either
    sign elsewhere (the rows next to a jump answer it and do not count).
    """
    area = z[:, first_col:]
    if area.shape[0] < 5 or area.shape[1] < STEP_RUN:
        return None
    steps = np.diff(area, axis=0)
    excess = np.zeros_like(steps)
    excess[1:-1] = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    excess[-1] = steps[-1] - steps[-2]
    if relative:
        excess = excess / (np.abs(area[:-1]) + np.abs(area[1:]) + 10.0) * 2
    means = np.lib.stride_tricks.sliding_window_view(excess, STEP_RUN, axis=1).mean(axis=2)
    signed = means if rising else -means
    signed = signed[max(0, first_row - 1) :]
    if signed.size == 0:
        return None
    row, col = (int(value) for value in np.unravel_index(int(np.argmax(signed)), signed.shape))
    row += max(0, first_row - 1)
    size = float(means[row, col])
    rest = np.abs(means)
    rest[max(0, row - 1) : row + 2] = 0.0
    return Step(row + 1, first_col + col, size, abs(size) / max(float(rest.max()), 1e-6))
