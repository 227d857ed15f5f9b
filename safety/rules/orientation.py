"""Group B: tables that lie on their side or are mirrored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.findings import SEVERITIES, Finding
from safety.rules.axes import uninitialised
from safety.rules.base import Context, Note, make, on_table, rule
from safety.rules.loads import columns_over

if TYPE_CHECKING:
    from safety.calibration import Array, Table


@rule(
    "ORIENTATION",
    "B",
    "A table lies on its side",
    "Rows and columns are mixed up: the engine would get the values for another load and speed.",
    severity="critical",
    needs=("table:ignition|table:ve|table:target_lambda",),
    thresholds=("orientation_slope",),
    source="S8, own measurement",
)
def orientation(context: Context) -> list[Finding]:
    found = [*_turned(context)]
    told = {finding.table for finding in found} | {pair.key for pair in context.diffs.values()}
    found += _on_its_side(context, told)
    slope = context.limits["orientation_slope"]
    for key, table in context.tune.of_role("ignition"):
        if (
            key in {finding.table for finding in found}
            or uninitialised(table)
            or table.curve
            or table.shape[0] < 4
        ):
            continue
        rise = _load_slope(context, table)
        if rise > slope.value:
            found.append(
                make(
                    "ORIENTATION",
                    Note(
                        severity=on_table(key, table, "high"),
                        explanation=f"The mean advance of {table.name} rises by {rise:.1f} deg from low to high load;"
                        " in any engine it falls.",
                        table=key,
                        source_name=table.name,
                        value=round(rise, 2),
                        limit=slope.value,
                        limit_source=slope.layer,
                        confidence="medium",
                        suggestion="Check whether rows and columns were exchanged.",
                    ),
                )
            )
    return found


def _on_its_side(context: Context, told: set[str]) -> list[Finding]:
    """Without a baseline: fuel and target tables whose profile over load is that over speed in every engine.

    Targets grow richer with load, hardly with speed. Fuel rises with load to the end, and with speed to a
    peak before the end.
    """
    found = []
    for role, test in (("target_lambda", _target_turned), ("ve", _fuel_turned)):
        for key, table in context.tune.of_role(role):
            if key in told or uninitialised(table) or min(table.shape) < 6 or not test(table.z):
                continue
            found.append(
                make(
                    "ORIENTATION",
                    Note(
                        severity=on_table(key, table, "high"),
                        explanation=f"{table.name} changes with speed as tables change with load, and the other"
                        " way round: rows and columns look exchanged.",
                        table=key,
                        source_name=table.name,
                        limit_source="default",
                        confidence="medium",
                        suggestion="Check whether rows and columns were exchanged.",
                    ),
                )
            )
    return found


def _target_turned(z: Array) -> bool:
    over_load, over_speed = np.median(z, axis=1), np.median(z, axis=0)
    falls = float(over_speed[0] - over_speed[-1])
    smooth = float(np.mean(np.diff(over_speed) <= 0.005)) > 0.8
    return bool(falls > 0.07 and smooth and float(np.ptp(over_load)) < 0.4 * falls)


def _fuel_turned(z: Array) -> bool:
    over_load, over_speed = np.median(z, axis=1), np.median(z, axis=0)
    rising = float(np.mean(np.diff(over_speed) > 0)) > 0.85 and over_speed[-1] > 1.25 * over_speed[0]
    peak = int(np.argmax(over_load))
    hump = peak < 0.85 * (over_load.size - 1) and over_load[-1] < 0.96 * over_load[peak]
    return bool(rising and hump)


def _load_slope(context: Context, table: Table) -> float:
    """Degrees by which the mean advance at working speeds rises over the whole load axis (least squares)."""
    means = table.z[:, columns_over(table, context)].mean(axis=1)
    if float(np.ptp(table.y)) <= 0:
        return 0.0
    place = (table.y - table.y.min()) / float(np.ptp(table.y))
    return float(np.polyfit(place, means, 1)[0])


def _turned(context: Context) -> list[Finding]:
    """Tables that agree with the baseline once they are turned or mirrored, and not as they are."""
    found = []
    for key, pair in context.diffs.items():
        tune, base = pair.tune.z, pair.base.z
        if pair.tune.curve or tune.shape != base.shape or float(np.ptp(base)) == 0.0:
            continue
        size = float(np.mean(np.abs(tune - base)))
        spread = float(np.std(base))
        turned = {"rows and columns exchanged": base.T} if base.shape[0] == base.shape[1] else {}
        turned |= {"loads in reverse order": base[::-1], "speeds in reverse order": base[:, ::-1]}
        for words, other in turned.items():
            left = float(np.mean(np.abs(tune - other)))
            if size > 0.15 * spread and left < 0.25 * size and left < 0.2 * spread:
                found.append(
                    make(
                        "ORIENTATION",
                        Note(
                            severity=on_table(key, pair.tune, SEVERITIES[-1]),
                            explanation=f"{pair.tune.name} is the backup's table with {words}.",
                            table=key,
                            source_name=pair.tune.name,
                            value=words,
                            limit_source="backup",
                            suggestion="Restore the table from the backup.",
                        ),
                    )
                )
                break
    return found
