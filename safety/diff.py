"""A tune beside its baseline, on the tune's own axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safety.calibration import Array, CalibrationMap, Table

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TableDiff:
    """`base_z` is the baseline as the engine would see it at each cell of the tune; `delta` is tune - base."""

    key: str
    tune: Table
    base: Table
    base_z: Array
    delta: Array
    realigned: bool  # the axes differ, so the baseline was interpolated
    by_index: bool  # an axis is unusable: compared cell by cell

    @property
    def ratio(self) -> Array:
        """Tune / base - 1; 0 where the baseline is 0."""
        safe = np.where(np.abs(self.base_z) < 1e-9, 1.0, self.base_z)
        return np.asarray(np.where(np.abs(self.base_z) < 1e-9, 0.0, self.tune.z / safe - 1.0))


def ascending(axis: Array) -> bool:
    """Never falling, and more than one value: enough to look a value up in."""
    steps = np.diff(axis)
    return bool(axis.size == 1 or (np.all(steps >= 0) and axis[-1] > axis[0]))


def usable(table: Table) -> bool:
    return ascending(table.x) and ascending(table.y)


def interpolate(table: Table, x: Array, y: Array) -> Array:
    """Bilinear look-up at every (y, x), held at the edges as an ECU does. Needs usable axes."""
    across = np.vstack([np.interp(x, table.x, row) for row in table.z])
    return np.column_stack([np.interp(y, table.y, column) for column in across.T])


def compare(key: str, tune: Table, base: Table) -> TableDiff | None:
    """None when the two cannot be set side by side at all (other shape and unusable axes)."""
    same = tune.shape == base.shape and np.array_equal(tune.x, base.x) and np.array_equal(tune.y, base.y)
    if same:
        base_z, realigned, by_index = base.z, False, False
    elif usable(tune) and usable(base) and tune.load == base.load:
        base_z, realigned, by_index = interpolate(base, tune.x, tune.y), True, False
    elif tune.shape == base.shape:
        base_z, realigned, by_index = base.z, False, True
    else:
        return None
    return TableDiff(key, tune, base, base_z, tune.z - base_z, realigned, by_index)


def diff(tune: CalibrationMap, base: CalibrationMap) -> Mapping[str, TableDiff]:
    """All tables that both have in use, by key; tables with equal source names are paired first."""
    by_name = {table.name: table for table in base.tables.values()}
    found: dict[str, TableDiff] = {}
    for key, table in tune.tables.items():
        other = by_name.get(table.name) or base.tables.get(key)
        if other is None or table.enabled is False or other.role != table.role:
            continue
        pair = compare(key, table, other)
        if pair is not None:
            found[key] = pair
    return found


def changed(pair: TableDiff, least: float = 1e-9) -> bool:
    return bool(np.any(np.abs(pair.delta) > least))


def regions(mask: Mask) -> list[Mask]:
    """The groups of cells that touch at a side, the largest first."""
    rest = mask.copy()
    found: list[Mask] = []
    while rest.any():
        row, col = (int(value[0]) for value in np.nonzero(rest))
        group = np.zeros_like(mask)
        stack = [(row, col)]
        rest[row, col] = False
        while stack:
            row, col = stack.pop()
            group[row, col] = True
            for r, c in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
                if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and rest[r, c]:
                    rest[r, c] = False
                    stack.append((r, c))
        found.append(group)
    return sorted(found, key=lambda group: -int(group.sum()))


def largest(mask: Mask) -> Mask:
    """The largest region, or an empty mask."""
    groups = regions(mask)
    return groups[0] if groups else np.zeros_like(mask)


def one_sided(change: Array) -> bool:
    """At least three quarters of all change goes up: a block that was moved, not a table that was
    re-tuned cell by cell from a log.
    """
    total = float(np.abs(change).sum())
    return total > 0 and float(np.clip(change, 0, None).sum()) >= 0.75 * total
