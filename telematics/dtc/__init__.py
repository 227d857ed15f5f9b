"""Diagnostic trouble codes: what they mean, how bad they are, how they travel. Pure, without Django."""

from telematics.dtc.meaning import Meaning, clean, describe, generic_table
from telematics.dtc.wire import Lamp, bytes_of, code_of, read_codes, read_lamp

__all__ = [
    "Lamp", "Meaning", "bytes_of", "clean", "code_of", "describe", "generic_table", "read_codes", "read_lamp",
]  # fmt: skip
