"""Group B: consistency inside one table - spikes, steps and slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.rules.axes import uninitialised
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.loads import columns_over, rows_over, used_top, where
from safety.statistics import STEP_RUN, isolated_spike, load_step

if TYPE_CHECKING:
    from safety.calibration import Table
    from safety.diff import Mask
    from safety.findings import Finding


@rule(
    "SPIKE",
    "B",
    "A single cell stands out",
    "One cell does not fit its neighbours. The engine jumps there, and too much spark or too little fuel knocks.",
    severity="high",
    needs=("table:ve|table:ignition",),
    thresholds=("spike_ve", "spike_ve_isolation", "spike_ign", "spike_ign_isolation"),
    source="own measurement",
)
def spike(context: Context) -> list[Finding]:
    found = []
    for role, short, sign, unit in (("ve", "ve", -1.0, "points"), ("ignition", "ign", 1.0, "deg")):
        size, isolation = context.limits[f"spike_{short}"], context.limits[f"spike_{short}_isolation"]
        for key, table in context.tune.of_role(role):
            if uninitialised(table):
                continue
            peak = isolated_spike(table.z)
            if peak is None or abs(peak.residual) < size.value or peak.isolation < isolation.value:
                continue
            mask = np.zeros(table.shape, dtype=bool)
            mask[peak.row, peak.col] = True
            # at light load a little more spark or less fuel breaks nothing
            light = table.y[peak.row] < 0.35 * used_top(table) and abs(peak.residual) < 2 * size.value
            severity = "high" if peak.residual * sign > 0 and not light else "medium"
            found.append(
                make(
                    "SPIKE",
                    Note(
                        severity=on_table(key, table, severity),
                        explanation=f"The cell of {table.name} at {where(table, mask)} is"
                        f" {float(table.z[peak.row, peak.col]):g}, {peak.residual:+.1f} {unit} from the plane"
                        " through its neighbours, and nothing else in the table stands out like that.",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(
                            table, mask, round(float(table.z[peak.row, peak.col]) - peak.residual, 2)
                        ),
                        value=round(abs(peak.residual), 2),
                        limit=size.value,
                        limit_source=size.layer,
                        suggestion="Look at this cell; it is often a typing mistake.",
                    ),
                )
            )
    return found


@rule(
    "STEP",
    "B",
    "A sudden step across the table",
    "From one load to the next the table jumps over many speeds at once: a block was changed without its surroundings.",
    severity="high",
    needs=("table:ve|table:ignition",),
    thresholds=("step_ve", "step_ve_isolation", "step_ign", "step_ign_isolation"),
    source="own measurement",
)
def step_across(context: Context) -> list[Finding]:
    found = []
    for role, short, rising in (("ve", "ve", False), ("ignition", "ign", True)):
        size, isolation = context.limits[f"step_{short}"], context.limits[f"step_{short}_isolation"]
        for key, table in context.tune.of_role(role):
            if uninitialised(table) or table.curve:
                continue
            first_row = int(np.argmax(rows_over(table, 0.45)))
            first_col = int(np.argmax(columns_over(table, context)))
            jump = load_step(table.z, first_row, first_col, relative=role == "ve", rising=rising)
            if jump is None or abs(jump.size) < size.value or jump.isolation < isolation.value:
                continue
            mask = np.zeros(table.shape, dtype=bool)
            mask[jump.row, jump.col : jump.col + STEP_RUN] = True
            shown = f"{jump.size:+.0%}" if role == "ve" else f"{jump.size:+.1f} deg"
            found.append(
                make(
                    "STEP",
                    Note(
                        severity=on_table(key, table, "high"),
                        explanation=f"{table.name} jumps by {shown} at {where(table, mask)} against the load below,"
                        " beyond its own slope, and nowhere else like that.",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(table, mask),
                        value=round(jump.size, 3),
                        limit=size.value,
                        limit_source=size.layer,
                        confidence="medium",
                        suggestion="Ask why this block was changed; compare it with the backup.",
                    ),
                )
            )
    return found


@rule("GRADIENT", "B", "A steep step between neighbouring cells", "Large steps under load make the engine hard to control there.",
      severity="medium", needs=("table:ve|table:ignition",), thresholds=("gradient_ign", "gradient_ve"))  # fmt: skip
def gradient(context: Context) -> list[Finding]:
    found = []
    for role, name in (("ve", "gradient_ve"), ("ignition", "gradient_ign")):
        limit = context.limits[name]
        for key, table in context.tune.of_role(role):
            if table.secondary or table.curve:
                continue
            mask, most = _steps(context, table, relative=role == "ve", limit=limit.value)
            if mask.any():
                found.append(
                    make(
                        "GRADIENT",
                        Note(
                            "medium",
                            f"Neighbouring cells of {table.name} differ by up to {most:.3g}"
                            f"{' of their value' if role == 've' else ' deg'} ({where(table, mask)}).",
                            table=key,
                            source_name=table.name,
                            cells=cells_of(table, mask),
                            value=round(most, 3),
                            limit=limit.value,
                            limit_source=limit.layer,
                            confidence="low",
                        ),
                    )
                )
    return found


def _steps(context: Context, table: Table, *, relative: bool, limit: float) -> tuple[Mask, float]:
    """Cells under load whose next cell (in speed or load) differs by more than `limit`, and the largest step."""
    region = np.outer(rows_over(table, 0.5), columns_over(table, context)).astype(bool)
    size = np.maximum(np.abs(table.z), 1.0) if relative else np.ones_like(table.z)
    steps = np.zeros_like(table.z)
    steps[:, 1:] = np.abs(np.diff(table.z, axis=1)) / size[:, 1:]
    steps[1:, :] = np.maximum(steps[1:, :], np.abs(np.diff(table.z, axis=0)) / size[1:, :])
    mask: Mask = (steps > limit) & region
    return mask, float(steps[region].max()) if region.any() else 0.0
