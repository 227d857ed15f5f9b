"""Group E: is the tune for an engine like this one?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from safety.rules.base import Context, Note, Over, make, rule, step
from safety.rules.loads import used_top
from safety.vehicle import STOICH

if TYPE_CHECKING:
    from safety.findings import Finding

# Fuels that an engine takes for each other without harm.
_CLASS: Final = {
    "petrol": "petrol",
    "e10": "petrol",
    "e85": "ethanol",
    "ethanol": "ethanol",
    "methanol": "methanol",
    "lpg": "gas",
    "cng": "gas",
}


def _note(context: Context, code: str, role: str, over: Over) -> Finding:
    scalar = context.tune.scalars.get(role)
    return make(
        code,
        Note(
            over.severity,
            over.text,
            scalar=role,
            source_name=scalar.name if scalar else "",
            value=over.value,
            limit=over.limit,
            limit_source=over.layer,
            suggestion="Check whether this file is for this engine at all.",
        ),
    )


@rule("CYLINDERS", "E", "Another number of cylinders", "The tune is for an engine with another number of cylinders.",
      severity="critical", needs=("scalar:cylinders", "vehicle:cylinders|baseline"), source="own corpus")  # fmt: skip
def cylinders(context: Context) -> list[Finding]:
    ours = context.tune.number("cylinders")
    wanted, layer = context.vehicle.cylinders, "vehicle"
    theirs = context.base.number("cylinders") if context.base is not None else None
    if theirs is not None and ours == wanted and theirs != ours:
        return [
            _note(
                context,
                "CYLINDERS",
                "cylinders",
                Over(
                    "medium",
                    f"The tune has {ours:g} cylinders like the vehicle, the backup {theirs:g}.",
                    ours or 0.0,
                    theirs,
                    "backup",
                ),
            )
        ]
    if wanted is None and theirs is not None:
        wanted, layer = int(theirs), "backup"
    if ours is None or wanted is None or ours == float(wanted):
        return []
    text = f"The tune is for {ours:g} cylinders, the engine has {wanted}."
    return [_note(context, "CYLINDERS", "cylinders", Over("critical", text, ours, float(wanted), layer))]


@rule("DISPLACEMENT", "E", "Another engine size", "The tune is for a larger or smaller engine.",
      severity="high", needs=("scalar:displacement_cc", "vehicle:displacement_cc"),
      thresholds=("displacement_medium", "displacement_high"),
      applies=lambda context: "displacement_cc" in context.tune.scalars)  # fmt: skip
def displacement(context: Context) -> list[Finding]:
    ours, wanted = context.tune.number("displacement_cc"), context.vehicle.displacement_cc
    if not ours or not wanted:
        return []
    limits = context.limits
    worst = step(
        abs(ours / wanted - 1.0),
        ("medium", limits["displacement_medium"]),
        ("high", limits["displacement_high"]),
    )
    if worst is None:
        return []
    severity, limit = worst
    text = f"The tune is for {ours:.0f} cc, the engine has {wanted:.0f} cc."
    return [
        _note(context, "DISPLACEMENT", "displacement_cc", Over(severity, text, ours, wanted, limit.layer))
    ]


@rule("FUEL", "E", "Another fuel", "The tune is for another fuel: with this one the mixture is far off.",
      severity="critical", needs=("scalar:stoich", "vehicle:fuel_class|baseline"), thresholds=("stoich_note",),
      source="S2; E10 from practice")  # fmt: skip
def fuel(context: Context) -> list[Finding]:
    ours = context.tune.number("stoich")
    wanted = context.vehicle.fuel_class
    theirs = context.base.number("stoich") if context.base is not None else None
    layer = "vehicle"
    if wanted is None and theirs is not None:
        wanted, layer = nearest_fuel(theirs), "backup"
    if ours is None or wanted is None:
        return []
    nearest = nearest_fuel(ours)
    off = abs(ours / STOICH[wanted] - 1.0)
    note = context.limits["stoich_note"]
    if _CLASS[nearest] != _CLASS[wanted] and off > 0.05:
        text = f"The file's stoichiometric ratio {ours:g} is that of {nearest}; the vehicle runs on {wanted}."
        return [_note(context, "FUEL", "stoich", Over("critical", text, ours, STOICH[wanted], layer))]
    if off > note.value:
        text = f"The file's stoichiometric ratio {ours:g} is no fuel's; {wanted} has {STOICH[wanted]:g}."
        return [_note(context, "FUEL", "stoich", Over("medium", text, ours, STOICH[wanted], note.layer))]
    if theirs is not None and theirs > 0 and abs(ours / theirs - 1.0) > note.value:
        text = f"The stoichiometric ratio was {theirs:g} in the backup and is {ours:g}."
        return [_note(context, "FUEL", "stoich", Over("high", text, ours, theirs, "backup"))]
    return []


def nearest_fuel(ratio: float) -> str:
    """The fuel whose stoichiometric ratio is nearest."""
    return min(STOICH, key=lambda fuel: abs(STOICH[fuel] - ratio))


@rule("STROKE", "E", "Two-stroke and four-stroke mixed up", "Spark and fuel would come twice or half as often.",
      severity="critical", needs=("scalar:stroke", "vehicle:stroke|baseline"))  # fmt: skip
def stroke(context: Context) -> list[Finding]:
    ours = strokes_in(str(context.tune.scalars["stroke"].value))
    wanted, layer = context.vehicle.stroke, "vehicle"
    if wanted is None and context.base is not None and "stroke" in context.base.scalars:
        wanted, layer = strokes_in(str(context.base.scalars["stroke"].value)), "backup"
    if ours is None or wanted is None or ours == wanted:
        return []
    text = f"The tune is for a {ours}-stroke engine, this one has {wanted} strokes."
    return [_note(context, "STROKE", "stroke", Over("critical", text, float(ours), float(wanted), layer))]


def strokes_in(word: str) -> int | None:
    if re.search(r"two|2", word, re.IGNORECASE):
        return 2
    return 4 if re.search(r"four|4", word, re.IGNORECASE) else None


@rule("ASPIRATION", "E", "Boost settings do not fit the engine",
      "A tune for a free-breathing engine has no values for boost; the engine would run on its last row.",
      severity="high", needs=("table:ve", "vehicle:boosted"), thresholds=("turbo_axis_kpa",), source="I9")  # fmt: skip
def aspiration(context: Context) -> list[Finding]:
    table = context.tune.main("ve")
    if table is None:
        return []
    if context.vehicle.boosted is False and context.tune.on("boost_control"):
        before = context.base is not None and context.base.on("boost_control")
        severity = "medium" if before else "high"
        text = "Boost control is on, but the engine has no turbo or compressor."
        return [_note(context, "ASPIRATION", "boost_control", Over(severity, text, "on", "off", "vehicle"))]
    limit = context.limits["turbo_axis_kpa"]
    top = used_top(table)
    if context.vehicle.boosted and table.load == "kpa" and top < limit.value:
        return [
            make(
                "ASPIRATION",
                Note(
                    "high",
                    f"The engine is boosted, but {table.name} ends at {top:g} kPa.",
                    table="ve",
                    source_name=table.name,
                    value=top,
                    limit=limit.value,
                    limit_source=limit.layer,
                    suggestion="This is a tune for a free-breathing engine.",
                ),
            )
        ]
    return []


@rule("INJECTOR_SIZE", "E", "The injector size in the file is not the vehicle's",
      "Fuel is measured by the injector size: a wrong one makes every mixture wrong.",
      severity="high", needs=("scalar:injector_flow", "vehicle:injector_cc_min"),
      thresholds=("inj_size_medium", "inj_size_high"),
      applies=lambda context: "injector_flow" in context.tune.scalars
      and "cc" in context.tune.scalars["injector_flow"].units)  # fmt: skip
def injector_size(context: Context) -> list[Finding]:
    ours, wanted = context.tune.number("injector_flow"), context.vehicle.injector_cc_min
    if not ours or not wanted:
        return []
    limits = context.limits
    worst = step(
        abs(ours / wanted - 1.0), ("medium", limits["inj_size_medium"]), ("high", limits["inj_size_high"])
    )
    if worst is None:
        return []
    severity, limit = worst
    text = f"The file says {ours:g} cc/min, the vehicle has {wanted:g} cc/min."
    return [_note(context, "INJECTOR_SIZE", "injector_flow", Over(severity, text, ours, wanted, limit.layer))]
