"""Group C and D against the baseline: mixture targets, fuel tables and the size of the injectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safety.diff import Mask, TableDiff, largest, one_sided
from safety.rules.base import Context, Note, cells_of, make, on_table, rule
from safety.rules.loads import count, idle_area, where, worked_load

if TYPE_CHECKING:
    from safety.calibration import Array, CalibrationMap
    from safety.findings import Finding

_FEW, _HANDFUL = 3, 6


@rule(
    "DIFF_LAMBDA",
    "C",
    "A leaner mixture target than in the backup",
    "Less fuel under load means more heat. A few hundredths of lambda are enough to matter at full load.",
    severity="high",
    needs=("table:target_lambda", "baseline"),
    thresholds=("diff_lambda_medium", "diff_lambda_high", "diff_region_cells"),
)
def diff_lambda(context: Context) -> list[Finding]:
    medium, high = context.limits["diff_lambda_medium"], context.limits["diff_lambda_high"]
    few = int(context.limits["diff_region_cells"].value)
    found = []
    for pair in context.pairs("target_lambda"):
        # below about 65 kPa a lean cruise is a choice, not a danger
        delta = np.where(worked_load(pair.tune, 0.6, 66.0), _lambda_delta(context, pair), 0.0)
        delta = np.where(idle_area(pair.tune, context) | (pair.tune.z < 0.7), 0.0, delta)
        enough = high.value if one_sided(delta) else 1.5 * high.value
        limit = high if largest(delta >= enough).sum() >= few else medium
        if limit is medium and largest(delta >= medium.value).sum() < few:
            continue
        mask: Mask = delta >= medium.value
        most = float(delta[mask].max())
        found.append(
            make(
                "DIFF_LAMBDA",
                Note(
                    severity=on_table(pair.key, pair.tune, "high" if limit is high else "medium"),
                    explanation=f"{pair.tune.name} is up to {most:.3f} lambda leaner than the backup"
                    f" ({count(mask)}, {where(pair.tune, mask)}).",
                    table=pair.key,
                    source_name=pair.tune.name,
                    cells=cells_of(pair.tune, mask, None, pair),
                    value=round(most, 4),
                    limit=limit.value,
                    limit_source=limit.layer,
                    confidence="medium" if pair.by_index else "high",
                    suggestion="Ask for the reason and a wideband log.",
                ),
            )
        )
    return found


def _lambda_delta(context: Context, pair: TableDiff) -> Array:
    """Change in lambda, both sides taken with the baseline's stoichiometric ratio: a changed ratio is
    the business of FUEL, and must not look like a changed table.
    """
    stoich = context.base.number("stoich") if context.base is not None else None
    if pair.tune.original is None or pair.base.original is None or not stoich:
        return pair.delta
    return np.asarray(pair.tune.original / stoich - pair.base_z)


def fuel_scale(tune: CalibrationMap, base: CalibrationMap) -> tuple[float, str, str]:
    """By how much the settings besides the fuel table change the fuel for the same cell value, and the
    role and source name of the setting: required fuel in proportion, injector flow in inverse proportion.
    """
    for role, power in (("required_fuel", 1.0), ("injector_flow", -1.0), ("injector_flow_second", -1.0)):
        ours, theirs = tune.number(role), base.number(role)
        if ours and theirs and ours > 0 and theirs > 0 and abs(ours / theirs - 1.0) > 1e-6:
            return float((ours / theirs) ** power), role, tune.scalars[role].name
    return 1.0, "", ""


@rule(
    "DIFF_VE",
    "C",
    "Less fuel than in the backup",
    "A lower fuel table under load leans the mixture, whatever the targets say, where the ECU does not correct it.",
    severity="high",
    needs=("table:ve", "baseline"),
    thresholds=("diff_ve_medium", "diff_ve_high", "diff_ve_rich"),
    source="practice, own measurement",
)
def diff_ve(context: Context) -> list[Finding]:
    if context.base is None:
        return []
    scale = max(1.0, fuel_scale(context.tune, context.base)[0])
    found = []
    for pair in context.pairs("ve"):
        ratio = (1.0 + pair.ratio) * scale - 1.0
        calm = idle_area(pair.tune, context) | ~worked_load(pair.tune)
        small = np.abs(pair.delta) < 1.5
        verdict = _less_fuel(context, np.where(calm | (small & (scale == 1.0)), 0.0, ratio))
        if verdict is None:
            continue
        severity, mask, limit, layer, text = verdict
        worst = float(ratio[mask].max() if text == "more" else ratio[mask].min())
        found.append(
            make(
                "DIFF_VE",
                Note(
                    severity=on_table(pair.key, pair.tune, severity),
                    title="Much more fuel than in the backup" if text == "more" else "",
                    explanation=f"{pair.tune.name} gives up to {abs(worst):.1%} {text} fuel than the backup"
                    f" ({count(mask)}, {where(pair.tune, mask)}).",
                    table=pair.key,
                    source_name=pair.tune.name,
                    cells=cells_of(pair.tune, mask, None, pair),
                    value=round(worst, 4),
                    limit=limit,
                    limit_source=layer,
                    confidence="medium" if pair.by_index else "high",
                    suggestion="Ask for the reason and a wideband log under load.",
                ),
            )
        )
    return found


def _less_fuel(context: Context, ratio: Array) -> tuple[str, Mask, float, str, str] | None:
    medium, high = context.limits["diff_ve_medium"], context.limits["diff_ve_high"]
    rich = context.limits["diff_ve_rich"]
    enough = high.value if one_sided(-ratio) else 1.6 * high.value
    if largest(ratio <= enough).sum() >= _HANDFUL or largest(ratio <= 2 * high.value).sum() >= _FEW:
        return "high", ratio <= medium.value, high.value, high.layer, "less"
    if largest(ratio <= medium.value).sum() >= _HANDFUL:
        return "medium", ratio <= medium.value, medium.value, medium.layer, "less"
    if largest(ratio >= rich.value).sum() >= _HANDFUL:
        return "medium", ratio >= rich.value, rich.value, rich.layer, "more"
    return None


@rule(
    "DIFF_INJ",
    "D",
    "Injector size or required fuel changed",
    "Every injection scales with this number. If the injectors are the same as before, all fuel is off by this much.",
    severity="high",
    needs=("scalar:required_fuel|scalar:injector_flow", "baseline"),
    thresholds=("diff_inj_lean", "diff_inj_rich"),
    source="own measurement",
)
def diff_injector(context: Context) -> list[Finding]:
    if context.base is None:
        return []
    scale, role, name = fuel_scale(context.tune, context.base)
    if not role:
        return []
    lean, rich = context.limits["diff_inj_lean"], context.limits["diff_inj_rich"]
    net = scale * (1.0 + _matching_change(context)) - 1.0
    tune_value, base_value = context.tune.number(role) or 0.0, context.base.number(role) or 0.0
    flow = context.vehicle.injector_cc_min
    fits = role == "injector_flow" and flow is not None and abs(tune_value / flow - 1.0) < 0.03
    over = net <= -lean.value or net >= rich.value
    limit = lean if net < 0 else rich
    return [
        make(
            "DIFF_INJ",
            Note(
                severity="high" if over and not fits else "low",
                explanation=f"{name} was {base_value:g} in the backup and is {tune_value:g}: {abs(net):.0%}"
                f" {'less' if net < 0 else 'more'} fuel everywhere, the fuel table's own changes included.",
                scalar=role,
                source_name=name,
                value=tune_value,
                limit=base_value,
                limit_source=limit.layer,
                suggestion="Only right if other injectors or another fuel pressure were fitted.",
            ),
        )
    ]


def _matching_change(context: Context) -> float:
    """The middle change of the fuel table under load, as a fraction."""
    pair = next(context.pairs("ve"), None)
    if pair is None:
        return 0.0
    region = worked_load(pair.tune)
    return float(np.median(pair.ratio[region])) if region.any() else 0.0
