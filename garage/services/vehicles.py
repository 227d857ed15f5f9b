"""Deeds on a vehicle. Each writes one statement; what it must know first is read only where it must."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from core import audit, clock
from core.errors import Invalid, NotFound, PreconditionFailed
from core.files.services import judge_claim
from core.ids import uuid7
from core.models import FilePurpose
from garage.errors import IdTaken, OdometerFell
from garage.models import ReadingSource
from garage.selectors.vehicles import Shown, insert_vehicle, shown, update_vehicle
from garage.vin import decode_vin, year_note

_MISSING = "This field is required, unless vehicle_model_id names a model of the catalogue."
_NO_MODEL = {"vehicle_model_id": ["There is no such model in the catalogue."]}


def create_vehicle(owner_id: UUID, given: Mapping[str, Any]) -> Shown:
    """A new vehicle, or the one that a create with this id has made before. Raises Invalid, VinTaken, DongleTaken."""
    columns = dict(given) | {"owner_id": owner_id}
    columns.setdefault("id", uuid7())
    columns.pop("odometer_correction", None)
    _name_it(columns)
    _pair_dongle(columns)
    columns["vin_notes"] = notes_on(columns.get("vin") or "", columns.get("year"))
    made = insert_vehicle(columns)
    if made is None:
        before = shown(owner_id, columns["id"])
        if before is None:
            raise IdTaken
        return before
    _judge(columns, made.vehicle_model_id, made.photo)
    return made.row


def edit_vehicle(
    owner_id: UUID, vehicle_id: UUID, given: Mapping[str, Any], *, rev: int | None = None
) -> Shown:
    """Write the given columns. `rev`: the revision that the caller has read, None for any.

    Raises NotFound, PreconditionFailed, OdometerFell, Invalid, VinTaken, DongleTaken.
    """
    columns = dict(given)
    columns.pop("id", None)
    corrects = columns.pop("odometer_correction", False)
    _pair_dongle(columns)
    if "vin" in columns:
        columns["vin_notes"] = notes_on(columns["vin"], columns.get("year"))
    for name in ("make", "model"):
        if columns.get(name) == "":
            raise Invalid(fields={name: ["This field may not be blank."]})
    source = ReadingSource.CORRECTION if corrects else ReadingSource.OWNER
    changed = update_vehicle(owner_id, vehicle_id, columns, rev=rev, source=source)
    if changed is None:
        raise NotFound
    if changed.rev is None or changed.json is None:
        raise PreconditionFailed if rev is not None and changed.old_rev != rev else OdometerFell
    _judge(columns, changed.vehicle_model_id, changed.photo)
    row = Shown(changed.rev, changed.json)
    return _renoted(owner_id, row) if columns.keys() & {"vin", "year"} else row


def notes_on(vin: str, year: int | None) -> list[str]:
    """Sentences about the VIN that the owner should read; none for no VIN."""
    if not vin:
        return []
    facts = decode_vin(vin, today=clock.now().date())
    disagrees = year_note(facts, year) if year is not None else None
    return [note for note in (disagrees, *facts.notes) if note]


def link_dongle(owner_id: UUID, vehicle_id: UUID, *, dongle_id: str, connection_type: str) -> Shown:
    """Raises NotFound, DongleTaken (409) while another live vehicle, of anybody, has it."""
    columns = {"dongle_id": dongle_id, "dongle_connection_type": connection_type}
    answer = edit_vehicle(owner_id, vehicle_id, columns)
    audit.record("dongle.link", actor=owner_id, target=vehicle_id, dongle_id=dongle_id)
    return answer


def unlink_dongle(owner_id: UUID, vehicle_id: UUID) -> Shown:
    """Nothing happens when none is linked."""
    answer = edit_vehicle(owner_id, vehicle_id, {"dongle_id": "", "dongle_connection_type": ""})
    audit.record("dongle.unlink", actor=owner_id, target=vehicle_id)
    return answer


# -- Inside


def _name_it(columns: dict[str, Any]) -> None:
    """Make and model are left to the catalogue where its id is given, else demanded. Raises Invalid."""
    missing = [name for name in ("make", "model") if not columns.get(name)]
    if missing and not columns.get("vehicle_model_id"):
        raise Invalid(fields={name: [_MISSING] for name in missing})
    for name in missing:
        columns.pop(name, None)


def _pair_dongle(columns: dict[str, Any]) -> None:
    """Without a dongle there is no way to connect to it."""
    if "dongle_id" in columns and not columns["dongle_id"]:
        columns["dongle_connection_type"] = ""


def _judge(columns: Mapping[str, Any], model_id: UUID | None, photo: str | None) -> None:
    """What the statement found on its way: a model of the catalogue, a photo of the owner's. Raises Invalid."""
    if columns.get("vehicle_model_id") and model_id is None:
        raise Invalid(fields=_NO_MODEL)
    if columns.get("photo_file_id"):
        try:
            judge_claim(photo, purpose=FilePurpose.PHOTO)
        except Invalid as problem:
            raise Invalid(fields={"photo": problem.fields["file_id"]}) from None


def _renoted(owner_id: UUID, row: Shown) -> Shown:
    """VIN and year speak together: where one of them was left as it was, the notes may have to follow."""
    record = orjson.loads(row.json)
    notes = notes_on(record["vin"], record["year"])
    if notes == record["vin_notes"]:
        return row
    changed = update_vehicle(
        owner_id, UUID(record["id"]), {"vin_notes": notes}, rev=None, source=ReadingSource.OWNER
    )
    assert changed is not None and changed.rev is not None and changed.json is not None  # noqa: S101, PT018 -- locked
    return Shown(changed.rev, changed.json)
