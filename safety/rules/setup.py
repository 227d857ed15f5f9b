"""Against the baseline: settings that change what every cell means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from safety.rules.base import Context, Note, make, rule

if TYPE_CHECKING:
    from safety.findings import Finding

_TEETH: Final = ("numTeeth", "missingTeeth", "TrigAngMul")
# Role or source name -> how bad a change is. Most are right only together with other changes.
_FUEL_SETUP: Final = {
    "load_source": "high",  # the same table, read by another sensor
    "fuel_model": "medium",
    "squirts_divider": "medium",
    "injectors": "medium",
    "alternate": "low",
    "injector_layout": "low",
    "staging": "medium",
    "injector_dead_time": "low",
    "fuelReferencePressure": "medium",
    "dutyLim": "low",
    "maxInjectorDutyInstant": "low",
    "maxInjectorDutySustained": "low",
}
_LARGE: Final = 0.3  # a number that changed by this part is one step worse


@rule(
    "TRIGGER",
    "E",
    "The trigger settings changed",
    "The ECU would see the crankshaft elsewhere: all spark is off.",
    severity="high",
    needs=("scalar:trigger|scalar:trigger_angle", "baseline"),
)
def trigger(context: Context) -> list[Finding]:
    found = []
    for role in ("trigger", "trigger_angle"):
        ours = context.tune.scalars.get(role)
        theirs = context.base.scalars.get(role) if context.base is not None else None
        if ours is None or theirs is None or ours.value == theirs.value:
            continue
        small = role == "trigger_angle" and abs((ours.number or 0.0) - (theirs.number or 0.0)) <= 5.0
        found.append(
            _changed(
                "TRIGGER", role, ours.name, ours.value, theirs.value, severity="medium" if small else "high"
            )
        )
    if context.base is not None:
        for name in _TEETH:
            now, before = context.tune.numbers.get(name), context.base.numbers.get(name)
            if now is not None and before is not None and now != before:
                found.append(_changed("TRIGGER", name, name, now, before, severity="high"))
    return found


@rule(
    "DIFF_SETUP",
    "D",
    "A setting that every cell depends on changed",
    "The tables may be the same, but the ECU reads them by another sensor or injects in another way.",
    severity="high",
    needs=("table:ve", "baseline"),
)
def diff_setup(context: Context) -> list[Finding]:
    if context.base is None:
        return []
    found = []
    for key, severity in _FUEL_SETUP.items():
        ours, theirs = _value(context, key), _base_value(context, key)
        if ours is None or theirs is None or ours[1] == theirs:
            continue
        name, value = ours
        numbers = isinstance(value, float) and isinstance(theirs, float) and theirs != 0
        large = numbers and abs(float(value) / float(theirs) - 1.0) > _LARGE
        worse = "medium" if large and severity == "low" else severity
        found.append(_changed("DIFF_SETUP", key, name, value, theirs, severity=worse))
    return found


def _value(context: Context, key: str) -> tuple[str, float | str] | None:
    scalar = context.tune.scalars.get(key)
    if scalar is not None:
        return scalar.name, scalar.value
    number = context.tune.numbers.get(key)
    return None if number is None else (key, number)


def _base_value(context: Context, key: str) -> float | str | None:
    if context.base is None:
        return None
    scalar = context.base.scalars.get(key)
    return scalar.value if scalar is not None else context.base.numbers.get(key)


def _changed(
    code: str, role: str, name: str, now: float | str, before: float | str, *, severity: str
) -> Finding:
    return make(
        code,
        Note(
            severity,
            f"{name} was {before!r} in the backup and is {now!r}.",
            scalar=role,
            source_name=name,
            value=now,
            limit=before,
            limit_source="backup",
            suggestion="Ask why it was changed, and whether the tables were tuned for it.",
        ),
    )
