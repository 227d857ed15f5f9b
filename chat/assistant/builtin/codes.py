"""Trouble codes: found in a question, and read by the way they are built when no table knows them."""

import re
from typing import Final

from chat.ports import Fact, Source, knowledge

_CODE: Final = re.compile(r"(?<![A-Za-z0-9])([PCBU])\s?-?([0-3O][0-9A-F]{3})(?![A-Za-z0-9])", re.IGNORECASE)
_MISFIRE: Final = re.compile(r"P03(\d\d)")
MOST: Final = 5  # codes of one question
MOST_CYLINDERS: Final = 12
SYSTEMS: Final = {
    "P": "engine and gearbox",
    "C": "chassis: brakes, steering, suspension",
    "B": "body: airbags, lights, comfort",
    "U": "the network between control units",
}
AREAS: Final = {
    "0": "fuel, air and emissions", "1": "the measuring of fuel and air", "2": "the injector circuits",
    "3": "ignition or misfires", "4": "emission control", "5": "speed and idle control",
    "6": "the control unit and its outputs", "7": "the gearbox", "8": "the gearbox", "9": "the gearbox",
    "A": "the hybrid drive", "B": "the hybrid drive", "C": "the hybrid drive",
}  # fmt: skip


def codes_in(text: str) -> list[str]:
    """Codes as they are usually written, in order, without repeats: `p-0301` is P0301, as is `PO301`."""
    found = [letter.upper() + rest.upper().replace("O", "0", 1) for letter, rest in _CODE.findall(text)]
    return list(dict.fromkeys(found))[:MOST]


def meaning_of(code: str) -> Fact:
    """What the house knows of it, else what its signs tell."""
    for plug in knowledge.values():
        if (fact := plug.look_up(code)) is not None:
            return fact
    return Fact(f"{code}: {by_its_signs(code)}", Source("dtc", code, code))


def by_its_signs(code: str) -> str:
    """Letter: the system. First digit: whose number (0 and 2 everybody's). Second, for P: the area."""
    system, kind, area = code[0], code[1], code[2]
    if (misfire := _MISFIRE.fullmatch(code)) and int(misfire[1]) <= MOST_CYLINDERS:
        number = int(misfire[1])
        where = f"in cylinder {number}" if number else "in several cylinders"
        return f"the engine control noticed misfires {where}: spark, fuel, compression or wiring."
    words = f"a code about {SYSTEMS[system]}"
    if system == "P" and kind in "02" and area in AREAS:
        words += f", more exactly {AREAS[area]}"
    if kind == "1" or (kind == "3" and not (system == "P" and area in "456789")):
        return (
            f"{words}. Its number is the maker's own: the workshop manual of your model says what it means."
        )
    return f"{words}. I have no text for this number: a workshop manual or a reader with texts tells more."
