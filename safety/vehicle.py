"""What the owner says about the vehicle. Everything is optional: a rule that lacks its fact says so."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Stoichiometric air-fuel ratio by mass; S2 of the rule catalogue, E10 from practice.
STOICH: Final[Mapping[str, float]] = {
    "petrol": 14.7,
    "e10": 14.1,
    "e85": 9.8,
    "ethanol": 9.0,
    "methanol": 6.4,
    "lpg": 15.7,
    "cng": 17.2,
}

_FUEL_NAMES: Final[Mapping[str, str]] = {
    "gasoline": "petrol",
    "gas": "petrol",
    "super": "petrol",
    "e5": "petrol",
    "e100": "ethanol",
    "propane": "lpg",
    "autogas": "lpg",
}

_BOOSTED: Final = frozenset(
    {"turbo", "turbocharged", "twin_turbo", "supercharged", "supercharger", "boosted"}
)


@dataclass(frozen=True)
class VehicleProfile:
    """Facts from the garage, as the rules need them. Volumes in cc, speeds in rpm, flow in cc/min."""

    kind: str = "car"  # motorcycle | scooter | car | ...
    cylinders: int | None = None
    displacement_cc: float | None = None
    stroke: int | None = None  # 2 | 4
    aspiration: str | None = None  # na | turbo | supercharged
    fuel: str | None = None
    redline_rpm: float | None = None
    compression: float | None = None
    injector_cc_min: float | None = None
    ecu_family: str | None = None
    ecu_hardware: str | None = None
    ecu_software: str | None = None
    calibration_id: str | None = None
    vin: str | None = None
    hardware: tuple[str, ...] | None = (
        None  # known extras: nitrous, water_injection, antilag; None: not asked
    )
    name: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VehicleProfile:
        """Unknown keys are ignored, so that a newer garage can talk to an older engine."""
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        if values.get("hardware") is not None:
            values["hardware"] = tuple(str(item) for item in values["hardware"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        values["hardware"] = None if self.hardware is None else list(self.hardware)
        return values

    @property
    def digest(self) -> str:
        """sha256 of the facts: part of the key under which a report is kept."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def boosted(self) -> bool | None:
        if not self.aspiration:
            return None
        return self.aspiration.strip().lower() in _BOOSTED

    @property
    def fuel_class(self) -> str | None:
        """The key into STOICH; None for unknown fuels and those without one (diesel, electric)."""
        if not self.fuel:
            return None
        word = self.fuel.strip().lower()
        word = _FUEL_NAMES.get(word, word)
        return word if word in STOICH else None

    @property
    def two_wheeled(self) -> bool:
        return self.kind in {"motorcycle", "scooter", "moped"}
