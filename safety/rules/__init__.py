"""The rule catalogue: importing this package registers every rule."""

from safety.rules import (
    axes,
    combustion,
    compare_fuel,
    compare_ignition,
    compare_tables,
    devices,
    file_ecu,
    file_identity,
    file_image,
    legal,
    limits,
    logs,
    orientation,
    setup,
    shapes,
    tables,
    vehicle_match,
)
from safety.rules.base import RULES, Context, Rule
from safety.rules.logs import LogEvidence

__all__ = [
    "RULES",
    "Context",
    "LogEvidence",
    "Rule",
    "axes",
    "combustion",
    "compare_fuel",
    "compare_ignition",
    "compare_tables",
    "devices",
    "file_ecu",
    "file_identity",
    "file_image",
    "legal",
    "limits",
    "logs",
    "orientation",
    "setup",
    "shapes",
    "tables",
    "vehicle_match",
]
