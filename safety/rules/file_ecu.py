"""Group A: is the file for this ECU? Signature, family and calibration id against vehicle and backup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from safety.findings import SEVERITIES
from safety.rules.base import RULES, Note, make, rule

if TYPE_CHECKING:
    from safety.calibration import CalibrationMap
    from safety.findings import Finding
    from safety.rules.base import Context

# Words in signatures and firmware names that point to a family. Order: the more special first.
_FAMILY_WORDS: Final = (
    ("tuareg", re.compile(r"tuareg", re.IGNORECASE)),
    ("speeduino", re.compile(r"speeduino", re.IGNORECASE)),
    ("rusefi", re.compile(r"rusefi|\bfome\b|epicefi|epicecu", re.IGNORECASE)),
    (
        "megasquirt",
        re.compile(
            r"\bms[123](?![0-9])|ms[23]extra|ms2/extra|msii|ms3 format|megasquirt|microsquirt|msns",
            re.IGNORECASE,
        ),
    ),
    ("ioextender", re.compile(r"ioextender", re.IGNORECASE)),
    (
        "other",
        re.compile(
            r"haltech|motec|maxxecu|ecumaster|link ecu|vipec|aem\b|freeems|libreems|vems", re.IGNORECASE
        ),
    ),
)
_KNOWN_LIES: Final = {("tuareg", "rusefi")}  # its published tunes carry the other project's signature
_OLD_SPEEDUINO: Final = "20"  # the whole signature of the 2013-2015 firmware
_RELATIVES: Final = {"fome": "rusefi", "epicefi": "rusefi", "epicecu": "rusefi", "dropbear": "speeduino"}


def family_in(text: str) -> str | None:
    """The family that a signature or firmware name points to."""
    return next((family for family, pattern in _FAMILY_WORDS if pattern.search(text)), None)


def _stated_family(tune: CalibrationMap) -> str | None:
    if tune.signature.strip() == _OLD_SPEEDUINO:
        return "speeduino"
    return family_in(tune.signature)


def _normal(family: str) -> str:
    word = family.strip().lower()
    return _RELATIVES.get(word, family_in(word) or word)


@rule(
    "ECU_ID_MISMATCH",
    "A",
    "The file is for another ECU",
    "The file names another ECU or calibration than the vehicle or its backup. ECUs were bricked that way.",
    severity="critical",
    source="I2, I3",
)
def ecu_id(context: Context) -> list[Finding]:
    tune, base, vehicle = context.tune, context.base, context.vehicle
    found: list[tuple[str, str, str, str]] = []
    if vehicle.ecu_family and tune.image is None and _normal(vehicle.ecu_family) != tune.family:
        found.append(("critical", f"The tune is for {tune.family}", vehicle.ecu_family, "vehicle"))
    stated = _stated_family(tune)
    if base is not None:
        found += _against_backup(tune, base, stated)
    if vehicle.calibration_id and (tune.calibration_id or tune.image is not None):
        found += _against_vehicle(tune, vehicle.calibration_id)
    found += _against_definition(tune)
    found.sort(key=lambda entry: -SEVERITIES.index(entry[0]))
    return [
        make(
            "ECU_ID_MISMATCH",
            Note(
                severity=severity,
                explanation=f"{text}; expected: {wanted}.",
                title=RULES["ECU_ID_MISMATCH"].title
                if severity == "critical"
                else "Another firmware version",
                scalar="ecu_id",
                source_name="signature",
                value=tune.calibration_id,
                limit=wanted,
                limit_source=layer,
                suggestion="Only flash a file that was made for exactly this ECU and firmware.",
            ),
        )
        for severity, text, wanted, layer in found[:1]
    ]


def _against_backup(
    tune: CalibrationMap, base: CalibrationMap, stated: str | None
) -> list[tuple[str, str, str, str]]:
    if tune.family != base.family:
        return [("critical", f"The tune is for {tune.family}", base.family, "backup")]
    if tune.image is not None:
        ours, theirs = set(tune.image.identifiers), set(base.image.identifiers) if base.image else set()
        if theirs and ours != theirs:
            shown = ", ".join(sorted(ours)) or "no calibration id"
            return [("critical", f"The image says {shown}", ", ".join(sorted(theirs)), "backup")]
        return []
    if tune.signature == base.signature:
        return []
    if stated == _stated_family(base) and stated is not None:
        return [("medium", f"The signature is {tune.signature!r}", base.signature, "backup")]
    return [("critical", f"The signature is {tune.signature!r}", base.signature, "backup")]


def _against_definition(tune: CalibrationMap) -> list[tuple[str, str, str, str]]:
    """An image must carry the id that its definition was written for, or every address is wrong."""
    image = tune.image
    if image is None:
        return []
    if image.expected_identifier and image.expected_identifier not in image.identifiers:
        shown = ", ".join(image.identifiers) or "no calibration id"
        return [("critical", f"The image says {shown}", f"{image.expected_identifier} (definition)", "file")]
    if image.title_words and not image.identifiers:
        word = image.title_words[0]
        likely = len(word) >= 8 and sum(char.isdigit() for char in word) >= 4
        text = "The image does not carry the id in the definition's title"
        return [("high" if likely else "low", text, word, "file")]
    return []


def _against_vehicle(tune: CalibrationMap, wanted: str) -> list[tuple[str, str, str, str]]:
    if tune.image is not None:
        known = {entry.upper() for entry in (*tune.image.identifiers, *tune.image.strings)}
        if any(wanted.strip().upper() in entry for entry in known):
            return []
        return [("critical", "The image does not carry the vehicle's calibration id", wanted, "vehicle")]
    if tune.signature.strip().lower() == wanted.strip().lower():
        return []
    if family_in(wanted) == _stated_family(tune) is not None:
        return [("medium", f"The signature is {tune.signature!r}", wanted, "vehicle")]
    return [("critical", f"The signature is {tune.signature!r}", wanted, "vehicle")]


@rule(
    "SIGNATURE_DISAGREES",
    "A",
    "Signature and content disagree",
    "The file says it is for one ECU, but its settings are those of another.",
    severity="high",
    source="own corpus",
    applies=lambda context: context.tune.image is None,
)
def signature_disagrees(context: Context) -> list[Finding]:
    tune = context.tune
    stated = _stated_family(tune)
    if stated == tune.family or not tune.signature.strip():
        return []
    same_as_backup = context.base is not None and context.base.signature == tune.signature
    if stated is None:
        severity, confidence = "medium", "low"
    elif (tune.family, stated) in _KNOWN_LIES and family_in(tune.firmware) == tune.family:
        severity, confidence = "low", "high"
    else:
        severity, confidence = "high", "high"
    if same_as_backup:
        severity = "low"
    return [
        make(
            "SIGNATURE_DISAGREES",
            Note(
                severity=severity,
                explanation=f"The signature is {tune.signature!r}, the settings are those of {tune.family}.",
                scalar="ecu_id",
                source_name="signature",
                value=tune.signature,
                limit=tune.family,
                limit_source="file",
                confidence=confidence,
                suggestion="Ask the tuner which ECU and firmware the file was made for.",
            ),
        )
    ]
