"""Group F: notices about the law. They never count for score or verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from safety.calibration import OFF_WORDS
from safety.rules.base import Context, Note, make, rule

if TYPE_CHECKING:
    from safety.findings import Finding

_EMISSIONS: Final = re.compile(
    r"(^|_)egr|egoType|oxygen|lambda(sensor|heater)|catal|evap|purge|secondary.?air|(^|_)dtc|monitor",
    re.IGNORECASE,
)
_NOTICE: Final = (
    " In the USA this may be tampering or a defeat device under Clean Air Act section 203(a)(3) and 40 CFR"
    " 1068.101(b) (EPA enforcement alert, December 2020); California asks for a CARB Executive Order; other"
    " countries have their own rules. This is information, not legal advice."
)


@rule("EMISSIONS_FEATURE_OFF", "F", "An emissions feature is off", "Switching off emission control can be against the law.",
      severity="info", source="40 CFR 1068.101(b)")  # fmt: skip
def emissions_feature_off(context: Context) -> list[Finding]:
    found = []
    for name, word in context.tune.switches.items():
        if not _EMISSIONS.search(name) or word.strip().lower() not in OFF_WORDS:
            continue
        before = context.base.switches.get(name) if context.base is not None else None
        if name == "egoType" or (before is not None and before.strip().lower() not in OFF_WORDS):
            found.append(
                make(
                    "EMISSIONS_FEATURE_OFF",
                    Note(
                        "info",
                        f"{name} is {word!r}." + _NOTICE,
                        scalar=name,
                        source_name=name,
                        value=word,
                        limit_source="default" if before is None else "backup",
                    ),
                )
            )
    return found


@rule(
    "ROAD_USE",
    "F",
    "Road use of this ECU",
    "Some ECUs are sold for off-road or race use only.",
    severity="info",
)
def road_use(context: Context) -> list[Finding]:
    if context.tune.family not in {"speeduino", "rusefi", "tuareg"}:
        return []
    text = (
        f"{context.tune.family} is a stand-alone ECU. Some makers of stand-alone ECUs sell them for off-road or race"
        " use only; whether it is allowed on the road differs from country to country."
    )
    return [make("ROAD_USE", Note("info", text))]
