"""What the garage holds of a person: given out whole, and wiped."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from core import clock
from core.ports import personal_data
from garage.models import (
    Document,
    EcuBackup,
    FlashEvent,
    FlashJob,
    FlashWaiver,
    FuelUp,
    Mod,
    OdometerEntry,
    Reminder,
    ServiceRecord,
    Vehicle,
)

HELD: Final[Mapping[str, Any]] = {
    "vehicles": Vehicle,
    "mods": Mod,
    "service_records": ServiceRecord,
    "fuel_ups": FuelUp,
    "documents": Document,
    "reminders": Reminder,
    "odometer_entries": OdometerEntry,
    "ecu_backups": EcuBackup,
    "flash_jobs": FlashJob,
    "flash_events": FlashEvent,
    "flash_waivers": FlashWaiver,
}
# Children before what they point at; vehicles stay as stubs, because other apps' facts (invoices) name them.
WIPED: Final = (
    FlashEvent, FlashWaiver, FlashJob, EcuBackup, OdometerEntry, Reminder, Document, FuelUp, ServiceRecord, Mod,
)  # fmt: skip


class GarageData:
    def export(self, user_id: UUID) -> Mapping[str, Any]:
        """Every row, tombstones included, by table."""
        return {name: list(model.objects.filter(owner_id=user_id).values()) for name, model in HELD.items()}

    def erase(self, user_id: UUID) -> None:
        """Rows go for good; a vehicle keeps its id and what it is, not whose it was."""
        for model in WIPED:
            model.objects.filter(owner_id=user_id).delete()
        Vehicle.objects.filter(owner_id=user_id).update(
            nickname="",
            vin="",
            vin_notes=[],
            license_plate="",
            odometer_km=None,
            dongle_id="",
            dongle_connection_type="",
            mods=[],
            notes="",
            photo_file_id=None,
            deleted_at=clock.now(),
        )


personal_data.register("garage", GarageData())
