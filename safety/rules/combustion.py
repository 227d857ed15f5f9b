"""Group C without a baseline: mixture and spark against what engines stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.diff import Mask, regions
from safety.rules.axes import uninitialised
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.loads import columns_over, count, rows_over, used_top, where

if TYPE_CHECKING:
    from safety.calibration import Array, Table
    from safety.findings import Finding

_STEPS = ("medium", "high", "critical")


def lean_limits(context: Context, table: Table, load: Array) -> dict[str, tuple[Array, str]]:
    """For each row the lambda over which the target is too lean: the limit for free-breathing engines up to
    105 kPa, the one for boost from 150 kPa, linear between. Throttle axes use the first, or on a boosted
    engine their mean.
    """
    found = {}
    for name in _STEPS:
        free, boost = context.limits[f"lean_na_{name}"], context.limits[f"lean_boost_{name}"]
        if table.load == "kpa":
            values = np.interp(load, [105.0, 150.0], [free.value, boost.value])
        elif context.boosted:
            values = np.full(load.shape, (free.value + boost.value) / 2)
        else:
            values = np.full(load.shape, free.value)
        found[name] = (values, free.layer)
    return found


@rule(
    "LEAN_WOT_TARGET",
    "C",
    "The mixture target under full load is too lean",
    "Under full load a lean mixture burns hot: pistons and valves pay for it within seconds.",
    severity="critical",
    needs=("table:target_lambda",),
    thresholds=tuple(f"lean_{kind}_{step}" for kind in ("na", "boost") for step in _STEPS),
    source="S1-S4",
)
def lean_target(context: Context) -> list[Finding]:
    found = []
    for key, table in context.tune.of_role("target_lambda"):
        if uninitialised(table) or table.curve:
            continue
        finding = _lean_rows(context, key, table)
        if finding is not None:
            found.append(finding)
    return found


def _lean_rows(context: Context, key: str, table: Table) -> Finding | None:
    rows = rows_over(table, 0.95, 98.0)
    speeds = columns_over(table, context, cars=2500.0, bikes=0.3)
    if not rows.any() or not speeds.any():
        return None
    # a row's middle decides, or a run of four neighbouring speeds: the fault may cover part of the range
    leanest = np.array([max(float(np.median(row[speeds])), _run(row[speeds], 4)) for row in table.z])
    worst: tuple[int, str, float, str] | None = None
    for name, (values, layer) in lean_limits(context, table, table.y).items():
        over = np.nonzero(rows & (leanest > values + 1e-9))[0]
        if over.size:
            at = int(over[int(np.argmax(leanest[over]))])
            worst = (at, name, float(values[at]), layer)
    if worst is None:
        return None
    at, severity, limit, layer = worst
    mask = np.zeros(table.shape, dtype=bool)
    mask[rows] = (table.z[rows] > limit) & speeds[None, :]
    return make(
        "LEAN_WOT_TARGET",
        Note(
            severity=on_table(key, table, severity),
            explanation=f"{table.name} aims at lambda {leanest[at]:.2f} around {where(table, mask)};"
            f" the limit there is {limit:.2f}.",
            table=key,
            source_name=table.name,
            cells=cells_of(table, mask, round(limit, 3)),
            value=round(float(leanest[at]), 3),
            limit=round(limit, 3),
            limit_source=layer,
            confidence="high" if severity == "critical" else "medium",
            suggestion="Enrich these cells, or have the tuner confirm them with a wideband log.",
        ),
    )


def _run(values: Array, length: int) -> float:
    """The highest mean of `length` neighbours."""
    if values.size < length:
        return float(values.max(initial=0.0))
    return float(np.convolve(values, np.full(length, 1.0 / length), mode="valid").max())


@rule(
    "RICH_WOT_TARGET",
    "C",
    "The mixture target under full load is very rich",
    "Far too much fuel washes the oil off the cylinder walls and fouls plugs and catalyst.",
    severity="medium",
    needs=("table:target_lambda",),
    thresholds=("rich_wot",),
    source="S1, practice",
)
def rich_target(context: Context) -> list[Finding]:
    limit = context.limits["rich_wot"]
    found = []
    for key, table in context.tune.of_role("target_lambda"):
        region = np.outer(rows_over(table, 0.7), columns_over(table, context)).astype(bool)
        if uninitialised(table) or not region.any():
            continue
        middle = float(np.median(table.z[region]))
        if 0.3 < middle < limit.value:
            found.append(
                make(
                    "RICH_WOT_TARGET",
                    Note(
                        "medium",
                        f"{table.name} aims at lambda {middle:.2f} under load.",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(table, region & (table.z < limit.value), limit.value),
                        value=round(middle, 3),
                        limit=limit.value,
                        limit_source=limit.layer,
                    ),
                )
            )
    return found


@rule(
    "IGN_ADVANCE_LIMIT",
    "C",
    "Spark too early for the load",
    "Too much advance under load makes the mixture explode instead of burn. This limit is the weakest of all rules:"
    " engines differ by many degrees.",
    severity="high",
    needs=("table:ignition",),
    thresholds=("ign_curve_kpa", "ign_curve_deg", "ign_cells_share", "ign_per_compression"),
    source="S5-S8 and own corpus",
)
def ignition_limit(context: Context) -> list[Finding]:
    loads, _ = context.limits.curve("ign_curve_kpa")
    degrees, layer = context.limits.curve("ign_curve_deg")
    share = context.limits["ign_cells_share"]
    less = context.limits["ign_per_compression"].value * max(
        0.0, (context.vehicle.compression or 11.0) - 11.0
    )
    found = []
    for key, table in context.tune.of_role("ignition"):
        if uninitialised(table) or table.curve:
            continue
        if table.load == "kpa":
            limit = np.interp(table.y, loads, degrees) - less
            rows = table.y >= loads[0]
        else:
            # the throttle does not tell the load: at high speed a half-open one still fills the engine badly
            limit = np.full(table.y.shape, degrees[0] - less)
            rows = rows_over(table, 0.8)
        mask: Mask = (table.z > limit[:, None]) & rows[:, None]
        if mask.sum() <= max(1.0, share.value * table.z.size):
            continue
        excess = np.where(mask, table.z - limit[:, None], 0.0)
        row, col = (int(v) for v in np.unravel_index(int(np.argmax(excess)), excess.shape))
        found.append(
            make(
                "IGN_ADVANCE_LIMIT",
                Note(
                    severity=on_table(key, table, "high" if float(excess.max()) >= 4 else "medium"),
                    explanation=f"{count(mask)} of {table.name} are over the limit for their load; the worst"
                    f" is {table.z[row, col]:g} deg at {table.x[col]:g} rpm and {table.y[row]:g}"
                    f" {'kPa' if table.load == 'kpa' else '%'}, limit {limit[row]:.0f} deg.",
                    table=key,
                    source_name=table.name,
                    cells=cells_of(table, mask, round(float(limit[row]), 1)),
                    value=float(table.z[row, col]),
                    limit=round(float(limit[row]), 1),
                    limit_source=layer,
                    confidence="low",
                    suggestion="Have the tuner confirm these cells with a knock log.",
                ),
            )
        )
    return found


@rule(
    "OVERRUN_RETARD",
    "C",
    "Late spark on the overrun",
    "Spark after the piston has turned makes noise in the exhaust and heats it and the catalyst.",
    severity="medium",
    needs=("table:ignition",),
    thresholds=("overrun_retard",),
    source="own corpus (a published coupe tune)",
)
def overrun_retard(context: Context) -> list[Finding]:
    limit = context.limits["overrun_retard"]
    found = []
    for key, table in context.tune.of_role("ignition"):
        if uninitialised(table):
            continue
        low = np.repeat((table.y <= 0.5 * used_top(table))[:, None], table.shape[1], axis=1)
        groups = [group for group in regions((table.z < limit.value) & low) if group.sum() >= 4]
        if groups:
            found.append(
                make(
                    "OVERRUN_RETARD",
                    Note(
                        "medium",
                        f"{table.name} goes down to {float(table.z[groups[0]].min()):g} deg ({where(table, groups[0])}).",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(table, groups[0], limit.value),
                        value=float(table.z[groups[0]].min()),
                        limit=limit.value,
                        limit_source=limit.layer,
                    ),
                )
            )
    return found
