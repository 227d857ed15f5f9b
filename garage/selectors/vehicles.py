"""The hot reads and writes of vehicles: one statement each, whose JSON PostgreSQL makes.

`VEHICLE_JSON` says in SQL what `VehicleSerializer` says in Python; a test holds them equal.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from core.files.services import CLAIM_SQL, public_address
from core.ids import uuid7
from core.postgresql.direct import Statement
from core.rls import as_system
from garage.models import ReadingSource, Vehicle

_NOWHERE = UUID(int=0)


def _instant(column: str) -> str:
    text = f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"replace({text}, '.000000Z', 'Z')"


def _number(column: str) -> str:
    return f"trim_scale({column})"


# `v` is a row of the table. %(photo)s is the address of a photo whose id is the nil UUID.
VEHICLE_JSON = f"""json_build_object(
 'id', v.id, 'user', v.owner_id, 'nickname', v.nickname, 'vin', v.vin, 'vin_notes', v.vin_notes,
 'make', v.make, 'model', v.model, 'trim', v.trim, 'year', v.year, 'license_plate', v.license_plate,
 'odometer_km', {_number("v.odometer_km")}, 'odometer', {_number("v.odometer_km")}, 'fuel_type', v.fuel_type,
 'dongle_id', v.dongle_id, 'dongle_connection_type', v.dongle_connection_type,
 'vehicle_model_id', v.vehicle_model_id,
 'ecu', json_build_object('family', v.ecu_family, 'hardware', v.ecu_hardware, 'software', v.ecu_software,
  'calibration_id', v.ecu_calibration_id),
 'engine', json_build_object('displacement_cc', {_number("v.engine_displacement_cc")},
  'cylinders', v.engine_cylinders, 'stroke', v.engine_stroke, 'aspiration', v.engine_aspiration,
  'redline_rpm', v.engine_redline_rpm, 'compression', {_number("v.engine_compression")},
  'injector_cc_min', {_number("v.engine_injector_cc_min")}),
 'mods', v.mods, 'notes', v.notes,
 'photo', replace(%(photo)s::text, '{_NOWHERE}', v.photo_file_id::text),
 'created_at', {_instant("v.created_at")}, 'updated_at', {_instant("v.updated_at")}, 'rev', v.rev)::text"""

_ONE = Statement(f"""
SELECT v.rev, {VEHICLE_JSON} FROM garage_vehicle v
 WHERE v.id = %(id)s::uuid AND v.owner_id = %(owner)s::uuid AND v.deleted_at IS NULL""")


class Shown(NamedTuple):
    """A vehicle as the API shows it: its revision and its JSON."""

    rev: int
    json: str


class Listed(NamedTuple):
    id: UUID
    created_at: Any
    json: str


def first_vehicles(owner_id: UUID, limit: int) -> list[Listed]:
    """The newest `limit` vehicles of a person."""
    rows = _page(int(limit)).rows({"owner": owner_id, "photo": _photo()})
    return [Listed(*row) for row in rows]


@lru_cache(maxsize=256)
def _page(limit: int) -> Statement:
    """The limit stands in the text and the owner in a SELECT: where PostgreSQL sees the values it finds a plan made
    for them a little better, and so plans the statement anew each time.
    """
    return Statement(f"""
SELECT v.id, v.created_at, {VEHICLE_JSON} FROM garage_vehicle v
 WHERE v.owner_id = (SELECT %(owner)s::uuid) AND v.deleted_at IS NULL
 ORDER BY v.created_at DESC, v.id DESC LIMIT {limit}""")


def shown(owner_id: UUID, vehicle_id: UUID) -> Shown | None:
    row = _ONE.row({"owner": owner_id, "id": vehicle_id, "photo": _photo()})
    return Shown(*row) if row else None


def linked_dongle(owner_id: UUID, vehicle_id: UUID) -> str | None:
    """The dongle of a person's live vehicle, "" for none; None when there is no such vehicle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dongle_id FROM garage_vehicle WHERE id = %s AND owner_id = %s AND deleted_at IS NULL",
            [vehicle_id, owner_id],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None


def dongle_is_elsewhere(dongle_id: str, vehicle_id: UUID) -> bool:
    """Is this dongle linked to another live vehicle, of anybody?"""
    with as_system("somebody else may have this dongle"):
        linked = Vehicle.objects.live().filter(dongle_id=dongle_id)
        return bool(linked.exclude(pk=vehicle_id).exists())


# -- The statements of services/vehicles.py


class Made(NamedTuple):
    """A new row, the model that the catalogue knows, and what `core.files.judge_claim` wants to know of the photo."""

    row: Shown
    vehicle_model_id: UUID | None
    photo: str | None


def insert_vehicle(columns: Mapping[str, Any]) -> Made | None:
    """One new row, and its first reading; None when the id is taken. Make, model and fuel may come from the catalogue."""
    row = _insert(tuple(sorted(columns))).row({**columns, **_extras(ReadingSource.OWNER)})
    return Made(Shown(*row[:2]), *row[2:]) if row else None


class Changed(NamedTuple):
    """What was there (`old_rev`), and what it became; `rev` None: a condition did not hold, nothing was written.

    photo: what `core.files.judge_claim` wants to know of a given one.
    """

    old_rev: int
    rev: int | None
    json: str | None
    vehicle_model_id: UUID | None
    photo: str | None


def update_vehicle(
    owner_id: UUID, vehicle_id: UUID, columns: Mapping[str, Any], *, rev: int | None, source: ReadingSource
) -> Changed | None:
    """Write `columns`; None when there is no such vehicle. A lower odometer needs the source CORRECTION.

    rev: the revision that the row must have, None for any.
    """
    values = dict(columns) | {
        "id": vehicle_id,
        "owner": owner_id,
        "demanded": rev,
        **_extras(source),
    }
    row = _update(tuple(sorted(columns))).row(values)
    return Changed(*row) if row else None


@lru_cache(maxsize=1)
def _types() -> dict[str, str]:
    """Column -> its type, without a length: a cast to varchar(80) would cut silently."""
    return {
        field.attname: str(field.db_type(connection)).split("(")[0] + ("[]" if field.name in _ARRAYS else "")
        for field in Vehicle._meta.concrete_fields
    }


_ARRAYS = frozenset({"mods", "vin_notes"})


@lru_cache(maxsize=1)
def _defaults() -> dict[str, str]:
    """Column -> SQL of what stands there when nobody says anything."""
    kept = {"deleted_at", "rev", "created_at", "updated_at"}
    columns = (field for field in Vehicle._meta.concrete_fields if field.attname not in kept)
    return {
        field.attname: "'{}'" if field.attname in _ARRAYS else "''" if field.empty_strings_allowed else "NULL"
        for field in columns
    }


def _value(column: str) -> str:
    """A bound value; a model must be one that the catalogue still has."""
    bound = f"%({column})s::{_types()[column]}"
    if column == "vehicle_model_id":
        return f"(SELECT m.id FROM garage_vehiclemodel m WHERE m.id = {bound} AND m.deleted_at IS NULL)"
    return bound


# What the catalogue says of the model of a new vehicle, for columns that were not given. A model that it doesn't
# know leaves them empty, and the caller refuses.
_BY_MODEL = {
    "make": "(SELECT b.name FROM garage_vehiclebrand b JOIN known ON known.brand_id = b.id)",
    "model": "(SELECT name FROM known)",
    "fuel_type": "(SELECT fuel_type FROM known)",
}


@lru_cache(maxsize=256)
def _insert(given: tuple[str, ...]) -> Statement:
    values = {name: _value(name) if name in given else default for name, default in _defaults().items()}
    known = ""
    if "vehicle_model_id" in given:
        known = """known AS (
 SELECT m.* FROM garage_vehiclemodel m WHERE m.id = %(vehicle_model_id)s::uuid AND m.deleted_at IS NULL), """
        absent = _BY_MODEL.keys() - set(given)
        values |= {name: f"coalesce({_BY_MODEL[name]}, {_defaults()[name]})" for name in absent}
    claimed, told = _claim(given)
    return Statement(f"""
WITH {known}{claimed}v AS (
 INSERT INTO garage_vehicle ({", ".join(values)}) VALUES ({", ".join(values.values())})
 ON CONFLICT (id) DO NOTHING RETURNING *
), reading AS (
 INSERT INTO garage_odometerentry (id, owner_id, vehicle_id, reading_km, read_at, source, note)
 SELECT %(reading_id)s::uuid, v.owner_id, v.id, v.odometer_km, clock_timestamp(), %(source)s::varchar, ''
   FROM v WHERE v.odometer_km IS NOT NULL
)
SELECT v.rev, {VEHICLE_JSON}, v.vehicle_model_id, {told} FROM v""")


def _claim(given: tuple[str, ...], owner: str = "owner_id") -> tuple[str, str]:
    """The part that claims the photo, if there is one, and what it says."""
    if "photo_file_id" not in given:
        return "", "NULL::text"
    part = CLAIM_SQL.format(file="%(photo_file_id)s::uuid", owner=f"%({owner})s::uuid")
    return f"claimed AS ({part}), ", "(SELECT told FROM claimed)"


@lru_cache(maxsize=256)
def _update(columns: tuple[str, ...]) -> Statement:
    changes = ", ".join(f"{name} = {_value(name)}" for name in columns)
    rises, reading = "", ""
    if "odometer_km" in columns:
        rises = f"""AND (old.odometer_km IS NULL OR {_value("odometer_km")} >= old.odometer_km
                     OR %(source)s::varchar = '{ReadingSource.CORRECTION.value}')"""
        reading = """, reading AS (
 INSERT INTO garage_odometerentry (id, owner_id, vehicle_id, reading_km, read_at, source, note)
 SELECT %(reading_id)s::uuid, v.owner_id, v.id, v.odometer_km, clock_timestamp(), %(source)s::varchar, ''
   FROM v JOIN old USING (id) WHERE v.odometer_km <> COALESCE(old.odometer_km, -1))"""
    claimed, told = _claim(columns, "owner")
    return Statement(f"""
WITH {claimed}old AS (
 SELECT o.id, o.rev, o.odometer_km FROM garage_vehicle o
  WHERE o.id = %(id)s::uuid AND o.owner_id = %(owner)s::uuid AND o.deleted_at IS NULL FOR UPDATE
), v AS (
 UPDATE garage_vehicle t SET {changes or "id = t.id"} FROM old
  WHERE t.id = old.id AND old.rev = COALESCE(%(demanded)s::bigint, old.rev) {rises}
 RETURNING t.*
){reading}
SELECT old.rev, v.rev, CASE WHEN v.id IS NOT NULL THEN {VEHICLE_JSON} END, v.vehicle_model_id, {told}
  FROM old LEFT JOIN v ON true""")


def _extras(source: ReadingSource) -> dict[str, Any]:
    return {"photo": _photo(), "source": source.value, "reading_id": uuid7()}


def _photo() -> str:
    return public_address(_NOWHERE)
