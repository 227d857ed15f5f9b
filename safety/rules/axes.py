"""Group B: the axes. An ECU that looks up a value on a broken axis reads anywhere in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.rules.base import Context, Note, Over, make, on_table, rule
from safety.rules.loads import used_top

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safety.calibration import Array, Table
    from safety.findings import Finding


def _axes(context: Context) -> Iterator[tuple[str, Table, str, Array]]:
    """Every axis in use: key, table, the axis' name and its values.

    A second map whose axes are plainly uninitialised memory is left to UNUSED.
    """
    for key, table in context.tune.tables.items():
        if table.enabled is False or uninitialised(table):
            continue
        yield key, table, table.x_name or "speed axis", table.x
        if not table.curve:
            yield key, table, table.y_name or "load axis", table.y


def uninitialised(table: Table) -> bool:
    """A second map on axes that no engine has (such as 16000, 16000, 16100 rpm)."""
    if not table.secondary:
        return False
    return float(table.x.min()) > 9000 or float(np.ptp(table.x)) < 500 or float(table.y.max()) > 700


def repeats(axis: Array) -> tuple[int, int]:
    """How many neighbours are equal, and how many of these stand in one row at the end."""
    same = np.diff(axis) == 0
    tail = 0
    for equal in same[::-1]:
        if not equal:
            break
        tail += 1
    return int(same.sum()), tail


@rule(
    "AXIS_NOT_ASCENDING",
    "B",
    "An axis does not ascend",
    "The ECU looks values up along this axis; where it falls, it reads the wrong cells.",
    severity="critical",
    needs=("table:ve|table:ignition",),
    source="I5, I6",
)
def axis_not_ascending(context: Context) -> list[Finding]:
    found = []
    for key, table, name, axis in _axes(context):
        falls = np.nonzero(np.diff(axis) < 0)[0]
        if falls.size:
            at = int(falls[0])
            found.append(
                make(
                    "AXIS_NOT_ASCENDING",
                    Note(
                        severity=on_table(key, table, "critical"),
                        explanation=f"{name} of {table.name} falls from {axis[at]:g} to {axis[at + 1]:g}"
                        f" at position {at + 2}.",
                        table=key,
                        source_name=name,
                        value=float(axis[at + 1]),
                        limit=float(axis[at]),
                        limit_source="file",
                        suggestion="Put the axis in order together with its cells, or take it from the backup.",
                    ),
                )
            )
    return found


@rule(
    "AXIS_FLAT",
    "B",
    "An axis repeats values",
    "Repeated values at the end of an axis are common; an axis that mostly repeats leaves the table unused.",
    severity="critical",
    needs=("table:ve|table:ignition",),
    thresholds=("axis_flat_share",),
    source="I4, own corpus (published tunes end in 6600 6600)",
)
def axis_flat(context: Context) -> list[Finding]:
    share = context.limits["axis_flat_share"]
    found = []
    for key, table, name, axis in _axes(context):
        count, tail = repeats(axis)
        if count == 0 or axis.size < 3:
            continue
        flat = count >= max(2.0, share.value * axis.size)
        if flat and not (table.curve and table.role != "dwell"):
            severity = "critical"
        else:
            severity = "low" if tail == count and count <= 3 else "medium"
        found.append(
            make(
                "AXIS_FLAT",
                Note(
                    severity=on_table(key, table, severity),
                    explanation=f"{name} of {table.name} repeats a value {count} times ({axis[-1]:g} at the end).",
                    table=key,
                    source_name=name,
                    value=float(count),
                    limit=round(share.value * axis.size, 1),
                    limit_source=share.layer,
                    suggestion="Spread the axis over the range that the engine uses.",
                ),
            )
        )
    return found


@rule(
    "AXIS_RANGE",
    "B",
    "An axis does not cover the engine",
    "Beyond the end of an axis the ECU holds the last value; loads and speeds out there are not tuned.",
    severity="high",
    needs=("table:ve|table:ignition",),
    thresholds=(
        "axis_rpm_least",
        "axis_rpm_most",
        "axis_kpa_least",
        "axis_kpa_most",
        "axis_reach_of_rev_limit",
    ),
)
def axis_range(context: Context) -> list[Finding]:
    found = []
    for key, table in context.tune.tables.items():
        if table.enabled is False or table.secondary or table.curve or table.role == "boost_target":
            continue
        found += _speed_axis(context, key, table) + _load_axis(context, key, table)
    return found


def _axis_note(key: str, name: str, over: Over) -> Finding:
    return make(
        "AXIS_RANGE",
        Note(
            severity=over.severity,
            explanation=over.text,
            table=key,
            source_name=name,
            value=over.value,
            limit=over.limit,
            limit_source=over.layer,
            suggestion="Compare the axis with the backup.",
        ),
    )


def _speed_axis(context: Context, key: str, table: Table) -> list[Finding]:
    least, most = context.limits["axis_rpm_least"], context.limits["axis_rpm_most"]
    top = float(table.x.max())
    name = table.x_name or "speed axis"
    if top < least.value or top > most.value or float(table.x.min()) > 0.75 * context.redline:
        text = f"{name} of {table.name} runs from {table.x.min():g} to {top:g} rpm."
        edge = most if top > most.value else least
        return [_axis_note(key, name, Over("high", text, top, edge.value, edge.layer))]
    reach = context.limits["axis_reach_of_rev_limit"]
    wanted = min(context.tune.number("rev_limit") or 0.0, 1.08 * context.redline)
    reached = max(float(other.x.max()) for _, other in context.tune.of_role(table.role))
    if reached < reach.value * wanted:
        text = f"{name} of {table.name} ends at {top:g} rpm, the rev limit is {wanted:g} rpm."
        return [_axis_note(key, name, Over("medium", text, top, round(reach.value * wanted), reach.layer))]
    return []


def _load_axis(context: Context, key: str, table: Table) -> list[Finding]:
    if table.load != "kpa":
        return []
    least, most = context.limits["axis_kpa_least"], context.limits["axis_kpa_most"]
    top = float(table.y.max())
    name = table.y_name or "load axis"
    if top < least.value or top > most.value:
        text = f"{name} of {table.name} runs from {table.y.min():g} to {top:g} kPa."
        edge = most if top > most.value else least
        return [_axis_note(key, name, Over("high", text, top, edge.value, edge.layer))]
    boost = context.tune.main("boost_target")
    wanted = (
        0.0 if boost is None or not context.boosted or boost.units.lower() != "kpa" else float(boost.z.max())
    )
    if used_top(table) < 0.85 * wanted <= 400:
        text = f"{name} of {table.name} ends at {top:g} kPa, the boost target is {wanted:g} kPa."
        return [_axis_note(key, name, Over("high", text, top, wanted, "file"))]
    return []
