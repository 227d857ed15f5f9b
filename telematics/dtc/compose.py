"""Reads the tables of this folder: one short line describes a whole family of trouble codes.

A line is `<first code> <faults> <part>`. Each letter of `faults` is one code, in order, with the words of `FAULTS`.
`=` instead of letters: the rest is the texts themselves, divided by `;`. A range in braces, `{1-12}` or `{A-L}`,
repeats the line for each member. Codes count on in decimal when the first one has no letter, else in
hexadecimal: that is how the standard (SAE J2012, ISO 15031-6) grew.
"""

import re
from collections.abc import Iterator
from typing import Final

FAULTS: Final = {
    "F": "{}: circuit fault",
    "O": "{}: control circuit open or faulty",
    "P": "{}: signal out of range or implausible",
    "G": "{}: poor performance",
    "L": "{}: circuit low",
    "H": "{}: circuit high",
    "I": "{}: intermittent or erratic signal",
    "N": "{}: no signal",
    "S": "{}: slow response",
    "A": "{}: no activity",
    "V": "{}: voltage low",
    "W": "{}: voltage high",
    "K": "{}: poor performance or stuck off",
    "T": "{}: stuck on",
    "t": "{}: stuck off",
    "E": "{}: electrical fault",
    "U": "{}: stuck open",
    "C": "{}: stuck closed",
    "s": "{}: stuck",
    "o": "{}: circuit open",
    "c": "{}: circuit shorted",
    "l": "{}: implausible, low",
    "h": "{}: implausible, high",
    "D": "{}: control driver performs poorly",
    "Z": "{}: beyond its learning limit",
    "R": "{}: slow response from rich to lean",
    "Q": "{}: slow response from lean to rich",
    "r": "{}: delayed response from rich to lean",
    "q": "{}: delayed response from lean to rich",
    "y": "{}: too far retarded",
    "x": "{}: too far advanced",
    "a": "{}: fuel trim at its upper limit",
    "b": "{}: fuel trim at its lower limit",
    "e": "{}: injector restricted",
    "d": "{}: injector leaking",
    "n": "{}: offset learning at its lower limit",
    "m": "{}: offset learning at its upper limit",
    "v": "{}: overspeed",
}
_RANGE = re.compile(r"\{(\w+)-(\w+)\}")


def read(table: str, letter: str) -> dict[str, str]:
    """All codes of a table with their texts, `letter` (P, C, B, U) before each.

    Raises ValueError for a code that two lines claim: each code has one meaning.
    """
    codes: dict[str, str] = {}
    for line in table.strip().splitlines():
        first, faults, part = line.split(" ", 2)
        code = first
        for text in _texts(faults, part):
            if f"{letter}{code}" in codes:
                raise ValueError(f"{letter}{code} is claimed twice, by {line!r}.")
            codes[f"{letter}{code}"] = text
            code = _after(code, hexadecimal=not first.isdecimal())
    return codes


def _texts(faults: str, part: str) -> Iterator[str]:
    for meant in _spread(part):
        if faults == "=":
            yield from (text.strip() for text in meant.split(";"))
        else:
            yield from (_sentence(FAULTS[fault].format(meant)) for fault in faults)


def _spread(part: str) -> list[str]:
    """The part once for each member of its ranges, the leftmost range slowest."""
    found = _RANGE.search(part)
    if found is None:
        return [part]
    first, last = found.groups()
    members = (
        [str(number) for number in range(int(first), int(last) + 1)]
        if first.isdecimal()
        else [chr(letter) for letter in range(ord(first), ord(last) + 1)]
    )
    return [meant for member in members for meant in _spread(part.replace(found[0], member))]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _after(code: str, *, hexadecimal: bool) -> str:
    return f"{int(code, 16) + 1:04X}" if hexadecimal else f"{int(code) + 1:04d}"
