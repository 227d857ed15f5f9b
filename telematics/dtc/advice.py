"""How serious a generic code is and whether to ride on: a short list of our own, the first line that fits counts.

It is a rough guide for an owner beside the road, not a diagnosis: what a machine does when a sensor fails
differs by maker, so that the list errs on the careful side.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["info", "soon", "workshop", "stop"]
Ride = Literal["yes", "care", "no"]


@dataclass(frozen=True, slots=True)
class Advice:
    """`severity`: info, soon (next weeks), workshop (next days), stop. `ride`: yes, care (short and gently), no."""

    severity: Severity
    ride: Ride
    words: str


_STOP_OIL = Advice("stop", "no", "Stop the engine and check oil level and pressure before it runs again.")
_STOP_HOT = Advice(
    "stop", "no", "Stop, let it cool down, check the coolant; don't open a hot cooling system."
)
_FUEL_LEAK = Advice("stop", "no", "Look for leaking fuel; don't ride while you smell or see any.")
_BRAKES = Advice("stop", "no", "Brakes may behave differently; have them checked before you ride on.")
_HIGH_VOLTAGE = Advice("stop", "no", "High voltage may be exposed: don't touch, call the workshop.")
_MISFIRE = Advice(
    "workshop",
    "care",
    "Ride gently and only as far as needed; stop when the lamp flashes, unburnt fuel ruins the catalyst.",
)
_LIMP = Advice(
    "workshop", "care", "Power may drop without warning: keep away from fast roads until it is seen to."
)
_TIMING = Advice("workshop", "care", "The engine may stall or lose power; keep revs low and have it checked.")
_KNOCK = Advice("workshop", "care", "Avoid full load: without knock control the engine can be damaged.")
_MIXTURE = Advice(
    "workshop", "care", "Avoid full load until the mixture is right: lean running burns pistons."
)
_CHARGE = Advice("workshop", "care", "The battery may run flat on the way; the engine may not start again.")
_GEARBOX = Advice("workshop", "care", "Gears may slip or refuse; keep your distance and ride to a workshop.")
_CATALYST = Advice(
    "soon", "yes", "It usually rides on; have it checked in the next weeks, it fails emission tests."
)
_COMFORT = Advice("info", "yes", "No danger; have it looked at with the next service.")
_SENSOR = Advice(
    "soon", "yes", "It usually rides on; consumption may rise, have it checked in the next weeks."
)
_NETWORK = Advice("workshop", "care", "A control unit was not heard; some functions or lamps may not work.")
_UNKNOWN = Advice("workshop", "care", "Have the code read out and explained before longer trips.")

_RULES: Final = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (r"P052[0-4]|P055[A-DF]|P06D[A-E]", _STOP_OIL),
        (r"P0217|P0218|P0298|P0480|P0483|P00B7|P0A(2F|3[5B-E]|7[CE])", _STOP_HOT),
        (r"P009[34]|P000F|P018F", _FUEL_LEAK),
        (r"P0555|P050F|P057[1-3]|C00(2|4)", _BRAKES),
        (r"P0AA[0-9A-B]|P0A0[A-E]|P0A95", _HIGH_VOLTAGE),
        (r"P03(0[0-9]|1[0-46])|P0363", _MISFIRE),
        (r"P012[0-4]|P022[0-9]|P0638|P0639|P21[0-3]|P060[4-7]|P061[A-F]|P00B[AB]|P06AF", _LIMP),
        (r"P001[0-9]|P002[0-5]|P03(3[5-9F]|4|6[5-9]|8[5-9]|9[0-4])|P0008|P0009", _TIMING),
        (r"P032[4-9A-E]|P033[0-4A-E]|P0219|P0297", _KNOCK),
        (r"P017[0-5]|P008[78AB]|P01C[89A]|P0148|P216|P217|P218|P219", _MIXTURE),
        (r"P0234|P0299|P02CA|P02CB|P0049|P00C5", _LIMP),
        (r"P056[0-3]|P062[0-6]|P065[ABC]", _CHARGE),
        (r"P0(7|8|9)", _GEARBOX),
        (r"P04(2|3[0-9A-D])|P04[4-6]|P049[6-9]|P04[AB]|P04E|P04F|P24", _CATALYST),
        (r"P05(3|6[4-9A-C]|7[4-9]|8[0-9]|9[0-6])|P04[BC]|P064[4589]|P0624|P05D|P05C7", _COMFORT),
        (r"P0A", _HIGH_VOLTAGE),
        (r"U", _NETWORK),
        (r"C", _BRAKES),
        (r"B", _COMFORT),
        (r"P[02]", _SENSOR),
    )
)


def advise(code: str) -> Advice:
    """The advice for a well-formed code; manufacturers' own codes get the careful one."""
    if code[1] in "13":
        return _UNKNOWN
    return next((advice for pattern, advice in _RULES if pattern.match(code)), _UNKNOWN)
