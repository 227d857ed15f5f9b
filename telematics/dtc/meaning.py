"""What a trouble code says, in words. Pure: no database; a manufacturer's own text is handed in."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from telematics.dtc import air_fuel, electric, emission, gearbox, ignition, others, speed
from telematics.dtc.advice import Ride, Severity, advise
from telematics.dtc.compose import read

CODE: Final = re.compile(r"[PCBU][0-3][0-9A-F]{3}")
SYSTEMS: Final = {"P": "powertrain", "C": "chassis", "B": "body", "U": "network"}
_AREAS: Final = {
    "0": "fuel, air and emission control",
    "1": "fuel and air metering",
    "2": "injection",
    "3": "ignition and misfire",
    "4": "emission control",
    "5": "speed, idle and auxiliary inputs",
    "6": "control modules and outputs",
    "7": "transmission",
    "8": "transmission",
    "9": "transmission",
    "A": "hybrid and electric drive",
    "B": "hybrid and electric drive",
    "C": "hybrid and electric drive",
    "D": "hybrid and electric drive",
    "E": "hybrid and electric drive",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code in words.

    `known` is false when neither the manufacturer nor the generic table has the code: then `text` says only
    where it belongs. `generic` codes mean the same at every maker. `safe_to_ride` is yes, care or no.
    """

    code: str
    text: str
    system: str
    area: str
    generic: bool
    known: bool
    source: str
    severity: Severity
    safe_to_ride: Ride
    advice: str


@cache
def generic_table() -> dict[str, str]:
    """Every generic code that we have words for."""
    tables = (air_fuel, ignition, emission, speed, gearbox, electric)
    codes: dict[str, str] = {}
    for table in tables:
        codes |= read(table.TABLE, "P")
    return codes | read(others.POWERTRAIN, "P") | read(others.CHASSIS, "C") | read(others.NETWORK, "U")


def clean(code: str) -> str:
    """`p0301` -> `P0301`; raises ValueError for what is no trouble code. A failure type (`-1A`) is cut off."""
    wanted = re.sub(r"[\s_]", "", code).upper().partition("-")[0]
    if not CODE.fullmatch(wanted):
        raise ValueError(f"{code!r} is no trouble code; write for example P0301.")
    return wanted


def describe(code: str, make: str | None = None, *, own_text: str | None = None) -> Meaning:
    """Say what `code` means; `own_text` is the text of the manufacturer `make`, which goes before the generic one.

    Raises ValueError for what is no trouble code.
    """
    code = clean(code)
    generic = is_generic(code)
    advice = advise(code)
    ours = generic_table().get(code)
    source = (make or "manufacturer") if own_text else "generic" if ours else "none"
    return Meaning(
        code=code,
        text=own_text or ours or _whereabouts(code, generic=generic),
        system=SYSTEMS[code[0]],
        area=area_of(code),
        generic=generic,
        known=bool(own_text or ours),
        source=source,
        severity=advice.severity,
        safe_to_ride=advice.ride,
        advice=advice.words,
    )


def is_generic(code: str) -> bool:
    """P0, P2, P34 to P3F, and C0, B0, U0 mean the same at every maker."""
    if code[0] == "P":
        return code[1] in "02" or (code[1] == "3" and code[2] >= "4")
    return code[1] == "0"


def area_of(code: str) -> str:
    return _AREAS.get(code[2], "") if code[0] == "P" else SYSTEMS[code[0]]


def _whereabouts(code: str, *, generic: bool) -> str:
    kind = "Generic" if generic else "Manufacturer-specific"
    return (
        f"{kind} {SYSTEMS[code[0]]} code ({area_of(code)})"
        if area_of(code)
        else f"{kind} {SYSTEMS[code[0]]} code"
    )
