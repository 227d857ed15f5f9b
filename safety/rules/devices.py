"""Group D: injectors, coils, fan and the extras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from safety.rules.base import Context, Note, Over, cells_of, make, rule, step
from safety.rules.loads import columns_over, used_top

if TYPE_CHECKING:
    from safety.findings import Finding


@rule(
    "INJ_DUTY",
    "D",
    "The injectors may run out",
    "Injectors that are open all the time cannot give more fuel: the mixture leans out at the top end.",
    severity="medium",
    needs=("table:ve", "scalar:required_fuel", "scalar:rev_limit"),
    thresholds=("duty_medium", "duty_high"),
    source="S11; the simple estimate came out over 100 % on 8 of 15 published tunes",
    applies=lambda context: "required_fuel" in context.tune.scalars,
)
def injector_duty(context: Context) -> list[Finding]:
    """Open time per engine cycle at the rev limit over the time of a cycle (120,000 / rpm ms, four-stroke).

    Squirts per cycle and staging are not known for certain, so the answer stays at most a caution.
    """
    tune = context.tune
    table = tune.main("ve")
    required, limit = tune.number("required_fuel"), tune.number("rev_limit")
    if (
        table is None
        or required is None
        or limit is None
        or table.load != "kpa"
        or not 2000 <= limit <= 20000
    ):
        return []
    if tune.on("staging"):
        return []
    top = min(used_top(table), 105.0 if context.boosted is False else 1e9)
    row = int(np.argmin(np.abs(table.y - top)))
    fuel = float(np.interp(limit, table.x, table.z[row])) if np.all(np.diff(table.x) >= 0) else 0.0
    pressure = float(table.y[row]) / 100.0 if tune.on("fuel_model") is not False else 1.0
    open_ms = required * fuel / 100.0 * pressure + (tune.number("injector_dead_time") or 0.0)
    duty = open_ms / (120_000.0 / limit)
    high = context.limits["duty_high"]
    if duty <= high.value:
        return []
    return [
        make(
            "INJ_DUTY",
            Note(
                severity="medium" if duty > 1.35 * high.value else "low",
                explanation=f"At {limit:g} rpm and full load the injectors would be open about {duty:.0%} of the time"
                " (squirts per cycle and staging are not certain).",
                scalar="required_fuel",
                source_name=tune.scalars["required_fuel"].name,
                value=round(duty, 3),
                limit=high.value,
                limit_source=high.layer,
                confidence="low",
                suggestion="Check the real duty in a log.",
            ),
        )
    ]


@rule(
    "DWELL",
    "D",
    "Coil charging time is too long",
    "A coil that is charged too long overheats and fails, often on the road.",
    severity="high",
    needs=("scalar:dwell|table:dwell",),
    thresholds=("dwell_medium", "dwell_high", "diff_dwell"),
    source="S12 (2-4 ms typical)",
)
def dwell(context: Context) -> list[Finding]:
    found = []
    tune = context.tune
    value = tune.number("dwell")
    if value is not None:
        old = context.base.number("dwell") if context.base is not None else None
        verdict = _dwell_verdict(context, value, old)
        if verdict is not None:
            severity, text, limit, layer = verdict
            found.append(
                make(
                    "DWELL",
                    Note(
                        severity,
                        f"{tune.scalars['dwell'].name} {text}",
                        scalar="dwell",
                        source_name=tune.scalars["dwell"].name,
                        value=value,
                        limit=limit,
                        limit_source=layer,
                        suggestion="Use the coil maker's value; most coils take 2 to 4 ms.",
                    ),
                )
            )
    for key, table in tune.of_role("dwell"):
        speeds = columns_over(table, context)
        mask = np.zeros(table.shape, dtype=bool)
        mask[:, speeds] = True
        if not speeds.any():
            continue
        middle = float(np.median(table.z[mask]))
        pair = context.diffs.get(key)
        old = float(np.median(pair.base_z[mask])) if pair is not None else None
        verdict = _dwell_verdict(context, middle, old)
        if verdict is not None:
            severity, text, limit, layer = verdict
            found.append(
                make(
                    "DWELL",
                    Note(
                        severity,
                        f"{table.name} {text}",
                        table=key,
                        source_name=table.name,
                        cells=cells_of(table, mask & (table.z > limit), limit, pair),
                        value=round(middle, 2),
                        limit=limit,
                        limit_source=layer,
                        suggestion="Use the coil maker's value; most coils take 2 to 4 ms.",
                    ),
                )
            )
    return found


def _dwell_verdict(context: Context, value: float, old: float | None) -> tuple[str, str, float, str] | None:
    """Severity, words, limit and layer for a running dwell in ms."""
    raised = context.limits["diff_dwell"]
    if old is not None and old > 0 and value > old * (1 + raised.value) and value > 2.0:
        return (
            "high",
            f"was {old:.3g} ms in the backup and is {value:.3g} ms.",
            round(old * (1 + raised.value), 2),
            raised.layer,
        )
    worst = step(value, ("medium", context.limits["dwell_medium"]), ("high", context.limits["dwell_high"]))
    if worst is None:
        return None
    severity, limit = worst
    if severity == "high" and old is not None and abs(value - old) < 0.05:
        severity = "medium"
    return severity, f"is {value:.3g} ms.", limit.value, limit.layer


@rule(
    "FAN",
    "D",
    "The fan comes on too late",
    "Water boils under pressure near 120 C. A fan that starts there cannot save the head gasket.",
    severity="high",
    needs=("scalar:fan_on",),
    thresholds=("fan_medium", "fan_high", "diff_fan"),
    source="I8, practice",
)
def fan(context: Context) -> list[Finding]:
    tune, base = context.tune, context.base
    value = tune.number("fan_on")
    if value is None:
        return []
    medium, high, later = (context.limits[name] for name in ("fan_medium", "fan_high", "diff_fan"))
    old = base.number("fan_on") if base is not None else None
    off = tune.on("fan") is False
    findings = []
    worst = step(value, ("medium", medium), ("high", high))
    severity, limit, text = "", medium, ""
    if old is not None and value >= old + later.value and value > 98:
        severity, limit = "high", later
        text = f"The fan started at {old:.0f} C in the backup and starts at {value:.0f} C now."
    elif worst is not None:
        severity, limit = worst
        text = f"The fan starts at {value:.0f} C."
        if off:
            severity = "low" if value >= 214 else "medium"
            text += " (The fan output is switched off in this file.)"
    if severity:
        findings.append(_fan_note(context, Over(severity, text, value, limit.value, limit.layer)))
    if base is not None and base.on("fan") and off:
        findings.append(
            _fan_note(
                context,
                Over("medium", "The fan output was on in the backup and is off.", value, value, "backup"),
            )
        )
    return findings


def _fan_note(context: Context, over: Over) -> Finding:
    return make(
        "FAN",
        Note(
            over.severity,
            over.text,
            scalar="fan_on",
            source_name=context.tune.scalars["fan_on"].name,
            value=over.value,
            limit=over.limit,
            limit_source=over.layer,
            suggestion="Set it to the opening of the thermostat plus about 5 C.",
        ),
    )


_EXTRAS: Final = {
    "nitrous": "nitrous injection",
    "water_injection": "water injection",
    "antilag": "anti-lag",
}


@rule(
    "LAUNCH_ALS_N2O_WMI",
    "D",
    "A feature is on that the vehicle may not have",
    "Nitrous, water injection and anti-lag need hardware. Switched on without it they only do harm.",
    severity="high",
    needs=("scalar:nitrous|scalar:water_injection|scalar:antilag",),
    applies=lambda context: any(role in context.tune.scalars for role in _EXTRAS),
)
def extras(context: Context) -> list[Finding]:
    found = []
    for role, words in _EXTRAS.items():
        if not context.tune.on(role):
            continue
        known = context.vehicle.hardware
        if known is not None and role in known:
            continue
        as_before = context.base is not None and context.base.on(role) is True
        severity = (
            "low" if as_before else "high" if known is not None or context.base is not None else "medium"
        )
        scalar = context.tune.scalars[role]
        found.append(
            make(
                "LAUNCH_ALS_N2O_WMI",
                Note(
                    severity,
                    f"{scalar.name} is {scalar.value!r}: {words} is on"
                    + (", and the vehicle's list does not name it." if known is not None else "."),
                    scalar=role,
                    source_name=scalar.name,
                    value=str(scalar.value),
                    limit="off",
                    limit_source="vehicle" if known is not None else "default",
                ),
            )
        )
    return found


@rule(
    "IDLE",
    "D",
    "The idle speed target is unusual",
    "Too low and the engine stalls or lacks oil pressure; too high and a bike pulls at the lights.",
    severity="medium",
    needs=("table:idle_target",),
    thresholds=("idle_least", "idle_most"),
    applies=lambda context: context.tune.main("idle_target") is not None,
)
def idle(context: Context) -> list[Finding]:
    table = context.tune.main("idle_target")
    if table is None:
        return []
    warm = (table.x >= 70) & (table.x <= 100)
    values = table.z[0][warm]
    least, most = context.limits["idle_least"], context.limits["idle_most"]
    if values.size == 0 or not values.any():
        return []
    middle = float(np.median(values))
    if least.value <= middle <= most.value:
        return []
    edge = least if middle < least.value else most
    return [
        make(
            "IDLE",
            Note(
                "medium",
                f"{table.name} asks for {middle:g} rpm on a warm engine.",
                table="idle_target",
                source_name=table.name,
                value=middle,
                limit=edge.value,
                limit_source=edge.layer,
            ),
        )
    ]
