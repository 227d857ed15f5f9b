"""The shape of a VIN: its alphabet, its length and its check digit (ISO 3779, 49 CFR 565)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from garage.vin.countries import country_of

LENGTH: Final = 17
ALPHABET: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

# What people put between the groups of a VIN when they copy it from a plate or a registration paper.
_SEPARATORS: Final = re.compile(r"[\s\-‐-―−_./*·]+")

# 49 CFR 565.15(c), tables III and IV: the value of each character and the weight of each position.
_VALUES: Final[dict[str, int]] = {
    **{digit: int(digit) for digit in "0123456789"},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

# Canada, Mexico and the United States; with the American codes 7F to 70, which start with no digit of 1 to 5.
_NORTH_AMERICA: Final = frozenset({"US", "CA", "MX"})


class VinError(ValueError):
    """A VIN that cannot exist. `code` is stable and for programs, the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def normalise_vin(text: str) -> str:
    """Upper case, full-width forms made plain, separators dropped. Nothing is guessed: an O stays an O."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digit(vin: str) -> str:
    """The digit (or X for ten) that position 9 of these 17 characters ought to hold."""
    remainder = sum(_VALUES[char] * weight for char, weight in zip(vin, _WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)


def needs_check_digit(vin: str) -> bool:
    """North American VINs carry a check digit by law.

    Cars built there for Europe by makers of the Volkswagen group fill positions 4 to 6 and 9 with Z and have none.
    """
    north_american = vin[0] in "12345" or country_of(vin[:3]) in _NORTH_AMERICA
    return north_american and not (vin[3:6] == "ZZZ" and vin[8] == "Z")


def uses_check_digit(vin: str) -> bool:
    """North America, and China (GB 16735), where a wrong one is worth a note."""
    return needs_check_digit(vin) or country_of(vin[:3]) == "CN"


def validate_vin(vin: str) -> None:
    """Refuse what cannot be a VIN. Expects the output of `normalise_vin`.

    Raises VinError: `vin_characters`, `vin_length`, `vin_repeated`, `vin_check_digit` (North America only).
    """
    strange = sorted(set(vin) - set(ALPHABET))
    if strange:
        raise VinError("vin_characters", _strange_characters(strange))
    if len(vin) != LENGTH:
        raise VinError("vin_length", f"A VIN has 17 characters, this has {len(vin)}.")
    if len(set(vin)) == 1:
        raise VinError("vin_repeated", "A VIN is not one character repeated.")
    if needs_check_digit(vin) and vin[8] != check_digit(vin):
        raise VinError(
            "vin_check_digit",
            "The check digit (position 9) does not fit the rest of this North American VIN; look for a typing mistake.",
        )


def _strange_characters(strange: list[str]) -> str:
    confused = [char for char in strange if char in "IOQ"]
    if confused:
        return f"A VIN never contains {' or '.join(confused)}; I is usually a 1, O and Q a 0."
    shown = ", ".join(repr(char) for char in strange[:5])
    return f"A VIN has only letters and digits, not {shown}."
