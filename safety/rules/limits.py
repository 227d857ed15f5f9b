"""Group D: the limits that save an engine when something else goes wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.calibration import OFF_WORDS, CalibrationMap
from safety.rules.base import Context, Note, Over, make, rule, step
from safety.rules.loads import used_top

if TYPE_CHECKING:
    from safety.findings import Finding


@rule(
    "REV_LIMIT",
    "D",
    "The rev limit does not fit the engine",
    "Over its redline an engine loses valves and rods.",
    severity="critical",
    needs=("scalar:rev_limit", "vehicle:redline_rpm"),
    thresholds=("rev_medium", "rev_high", "rev_critical", "rev_least"),
)
def rev_limit(context: Context) -> list[Finding]:
    value, redline = context.tune.number("rev_limit"), context.vehicle.redline_rpm
    if value is None or not redline:
        return []
    limits = context.limits
    least = limits["rev_least"]
    if value < least.value:
        severity, limit, layer = "high", least.value, least.layer
        text = f"The rev limit is {value:g} rpm: the engine would hardly run."
    else:
        worst = step(
            value / redline - 1.0,
            ("medium", limits["rev_medium"]),
            ("high", limits["rev_high"]),
            ("critical", limits["rev_critical"]),
        )
        if worst is None:
            return []
        severity, over = worst
        limit, layer = round(redline * (1 + over.value)), over.layer
        text = (
            f"The rev limit is {value:g} rpm, {value / redline - 1:.0%} over the redline of {redline:g} rpm."
        )
    return [_scalar_note(context, "REV_LIMIT", "rev_limit", Over(severity, text, value, limit, layer))]


def _scalar_note(context: Context, code: str, role: str, over: Over) -> Finding:
    scalar = context.tune.scalars.get(role)
    return make(
        code,
        Note(
            severity=over.severity,
            explanation=over.text,
            scalar=role,
            source_name=scalar.name if scalar else "",
            value=over.value,
            limit=over.limit,
            limit_source=over.layer,
            suggestion="Set it back to the value of the backup or the maker."
            if over.severity != "low"
            else "",
        ),
    )


@rule(
    "DIFF_REV",
    "D",
    "The rev limit was raised",
    "The engine may turn faster than before. Springs, rods and oil supply were built for the old limit.",
    severity="high",
    needs=("scalar:rev_limit", "baseline"),
    thresholds=("diff_rev_rpm", "diff_rev_share"),
    source="practice, own measurement",
)
def diff_rev(context: Context) -> list[Finding]:
    found = []
    rpm, share = context.limits["diff_rev_rpm"], context.limits["diff_rev_share"]
    for role, most in (("rev_limit", "high"), ("soft_rev_limit", "medium")):
        ours = context.tune.number(role)
        theirs = context.base.number(role) if context.base else None
        if ours is None or theirs is None or theirs <= 0:
            continue
        allowed = theirs + min(600.0, max(rpm.value, share.value * theirs))
        if ours > allowed:
            text = f"It was {theirs:g} rpm in the backup and is {ours:g} rpm ({role.replace('_', ' ')})."
            found.append(_scalar_note(context, "DIFF_REV", role, Over(most, text, ours, allowed, rpm.layer)))
    return found


_PROTECTIONS: Final = {
    "protection": "the engine protection cut",
    "rev_cut_fuel": "the fuel cut at the rev limit",
    "rev_cut_spark": "the spark cut at the rev limit",
    "afr_protection": "the lean mixture protection",
    "oil_protection": "the oil pressure protection",
    "coolant_protection": "the coolant protection",
    "dwell_protection": "the coil overheating protection",
    "boost_cut": "the over-boost cut",
    "knock": "the knock detection",
}
_ESSENTIAL: Final = ("protection", "rev_cut_fuel", "rev_cut_spark")
_GUARD_NAME: Final = re.compile(
    r"prot(ect|_|en|$)|revlim|rev_lim|hardrev|softrev|hardlimit|boostcut|overboost|knock.*(en|mode|control)"
    r"|oil.*(prot|min.*en)|overheat|limp",
    re.IGNORECASE,
)
_NOT_A_GUARD: Final = re.compile(r"launch|flat|pin|hwchannel|bank|pullup|polarity|inv|spectro", re.IGNORECASE)


@rule(
    "PROTECT_OFF",
    "D",
    "A protection is switched off",
    "Without it nothing steps in when revs, mixture, oil pressure or knock go wrong.",
    severity="high",
    needs=("table:ve|table:ignition",),
    source="S9",
)
def protect_off(context: Context) -> list[Finding]:
    tune, base = context.tune, context.base
    found = []
    told = set()
    for role, words in _PROTECTIONS.items():
        if tune.on(role) is not False:
            continue
        was_on = base is not None and base.on(role) is True
        told.add(tune.scalars[role].name)
        if was_on:
            # Speeduino wrote a word there for years before the feature existed
            severity = "medium" if role == "knock" and tune.family == "speeduino" else "high"
            over = Over(severity, f"The backup has {words} on, this file off.", "off", "on", "backup")
            found.append(_protection(role, tune.scalars[role].name, over))
    if base is not None:
        for name, word in tune.switches.items():
            if name not in told and _guard(name) and _went_off(name, word, base):
                text = f"{name} was {base.switches[name]!r} in the backup and is {word!r}."
                found.append(_protection(name, name, Over("high", text, "off", "on", "backup")))
    cuts = [tune.on(role) for role in _ESSENTIAL if role in tune.scalars]
    if not found and cuts and not any(cuts):
        names = ", ".join(tune.scalars[role].name for role in _ESSENTIAL if role in tune.scalars)
        over = Over("medium", f"{names}: no cut is switched on.", "off", "on")
        found.append(_protection(_ESSENTIAL[0], names, over))
    return found


def _guard(name: str) -> bool:
    return bool(_GUARD_NAME.search(name)) and not _NOT_A_GUARD.search(name)


def _went_off(name: str, word: str, base: CalibrationMap) -> bool:
    before = base.switches.get(name)
    return (
        before is not None
        and word.strip().lower() in OFF_WORDS
        and before.strip().lower() not in {*OFF_WORDS, ""}
    )


def _protection(role: str, name: str, over: Over) -> Finding:
    return make(
        "PROTECT_OFF",
        Note(
            severity=over.severity,
            explanation=over.text,
            scalar=role,
            source_name=name,
            value=over.value,
            limit=over.limit,
            limit_source=over.layer,
            suggestion="Switch it on again, unless there is a reason that you know.",
        ),
    )


def _boosted_in_fact(context: Context) -> bool:
    return bool(context.boosted)


@rule(
    "BOOST_CUT",
    "D",
    "The over-boost cut is missing or too high",
    "If the wastegate hose comes off, only this cut stands between the engine and far too much boost.",
    severity="critical",
    needs=("scalar:boost_limit",),
    thresholds=("boost_over_target", "diff_boost_cut"),
    source="S9, S10",
)
def boost_cut(context: Context) -> list[Finding]:
    tune, base = context.tune, context.base
    value = tune.number("boost_limit")
    if value is None:
        return []
    old = base.number("boost_limit") if base is not None else None
    raised = context.limits["diff_boost_cut"]
    if old is not None and old > 0 and value >= old + raised.value:
        text = f"It was {old:g} kPa in the backup and is {value:g} kPa."
        return [
            _scalar_note(
                context,
                "BOOST_CUT",
                "boost_limit",
                Over("high", text, value, old + raised.value, raised.layer),
            )
        ]
    if not _boosted_in_fact(context):
        return []
    if tune.on("boost_cut") is False or value <= 0:
        text = "The engine is boosted and the over-boost cut is switched off."
        before_too = base is not None and (base.on("boost_cut") is False or (old is not None and old <= 0))
        severity = "medium" if before_too else "high"
        return [
            _scalar_note(context, "BOOST_CUT", "boost_limit", Over(severity, text, value, 0.0, "default"))
        ]
    sensor = tune.number("map_sensor_max")
    if sensor is not None and 100 < sensor < value:
        text = f"The cut at {value:g} kPa lies above the {sensor:g} kPa that the pressure sensor can read."
        return [
            _scalar_note(context, "BOOST_CUT", "boost_limit", Over("critical", text, value, sensor, "file"))
        ]
    return _over_target(context, value)


def _over_target(context: Context, value: float) -> list[Finding]:
    """Against the highest boost target, else against the highest load that fuel and spark are tuned for."""
    most = context.limits["boost_over_target"]
    target = context.tune.main("boost_target")
    if target is not None and "kpa" in target.units.lower() and float(target.z.max()) > 110:
        top, what = float(target.z.max()), "boost target"
    else:
        tops = [
            used_top(t)
            for role in ("ve", "ignition")
            for _, t in context.tune.of_role(role)
            if t.load == "kpa"
        ]
        if not tops or max(tops) < 120:
            return []
        top, what = max(tops), "load that is tuned"
    if value <= top + most.value:
        return []
    text = f"The cut at {value:g} kPa lies {value - top:.0f} kPa above the highest {what} of {top:g} kPa."
    severity = (
        "high" if context.tune.family != "rusefi" or value > 320 or what == "boost target" else "medium"
    )
    return [
        _scalar_note(
            context, "BOOST_CUT", "boost_limit", Over(severity, text, value, top + most.value, most.layer)
        )
    ]


@rule(
    "BOOST_TARGET",
    "D",
    "More boost than in the backup",
    "More boost means more pressure and heat in every part of the engine.",
    severity="high",
    needs=("table:boost_target", "baseline"),
    thresholds=("diff_boost_target_medium", "diff_boost_target_high"),
    applies=lambda context: context.tune.main("boost_target") is not None,
)
def boost_target(context: Context) -> list[Finding]:
    found = []
    for pair in context.pairs("boost_target"):
        top, old = float(pair.tune.z.max()), float(pair.base.z.max())
        if old <= 0:
            continue
        worst = step(
            top / old - 1.0,
            ("medium", context.limits["diff_boost_target_medium"]),
            ("high", context.limits["diff_boost_target_high"]),
        )
        if worst is None:
            continue
        severity, limit = worst
        found.append(
            make(
                "BOOST_TARGET",
                Note(
                    severity,
                    f"The highest target of {pair.tune.name} was {old:g} and is {top:g} {pair.tune.units}.",
                    table=pair.key,
                    source_name=pair.tune.name,
                    value=top,
                    limit=round(old * (1 + limit.value), 1),
                    limit_source=limit.layer,
                ),
            )
        )
    return found


@rule(
    "MAP_SENSOR_RANGE",
    "D",
    "The pressure sensor cannot read that far",
    "Above its range the sensor shows a fixed value, and the ECU is blind.",
    severity="high",
    needs=("scalar:map_sensor_max",),
    applies=lambda context: bool(context.boosted),
)
def map_sensor_range(context: Context) -> list[Finding]:
    sensor = context.tune.number("map_sensor_max")
    if sensor is None or sensor < 100 or not context.boosted:
        return []
    found = []
    for key, table in context.tune.of_role("boost_target"):
        top = float(np.max(table.z))
        if "kpa" in table.units.lower() and top > sensor:
            found.append(
                make(
                    "MAP_SENSOR_RANGE",
                    Note(
                        "high",
                        f"{table.name} asks for {top:g} kPa; the sensor ends at {sensor:g} kPa.",
                        table=key,
                        source_name=table.name,
                        value=top,
                        limit=sensor,
                        limit_source="file",
                    ),
                )
            )
    return found
