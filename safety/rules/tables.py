"""Group B and BLANK_PAGE: is what stands in each table possible at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from safety.rules.axes import uninitialised
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.file_identity import from_defect
from safety.rules.loads import count, high_load, where, worked_load

if TYPE_CHECKING:
    from safety.calibration import Array, Table
    from safety.diff import Mask
    from safety.findings import Finding

_ERASED: Final = (0.0, 255.0, 25.5, 215.0, -40.0, 25500.0, 510.0, 65535.0, 6553.5, 655.35, 127.5, -1.0)
_ERASED_SCALARS: Final = {
    "rev_limit": (25500.0, 0.0, 65535.0),
    "dwell": (25.5, 0.0),
    "required_fuel": (25.5, 0.0),
    "stoich": (25.5, 0.0),
    "fan_on": (215.0, -40.0),
    "cylinders": (255.0, 0.0),
    "injector_flow": (0.0, 65535.0),
}


def common_share(z: Array) -> tuple[float, float]:
    """The most frequent value and its part of all cells."""
    values, counts = np.unique(z, return_counts=True)
    at = int(np.argmax(counts))
    return float(values[at]), float(counts[at] / z.size)


def _written(table: Table) -> Array:
    return table.z if table.original is None else table.original


@rule("SHAPE", "B", "A table has the wrong number of cells", "Rows times columns and cells disagree: the file is damaged.",
      severity="critical", source="format")  # fmt: skip
def shape(context: Context) -> list[Finding]:
    return [from_defect(defect) for defect in context.tune.defects if defect.code == "SHAPE"]


@rule(
    "BLANK_PAGE",
    "A",
    "A table is blank memory",
    "The table holds what erased memory holds. With it the engine runs far too rich, too lean or not at all.",
    severity="critical",
    thresholds=("blank_share",),
    source="I4, own corpus",
)
def blank_page(context: Context) -> list[Finding]:
    limit = context.limits["blank_share"]
    found = []
    for key, table in context.tune.tables.items():
        if (
            table.enabled is False
            or table.secondary
            or table.curve
            or table.role in {"boost_target", "dwell"}
        ):
            continue
        value, share = common_share(_written(table))
        blank = share >= limit.value and _looks_erased(table, value)
        pair = context.diffs.get(key)
        emptied = pair is not None and share >= limit.value and common_share(_written(pair.base))[1] < 0.5
        if blank or emptied:
            found.append(
                make(
                    "BLANK_PAGE",
                    Note(
                        severity="critical",
                        explanation=f"{share:.0%} of {table.name} is the value {value:g}.",
                        table=key,
                        source_name=table.name,
                        value=round(share, 3),
                        limit=limit.value,
                        limit_source=limit.layer,
                        suggestion="The file was saved from an erased or half-read ECU; get it again.",
                    ),
                )
            )
    return found + _blank_scalars(context)


def _blank_scalars(context: Context) -> list[Finding]:
    erased = [
        scalar
        for role, scalar in context.tune.scalars.items()
        if scalar.number in _ERASED_SCALARS.get(role, ())
    ]
    if len(erased) < 3:
        return []
    names = ", ".join(scalar.name for scalar in erased)
    return [
        make(
            "BLANK_PAGE",
            Note(
                "critical",
                f"{names} all hold the values of erased memory.",
                title="A page of settings is blank memory",
                scalar=erased[0].role,
                source_name=erased[0].name,
                limit_source="file",
                suggestion="The file was saved from an erased or half-read ECU; get it again.",
            ),
        )
    ]


def _looks_erased(table: Table, value: float) -> bool:
    ranges = {"ve": (1.0, 254.0), "ignition": (-25.0, 60.0)}
    low, high = ranges.get(table.role, (-1e9, 1e9))
    if table.role == "target_lambda" and value not in {0.0, 25.5, 255.0}:
        return False
    return value in _ERASED or not low <= value <= high


_RANGES: Final = {
    "RANGE_VE": ("ve", "ve", "%"),
    "RANGE_IGN": ("ignition", "ign", "deg"),
    "RANGE_LAMBDA": ("target_lambda", "lambda", "lambda"),
}


def _range_findings(context: Context, code: str) -> list[Finding]:
    role, name, unit = _RANGES[code]
    low, high = context.limits[f"{name}_least"], context.limits[f"{name}_most"]
    found = []
    for key, table in context.tune.of_role(role):
        if uninitialised(table):
            continue
        mask: Mask = (table.z < low.value) | (table.z > high.value)
        if not mask.any():
            continue
        worst = float(table.z[mask].flat[0])
        hard = bool((mask & worked_load(table)).any())
        edge = low if worst < low.value else high
        found.append(
            make(
                code,
                Note(
                    severity=on_table(key, table, "critical" if hard else "medium"),
                    explanation=f"{count(mask)} of {table.name} lie outside {low.value:g} to"
                    f" {high.value:g} {unit}, the first is {worst:g} ({where(table, mask)}).",
                    table=key,
                    source_name=table.name,
                    cells=cells_of(table, mask, edge.value),
                    value=worst,
                    limit=edge.value,
                    limit_source=edge.layer,
                    suggestion="Restore these cells from the backup.",
                ),
            )
        )
    return found


@rule("RANGE_VE", "B", "Fuel cells outside of what an engine can do", "A fuel value that no engine needs: far too much or no fuel there.",
      severity="critical", needs=("table:ve",), thresholds=("ve_least", "ve_most", "ve_note"), source="I7, own corpus")  # fmt: skip
def range_ve(context: Context) -> list[Finding]:
    found = _range_findings(context, "RANGE_VE")
    note = context.limits["ve_note"]
    for key, table in context.tune.of_role("ve"):
        mask: Mask = (table.z > note.value) & (table.z <= context.limits["ve_most"].value)
        if mask.any() and not uninitialised(table) and not found:
            found.append(
                make(
                    "RANGE_VE",
                    Note(
                        severity=on_table(key, table, "medium"),
                        explanation=f"{table.name} reaches {float(table.z.max()):g} %, which is unusual.",
                        title="Unusually high fuel values",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(table, mask, note.value),
                        value=float(table.z.max()),
                        limit=note.value,
                        limit_source=note.layer,
                        confidence="low",
                    ),
                )
            )
    return found


@rule("RANGE_IGN", "B", "Ignition cells outside of what an engine can do", "Spark this early or late damages any engine.",
      severity="critical", needs=("table:ignition",), thresholds=("ign_least", "ign_most"), source="own corpus")  # fmt: skip
def range_ignition(context: Context) -> list[Finding]:
    return _range_findings(context, "RANGE_IGN")


@rule("RANGE_LAMBDA", "B", "Mixture targets that no engine runs on", "A mixture target this rich or lean cannot burn as meant.",
      severity="critical", needs=("table:target_lambda",), thresholds=("lambda_least", "lambda_most"), source="own corpus")  # fmt: skip
def range_lambda(context: Context) -> list[Finding]:
    return _range_findings(context, "RANGE_LAMBDA")


@rule("RANGE_DEF", "B", "A value outside of the definition's range", "The ECU's own definition does not allow this value.",
      severity="high", source="format", applies=lambda context: bool(context.tune.out_of_range))  # fmt: skip
def range_definition(context: Context) -> list[Finding]:
    axes = {name for table in context.tune.tables.values() for name in (table.x_name, table.y_name)}
    return [
        make(
            "RANGE_DEF",
            Note(
                severity="medium" if name in axes else "high",
                explanation=f"{name} is {value:g}; the definition allows {low:g} to {high:g}.",
                scalar=name,
                source_name=name,
                value=value,
                limit=high if value > high else low,
                limit_source="file",
                suggestion="Check that file and definition belong to the same firmware.",
            ),
        )
        for name, value, low, high in context.tune.out_of_range
    ]


@rule(
    "UNITS_AMBIGUOUS",
    "B",
    "Air-fuel ratio and lambda are mixed up",
    "The mixture targets are written in another unit than the file says: the ECU would aim far off.",
    severity="high",
    needs=("table:target_lambda",),
    source="own corpus (one published E85 tune)",
)
def units_ambiguous(context: Context) -> list[Finding]:
    found = []
    for key, table in context.tune.of_role("target_lambda"):
        if uninitialised(table):
            continue
        text = _unit_trouble(context, key, table)
        if text:
            found.append(
                make(
                    "UNITS_AMBIGUOUS",
                    Note(
                        severity=on_table(key, table, "high"),
                        explanation=f"{table.name}: {text}",
                        table=key,
                        source_name=table.name,
                        value=round(float(np.median(_written(table))), 3),
                        limit=table.declared_units or None,
                        limit_source="file",
                        suggestion="Ask the tuner whether the targets are lambda or air-fuel ratio, and for which fuel.",
                    ),
                )
            )
    return found


def _unit_trouble(context: Context, key: str, table: Table) -> str:
    written = float(np.median(_written(table)))
    encoding = table.original_units or ("lambda" if written >= 0.3 else "unclear")
    if encoding == "unclear":
        return f"the middle value is {written:.3g}, which is neither lambda nor an air-fuel ratio."
    if table.declared_units and table.declared_units != encoding:
        return f"the file says {table.declared_units}, the values (middle {written:.3g}) are {encoding}."
    pair = context.diffs.get(key)
    if pair is not None and pair.base.original_units != table.original_units:
        theirs = pair.base.original_units or "lambda"
        return f"the values are {encoding}, those of the backup {theirs}."
    if table.original is not None:
        region = high_load(table, context)
        if region.any():
            middle = float(np.median(table.z[region]))
            as_petrol = float(np.median(table.original[region])) / 14.7
            if not 0.65 <= middle <= 1.10 and 0.65 <= as_petrol <= 1.10:
                return (
                    f"at high load they mean lambda {middle:.2f} with the file's own stoichiometric ratio,"
                    f" but {as_petrol:.2f} as petrol ratios."
                )
    return ""


@rule("UNUSED", "B", "Tables of switched-off features", "These tables are switched off and were not checked.",
      severity="info", source="own corpus")  # fmt: skip
def unused(context: Context) -> list[Finding]:
    blank = [table.name for _, table in context.tune.tables.items() if table.enabled and uninitialised(table)]
    names = [*context.tune.unused, *blank]
    if not names:
        return []
    return [
        make(
            "UNUSED",
            Note("info", "Not checked because switched off or never filled: " + ", ".join(names) + "."),
        )
    ]
