"""Group C against the baseline: spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.diff import Mask, TableDiff, largest, one_sided
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.loads import count, idle_area, where, worked_load

if TYPE_CHECKING:
    from safety.findings import Finding


@rule(
    "DIFF_IGN",
    "C",
    "More spark advance than in the backup",
    "Tuners go in steps of one or two degrees and listen for knock. A larger jump under load can break the engine.",
    severity="critical",
    needs=("table:ignition", "baseline"),
    thresholds=(
        "diff_ign_medium",
        "diff_ign_high",
        "diff_ign_single",
        "diff_ign_critical",
        "diff_region_cells",
    ),
)
def diff_ignition(context: Context) -> list[Finding]:
    found = []
    for pair in context.pairs("ignition"):
        verdict = _more_advance(context, pair)
        if verdict is None:
            continue
        severity, mask, limit, layer = verdict
        most = float(pair.delta[mask].max())
        found.append(
            make(
                "DIFF_IGN",
                Note(
                    severity=on_table(pair.key, pair.tune, severity),
                    explanation=f"{pair.tune.name} has up to {most:.1f} deg more advance than the backup"
                    f" (mean {float(pair.delta[mask].mean()):.1f} deg over {count(mask)},"
                    f" {where(pair.tune, mask)}).",
                    table=pair.key,
                    source_name=pair.tune.name,
                    cells=cells_of(pair.tune, mask, limit, pair),
                    value=round(most, 2),
                    limit=limit,
                    limit_source=layer,
                    confidence="medium" if pair.by_index else "high",
                    suggestion="Ask for the reason and a knock log, or take smaller steps.",
                ),
            )
        )
    return found


def _more_advance(context: Context, pair: TableDiff) -> tuple[str, Mask, float, str] | None:
    """Severity, cells, limit and layer of the worst step; None when nothing grew by more than the mildest.

    A group of neighbouring cells decides, so that smoothing and rounding stay silent. Below half load
    twice the change is needed, and the idle area is at most a caution.
    """
    limits = context.limits
    medium, high, critical = (limits[f"diff_ign_{name}"] for name in ("medium", "high", "critical"))
    single = limits["diff_ign_single"]
    few = int(limits["diff_region_cells"].value)
    work = worked_load(pair.tune)
    idle = idle_area(pair.tune, context)
    delta = np.where(work, pair.delta, pair.delta / (1.5 if pair.tune.load == "kpa" else 1.0))
    delta = np.where(idle, 0.0, delta)
    group = largest(delta >= critical.value - 0.01)
    if group.sum() >= few:
        return "critical", delta >= medium.value, critical.value, critical.layer
    # a table re-tuned both up and down needs a larger jump than a block that was moved
    step_limit = high.value if one_sided(np.where(work, pair.delta, 0.0)) else single.value
    group = largest(delta >= step_limit)
    if group.sum() >= few:
        return "high", delta >= medium.value, high.value, high.layer
    strong: Mask = (delta >= single.value) & work
    if strong.any():
        return "high", strong, single.value, single.layer
    group = largest(delta >= medium.value)
    if group.sum() >= 2:
        return "medium", delta >= medium.value, medium.value, medium.layer
    quiet: Mask = (pair.delta >= single.value) & idle
    return ("medium", quiet, single.value, single.layer) if quiet.any() else None
