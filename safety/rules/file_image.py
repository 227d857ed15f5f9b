"""Group A for binary images: sums, size and numbers of the vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safety.rules.base import Note, make, rule
from safety.rules.file_identity import defects_of

if TYPE_CHECKING:
    from safety.findings import Finding
    from safety.rules.base import Context


@rule(
    "CHECKSUM_RECORD",
    "A",
    "A line of the image file is damaged",
    "A line of the hex or S-record file does not match its own checksum.",
    severity="critical",
    needs=("image",),
    source="format",
    applies=lambda context: context.tune.image is not None,
)
def checksum_record(context: Context) -> list[Finding]:
    return defects_of(context, "CHECKSUM_RECORD")


@rule(
    "CHECKSUM_IMAGE",
    "A",
    "The image's checksum is wrong",
    "The ECU checks this sum; with a wrong one it may refuse to start. Do not flash before it is corrected.",
    severity="critical",
    needs=("image", "checksum"),
    source="I1",
    applies=lambda context: context.tune.image is not None,
)
def checksum_image(context: Context) -> list[Finding]:
    image = context.tune.image
    if image is None or image.checksum_ok is not False:
        return []
    return [
        make(
            "CHECKSUM_IMAGE",
            Note(
                severity="critical",
                explanation=f"{image.checksum_text} Do not flash before it is corrected.",
                scalar="checksum",
                source_name="checksum",
                limit_source="file",
                suggestion="Let the tuning software correct the checksum, then check again.",
            ),
        )
    ]


@rule(
    "IMAGE_SIZE",
    "A",
    "The image has the wrong size",
    "An image that is too short or too long does not belong to this ECU, or was cut off.",
    severity="critical",
    needs=("image",),
    source="I1",
    applies=lambda context: context.tune.image is not None,
)
def image_size(context: Context) -> list[Finding]:
    image = context.tune.image
    if image is None:
        return []
    expected, layer = image.expected_size, "file"
    if context.base is not None and context.base.image is not None:
        expected, layer = context.base.image.size, "backup"
    if expected is None or expected == image.size:
        return []
    return [
        make(
            "IMAGE_SIZE",
            Note(
                severity="critical",
                explanation=f"The image has {image.size} bytes; {expected} are right.",
                scalar="image_size",
                value=float(image.size),
                limit=float(expected),
                limit_source=layer,
                suggestion="Get the whole image for exactly this ECU.",
            ),
        )
    ]


@rule(
    "PART_NUMBER_VIN",
    "A",
    "The image carries another vehicle's number",
    "The image holds a vehicle number that is not this vehicle's: it comes from another vehicle.",
    severity="high",
    needs=("image", "vehicle:vin"),
    applies=lambda context: context.tune.image is not None and bool(context.tune.image.vins),
)
def part_number_vin(context: Context) -> list[Finding]:
    image, vin = context.tune.image, (context.vehicle.vin or "").upper()
    if image is None or not vin or vin in image.vins or not image.vins:
        return []
    if context.base is not None and context.base.image is not None and context.base.image.vins == image.vins:
        return []
    return [
        make(
            "PART_NUMBER_VIN",
            Note(
                severity="high",
                explanation="The image holds a vehicle identification number that is not this vehicle's.",
                scalar="vin",
                limit_source="vehicle",
                suggestion="Ask for a file that was read from this vehicle.",
            ),
        )
    ]


@rule(
    "IMAGE_UNKNOWN_CHANGES",
    "A",
    "Bytes outside of the known tables changed",
    "Compared with the backup the image differs where the definition knows no table: nobody can say what that does.",
    severity="high",
    needs=("image", "baseline"),
    source="practice",
    applies=lambda context: context.tune.image is not None,
)
def image_unknown_changes(context: Context) -> list[Finding]:
    tune, base = context.tune.image, context.base.image if context.base else None
    if tune is None or base is None or len(tune.outside) != len(base.outside):
        return []
    changed = sum(ours != theirs for ours, theirs in zip(tune.outside, base.outside, strict=True))
    if changed == 0:
        return []
    share = changed / len(tune.outside)
    few = (
        changed <= 2 and tune.checksum_ok is None
    )  # may well be a checksum that the definition does not know
    return [
        make(
            "IMAGE_UNKNOWN_CHANGES",
            Note(
                severity="low" if few else "high" if share > 0.05 else "medium",
                explanation=f"{changed} of {len(tune.outside)} blocks of the image differ from the backup outside of all"
                " tables of the definition.",
                scalar="image",
                value=float(changed),
                limit=0.0,
                limit_source="backup",
                confidence="medium",
                suggestion="Ask the tuner what was changed besides the tables.",
            ),
        )
    ]
