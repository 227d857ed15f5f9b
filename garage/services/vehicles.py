"""Deeds on a vehicle. Each writes one statement; what it must know first is read only where it must."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import audit, clock
from core.errors import Invalid, NotFound, PreconditionFailed
from core.files.services import claim
from core.ids import uuid7
from core.models import FilePurpose
from garage.errors import IdTaken, OdometerFell
from garage.models import ReadingSource, Vehicle, VehicleModel
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
    _claim_photo(owner_id, columns)
    columns["vin_notes"] = notes_on(columns.get("vin") or "", columns.get("year"))
    made = insert_vehicle(columns)
    if made is None:
        before = shown(owner_id, columns["id"])
        if before is None:
            raise IdTaken
        return before
    _demand_known_model(columns, made[1])
    return made[0]


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
    _claim_photo(owner_id, columns)
    if columns.keys() & {"vin", "year"}:
        columns["vin_notes"] = notes_on(*_vin_and_year(owner_id, vehicle_id, columns))
    for name in ("make", "model"):
        if columns.get(name) == "":
            raise Invalid(fields={name: ["This field may not be blank."]})
    source = ReadingSource.CORRECTION if corrects else ReadingSource.OWNER
    changed = update_vehicle(owner_id, vehicle_id, columns, rev=rev, source=source)
    if changed is None:
        raise NotFound
    if changed.rev is None or changed.json is None:
        raise PreconditionFailed if rev is not None and changed.old_rev != rev else OdometerFell
    _demand_known_model(columns, changed.vehicle_model_id)
    return Shown(changed.rev, changed.json)


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
    """Make, model and fuel by the catalogue, where only its id was given. Raises Invalid."""
    missing = [name for name in ("make", "model") if not columns.get(name)]
    if missing and (model_id := columns.get("vehicle_model_id")):
        known = VehicleModel.objects.live().select_related("brand").filter(pk=model_id).first()
        if known is None:
            raise Invalid(fields=_NO_MODEL)
        columns["make"] = columns.get("make") or known.brand.name
        columns["model"] = columns.get("model") or known.name
        columns.setdefault("fuel_type", known.fuel_type)
        return
    if missing:
        raise Invalid(fields={name: [_MISSING] for name in missing})


def _pair_dongle(columns: dict[str, Any]) -> None:
    """Without a dongle there is no way to connect to it."""
    if "dongle_id" in columns and not columns["dongle_id"]:
        columns["dongle_connection_type"] = ""


def _claim_photo(owner_id: UUID, columns: Mapping[str, Any]) -> None:
    if file_id := columns.get("photo_file_id"):
        try:
            claim(owner_id, file_id, purpose=FilePurpose.PHOTO)
        except Invalid as problem:
            raise Invalid(fields={"photo": problem.fields["file_id"]}) from None


def _demand_known_model(columns: Mapping[str, Any], written: UUID | None) -> None:
    """The statement looks the model up itself; a stranger to the catalogue has become null. Raises Invalid."""
    if columns.get("vehicle_model_id") and written is None:
        raise Invalid(fields=_NO_MODEL)


def _vin_and_year(owner_id: UUID, vehicle_id: UUID, columns: Mapping[str, Any]) -> tuple[str, int | None]:
    """What will stand together after the change; the half that does not change is read."""
    if columns.keys() >= {"vin", "year"}:
        return columns["vin"], columns["year"]
    rows = Vehicle.objects.live().filter(pk=vehicle_id, owner_id=owner_id)
    row = rows.select_for_update().values("vin", "year").first()
    if row is None:
        raise NotFound
    return columns.get("vin", row["vin"]), columns.get("year", row["year"])
