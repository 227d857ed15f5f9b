"""Where in a table it gets dangerous: load and speed regions, the same for every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from safety.calibration import Table
    from safety.diff import Mask
    from safety.rules.base import Context


def used_top(table: Table) -> float:
    """The highest load bin that is not erased memory."""
    real = table.y[(table.y > 0) & (table.y < 700)]
    return float(real.max()) if real.size else float(table.y.max(initial=0.0))


def rows_over(table: Table, part: float, most: float | None = None) -> Mask:
    """Row mask: load at or above `part` of the highest used load, but never later than `most`."""
    start = part * used_top(table)
    if most is not None and table.load == "kpa":
        start = min(start, most)
    return np.asarray(table.y >= start - 1e-9, dtype=np.bool_)


def columns_over(table: Table, context: Context, cars: float = 2000.0, bikes: float = 0.25) -> Mask:
    """Column mask: speeds at which the engine can be loaded hard."""
    least = bikes * context.redline if context.vehicle.two_wheeled else cars
    least = min(least, 0.4 * float(table.x.max(initial=0.0)))
    return np.asarray(table.x >= least, dtype=np.bool_)


def high_load(table: Table, context: Context) -> Mask:
    """The catalogue's high-load region: 70 % of the highest used load, from 2,000 rpm or a quarter of redline."""
    return np.outer(rows_over(table, 0.7), columns_over(table, context)).astype(bool)


def worked_load(table: Table, part: float = 0.5, most: float = 60.0) -> Mask:
    """From half load (at most 60 kPa) upwards at any speed: where a change of fuel or spark does harm."""
    return np.repeat(rows_over(table, part, most)[:, None], table.shape[1], axis=1).astype(bool)


def idle_area(table: Table, context: Context) -> Mask:
    """Slow and lightly loaded: where people shape the idle, and where little can break."""
    slow = table.x < max(1500.0, 0.2 * context.redline)
    light = ~rows_over(table, 0.6, 65.0)
    return np.outer(light, slow).astype(bool)


def count(mask: Mask) -> str:
    """`1 cell`, `24 cells`."""
    cells = int(mask.sum())
    return f"{cells} cell{'' if cells == 1 else 's'}"


def where(table: Table, mask: Mask) -> str:
    """A region in words: `3200-7000 rpm at 70-100 kPa`."""
    rows, cols = np.nonzero(mask)
    if rows.size == 0:
        return "nowhere"
    x, y = table.x[cols], table.y[rows]
    unit = {"kpa": "kPa", "tps": "% throttle"}.get(table.load, "load")
    speed = f"{x.min():.0f} rpm" if x.min() == x.max() else f"{x.min():.0f}-{x.max():.0f} rpm"
    load = f"{y.min():.0f} {unit}" if y.min() == y.max() else f"{y.min():.0f}-{y.max():.0f} {unit}"
    return speed if table.curve else f"{speed} at {load}"
