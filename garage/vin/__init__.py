"""Vehicle identification numbers: checked and read offline, without Django and without a network."""

from garage.vin.decode import VinFacts, decode_vin, year_agrees, year_note
from garage.vin.structure import VinError, check_digit, normalise_vin, validate_vin

__all__ = [
    "VinError",
    "VinFacts",
    "check_digit",
    "decode_vin",
    "normalise_vin",
    "validate_vin",
    "year_agrees",
    "year_note",
]
