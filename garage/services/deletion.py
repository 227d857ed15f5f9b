"""A vehicle goes, and all that is about it goes with it (as tombstones, so that every device learns of it)."""

from core import audit, clock
from garage.errors import FlashUnderWay
from garage.models import (
    Document,
    EcuBackup,
    FlashJob,
    FlashState,
    FuelUp,
    Mod,
    OdometerEntry,
    Reminder,
    ServiceRecord,
    Vehicle,
)
from garage.ports import vehicle_rows

BEGUN = (FlashState.IN_PROGRESS, FlashState.VERIFYING, FlashState.RESTORING)
UNBEGUN = (FlashState.QUEUED, FlashState.READY)
ABOUT = (Mod, ServiceRecord, FuelUp, Document, Reminder, OdometerEntry, EcuBackup, FlashJob)


def delete_vehicle(vehicle: Vehicle) -> None:
    """`vehicle` is locked by the caller. Raises FlashUnderWay while its ECU is being written."""
    jobs = FlashJob.objects.live().filter(vehicle=vehicle)
    if jobs.filter(state__in=BEGUN).exists():
        raise FlashUnderWay("This vehicle's ECU is being written. Wait until the flash has ended.")
    jobs.filter(state__in=UNBEGUN).update(state=FlashState.CANCELLED, finished_at=clock.now())
    for model in ABOUT:
        model.objects.filter(vehicle=vehicle).tombstone()
    for plug in vehicle_rows.values():
        plug.gone(vehicle)
    vehicle.dongle_id = vehicle.dongle_connection_type = ""
    vehicle.deleted_at = clock.now()
    vehicle.save(update_fields=["dongle_id", "dongle_connection_type", "deleted_at"])
    audit.record("vehicle.delete", actor=vehicle.owner_id, target=vehicle.pk)
