"""Group C against the baseline: single cells that jumped, in every table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.diff import Mask, TableDiff, regions
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.loads import where
from safety.statistics import plane_residuals

if TYPE_CHECKING:
    from safety.calibration import Array
    from safety.findings import Finding

_MOST_CELLS = 4
_KINDER = 1.15  # towards more fuel or less spark a little more is needed


@rule(
    "DIFF_SPIKE",
    "C",
    "A single cell jumped against the backup",
    "One cell was changed far more than its neighbours. That is rarely meant.",
    severity="high",
    needs=("table:ve|table:ignition", "baseline"),
    thresholds=("diff_spike_ve", "diff_spike_ve_share", "diff_spike_ign", "diff_spike_lambda"),
    source="own measurement",
)
def diff_spike(context: Context) -> list[Finding]:
    found = []
    for pair in context.diffs.values():
        if pair.tune.curve or min(pair.tune.shape) < 3:
            continue
        limit = _limit(context, pair)
        if limit is None:
            continue
        size, layer = limit
        mask = isolated(pair.delta, size)
        if not mask.any():
            continue
        delta = pair.delta[mask]
        most = float(delta[int(np.argmax(np.abs(delta)))])
        kinder = most * (-1.0 if pair.tune.role == "ve" else 1.0) < 0
        strong = float(np.max(np.abs(delta) / size[mask])) >= (_KINDER if kinder else 1.0)
        strong = strong and not _smoothed_away(pair, mask)
        found.append(
            make(
                "DIFF_SPIKE",
                Note(
                    severity=on_table(pair.key, pair.tune, "high" if strong else "medium"),
                    explanation=f"{int(mask.sum())} cell{'s' if mask.sum() > 1 else ''} of {pair.tune.name} changed by"
                    f" {most:+.3g} against the backup while the cells around stayed ({where(pair.tune, mask)}).",
                    table=pair.key,
                    source_name=pair.tune.name,
                    cells=cells_of(pair.tune, mask, None, pair),
                    value=round(most, 4),
                    limit=round(float(np.min(size)), 3),
                    limit_source=layer,
                    suggestion="Check this cell; it is often a typing mistake.",
                ),
            )
        )
    return found


def _smoothed_away(pair: TableDiff, mask: Mask) -> bool:
    """The cell stood out in the baseline and fits its neighbours now: a spike was removed."""
    now, before = (np.abs(plane_residuals(z))[mask] for z in (pair.tune.z, pair.base_z))
    return bool(np.all(now <= 0.6 * before))


def _limit(context: Context, pair: TableDiff) -> tuple[Array, str] | None:
    """The change that counts, for each cell."""
    if pair.tune.role == "ignition":
        limit = context.limits["diff_spike_ign"]
        return np.full(pair.tune.shape, limit.value), limit.layer
    if pair.tune.role == "target_lambda":
        limit = context.limits["diff_spike_lambda"]
        return np.full(pair.tune.shape, limit.value), limit.layer
    if pair.tune.role == "ve":
        points, share = context.limits["diff_spike_ve"], context.limits["diff_spike_ve_share"]
        return np.minimum(points.value, np.maximum(share.value * np.abs(pair.base_z), 3.0)), points.layer
    return None


def isolated(delta: Array, size: Array) -> Mask:
    """Groups of at most four cells whose change is at least `size` and twice that of any cell around."""
    strong = np.abs(delta) >= size - 1e-9
    found = np.zeros_like(strong)
    if not strong.any() or strong.sum() > 0.25 * strong.size:
        return found
    groups = regions(strong)
    rest = np.abs(np.where(strong, 0.0, delta))
    others = rest[rest > 0]
    # in a table that was re-tuned all over, a jump must stand out from the other changes as well
    usual = float(np.percentile(others, 90)) if others.size > 0.15 * delta.size else 0.0
    for group in groups:
        if group.sum() > _MOST_CELLS or float(np.abs(delta[group]).max()) < 3.0 * usual:
            continue
        ring = _around(group) & ~group
        if not ring.any() or float(np.abs(delta[ring]).max()) <= 0.5 * float(np.abs(delta[group]).max()):
            found |= group
    return found


def _around(mask: Mask) -> Mask:
    """The mask with its eight neighbours."""
    padded = np.pad(mask, 1)
    rows, cols = mask.shape
    result = np.zeros_like(mask)
    for row in range(3):
        for col in range(3):
            result |= padded[row : row + rows, col : col + cols]
    return result
