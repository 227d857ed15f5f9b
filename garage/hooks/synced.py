"""The garage's collections of sync: flat rows under the rules of REST, and what a write sets in motion.

The codes are those of the migration and never change.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from garage.models import (
    Document,
    EcuBackup,
    FlashJob,
    FuelUp,
    Mod,
    OdometerEntry,
    Reminder,
    ServiceRecord,
    Vehicle,
    VehicleBrand,
    VehicleModel,
    VehicleType,
)
from garage.serializers.log import (
    DocumentSerializer,
    FuelUpSerializer,
    ModSerializer,
    ReminderSerializer,
    ServiceSerializer,
)
from garage.serializers.vehicle import FlatVehicleSerializer
from garage.services.deletion import delete_vehicle
from garage.services.log import SOURCES, claim_paper, read_odometer
from garage.services.vehicles import create_vehicle, edit_vehicle
from sync.ports import Change, Deed, Field, ModelCollection, collections

COST: Final = ("odometer_km", "amount_minor", "currency", "notes")
KEPT: Final = ("rev", "created_at", "updated_at")


class Vehicles(ModelCollection):
    """A pushed vehicle goes the way of one by REST: VIN notes, odometer, dongle, photo."""

    def lock(self, user: Any, ids: Sequence[UUID]) -> dict[UUID, Any]:
        rows = super().lock(user, ids)
        for row in rows.values():
            row.odometer_correction = False  # a wish of a push, no column: asking for it is a change
        return rows

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.deed is Deed.CREATE:
                create_vehicle(user.pk, change.values | {"id": change.id})
            elif change.deed is Deed.UPDATE:
                edit_vehicle(user.pk, change.id, change.values)
            elif change.row is not None and change.row.deleted_at is None:
                delete_vehicle(change.row)


class LogRows(ModelCollection):
    """Rows about a vehicle; their readings raise its odometer."""

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        super().write(user, changes)
        source = SOURCES.get(self.model)
        if source is None:
            return
        for vehicle_id, reading in self._readings(changes).items():
            read_odometer(user.pk, vehicle_id, reading, source)

    def _readings(self, changes: Sequence[Change]) -> dict[UUID, Any]:
        """The highest reading of each vehicle."""
        highest: dict[UUID, Any] = {}
        for change in changes:
            reading = change.values.get("odometer_km")
            if reading is None or change.deed is Deed.DELETE:
                continue
            vehicle = change.values.get("vehicle")
            key = vehicle.pk if vehicle is not None else change.row.vehicle_id
            highest[key] = max(reading, highest.get(key, reading))
        return highest


class Papers(LogRows):
    """A document's file is the pusher's own."""

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        for change in changes:
            claim_paper(user.pk, change.values.get("file_id"))
        super().write(user, changes)


collections.register(
    "vehicle_types",
    ModelCollection(code=30, model=VehicleType, read_only=("code", "name", *KEPT), public=True),
)
collections.register(
    "vehicle_brands",
    ModelCollection(
        code=31, model=VehicleBrand, read_only=("code", "name", "country", "wmi", *KEPT), public=True
    ),
)
collections.register(
    "vehicle_models",
    ModelCollection(
        code=32,
        model=VehicleModel,
        read_only=(
            "code", "name", "generation", "brand_id", "vehicle_type_id", "year_from", "year_to", "fuel_type",
            "engine_displacement_cc", "engine_cylinders", "engine_stroke", "engine_aspiration",
            "engine_cooling", "engine_compression", "engine_redline_rpm", "engine_power_kw",
            "engine_torque_nm", "ecu_maker", "ecu_family", *KEPT,
        ),
        public=True,
        parents=("vehicle_brands", "vehicle_types"),
        filters={"vehicle_brand": "{row}.brand_id = %s::uuid"},
    ),
)  # fmt: skip
collections.register(
    "vehicles",
    Vehicles(
        code=10,
        model=Vehicle,
        serializer=FlatVehicleSerializer,
        writable=(
            "nickname", "vin", "make", "model", "trim", "year", "license_plate", "odometer_km",
            Field("odometer_correction", "false", "boolean", writable=True),
            "fuel_type", "dongle_id", "dongle_connection_type", "vehicle_model_id",
            "ecu_family", "ecu_hardware", "ecu_software", "ecu_calibration_id",
            "engine_displacement_cc", "engine_cylinders", "engine_stroke", "engine_aspiration",
            "engine_redline_rpm", "engine_compression", "engine_injector_cc_min", "mods", "notes",
            "photo_file_id",
        ),
        read_only=("vin_notes", *KEPT),
        hot=True,
    ),
)  # fmt: skip
collections.register(
    "mods",
    LogRows(
        code=11,
        model=Mod,
        serializer=ModSerializer,
        writable=("vehicle_id", "title", "part_number", "installed_on", "removed_on", *COST),
        parents=("vehicles",),
    ),
)
collections.register(
    "service_records",
    LogRows(
        code=12,
        model=ServiceRecord,
        serializer=ServiceSerializer,
        writable=("vehicle_id", "title", "done_on", *COST),
        parents=("vehicles",),
    ),
)
collections.register(
    "fuel_ups",
    LogRows(
        code=13,
        model=FuelUp,
        serializer=FuelUpSerializer,
        writable=(
            "vehicle_id", "filled_on", "quantity", "unit", "full_tank", "missed_previous", "station", *COST,
        ),
        parents=("vehicles",),
    ),
)  # fmt: skip
collections.register(
    "documents",
    Papers(
        code=14,
        model=Document,
        serializer=DocumentSerializer,
        writable=("vehicle_id", "title", "kind", "file_id", "issued_on", "expires_on", "notes"),
        parents=("vehicles",),
    ),
)
collections.register(
    "reminders",
    LogRows(
        code=15,
        model=Reminder,
        serializer=ReminderSerializer,
        writable=(
            "vehicle_id", "title", "due_on", "due_odometer_km", "every_months", "every_km", "last_done_on",
            "last_done_odometer_km", "done_at", "notes",
        ),
        parents=("vehicles",),
    ),
)  # fmt: skip
collections.register(
    "odometer_entries",
    ModelCollection(
        code=16,
        model=OdometerEntry,
        read_only=("vehicle_id", "reading_km", "read_at", "source", "note", *KEPT),
        parents=("vehicles",),
    ),
)
collections.register(
    "ecu_backups",
    ModelCollection(
        code=17,
        model=EcuBackup,
        read_only=(
            "vehicle_id", "file_id", "sha256", "size", "filename", "state", "format", "family", "signature",
            "calibration_id", "checksum_ok", "detail", "verified_at", *KEPT,
        ),
        parents=("vehicles",),
    ),
)  # fmt: skip
collections.register(
    "flash_jobs",
    ModelCollection(
        code=18,
        model=FlashJob,
        read_only=(
            "vehicle_id", "source_kind", "source_id", "state", "percent", "detail", "label", "sha256", "size",
            "ecu_expected", "safety_report_id", "acknowledgement", "restore_backup_id", "expires_at",
            "started_at", "finished_at", *KEPT,
        ),
        parents=("vehicles", "ecu_backups"),
    ),
)  # fmt: skip
