"""Which verified tune may stand in for a missing backup: one of the same engine, the nearest of them.

A stand-in is another vehicle's file. What it shows is a hint, so findings that come from comparing with
it are softened: never critical, and mild where engines of one kind differ anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from safety.findings import Finding, milder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safety.vehicle import VehicleProfile

_MOST_SIZE_GAP: Final = 0.08
# Settings in which two healthy vehicles of one engine differ: sensors, injectors, wiring, taste.
_PERSONAL: Final = frozenset(
    {
        "DIFF_INJ",
        "DIFF_VE",
        "DIFF_SPIKE",
        "DIFF_SETUP",
        "TRIGGER",
        "PROTECT_OFF",
        "DIFF_REV",
        "BOOST_CUT",
        "BOOST_TARGET",
    }
)
_NOT_COMPARED: Final = frozenset({"ECU_ID_MISMATCH", "IMAGE_UNKNOWN_CHANGES"})


@dataclass(frozen=True)
class Candidate:
    """A verified tune that could stand in: its vehicle, ECU family and firmware signature."""

    key: str
    vehicle: VehicleProfile
    family: str
    signature: str = ""


def nearest(
    vehicle: VehicleProfile, family: str, signature: str, candidates: Sequence[Candidate]
) -> Candidate | None:
    """The candidate whose engine is nearest; None when none is of the same engine.

    Same means: ECU family, cylinders, aspiration and fuel equal, displacement within 8 %. Among these
    the same firmware, the same name, then the nearest displacement and redline win.
    """
    able = [
        candidate
        for candidate in candidates
        if candidate.family == family and _same(vehicle, candidate.vehicle)
    ]
    return min(
        able, key=lambda candidate: (*_distance(vehicle, signature, candidate), candidate.key), default=None
    )


def _same(ours: VehicleProfile, theirs: VehicleProfile) -> bool:
    if not ours.displacement_cc or not theirs.displacement_cc or not ours.cylinders:
        return False
    return (
        ours.cylinders == theirs.cylinders
        and ours.boosted is not None
        and ours.boosted == theirs.boosted
        and ours.fuel_class is not None
        and ours.fuel_class == theirs.fuel_class
        and abs(theirs.displacement_cc / ours.displacement_cc - 1.0) <= _MOST_SIZE_GAP
    )


def _distance(vehicle: VehicleProfile, signature: str, candidate: Candidate) -> tuple[bool, bool, float]:
    theirs = candidate.vehicle
    size = abs((theirs.displacement_cc or 0.0) - (vehicle.displacement_cc or 0.0)) / (
        vehicle.displacement_cc or 1.0
    )
    speed = abs((theirs.redline_rpm or 0.0) - (vehicle.redline_rpm or 0.0)) / (vehicle.redline_rpm or 1.0)
    return candidate.signature != signature, theirs.name != vehicle.name, size + speed


def soften(findings: Sequence[Finding], compared: frozenset[str]) -> list[Finding]:
    """The findings against a stand-in. `compared` are the codes of rules that need a baseline."""
    result = []
    for finding in findings:
        if finding.code in compared or finding.limit_source == "backup":
            if finding.code in _NOT_COMPARED and finding.limit_source == "backup":
                continue
            most = "medium" if finding.code in _PERSONAL else "high"
            result.append(replace(finding, severity=milder(finding.severity, most), confidence="low"))
        else:
            result.append(finding)
    return result
