"""What support does for a rider, each with its line in the audit."""

from datetime import timedelta
from typing import Any

from procrastinate.contrib.django import app

from core import audit, clock
from core.errors import DomainError
from garage.models import BackupState, EcuBackup, FlashWaiver, Vehicle

WAIVER_HOURS = 24


class NothingToDo(DomainError):
    code, message = "nothing_to_do", "There is nothing to do."


def waive(vehicle: Vehicle, *, code: str, reason: str, by: Any, hours: int = WAIVER_HOURS) -> FlashWaiver:
    """Let one flash of this vehicle pass an objection that may be waived, within `hours`."""
    waiver: FlashWaiver = FlashWaiver.objects.create(
        owner_id=vehicle.owner_id,
        vehicle=vehicle,
        code=code,
        reason=reason,
        granted_by=by.pk,
        expires_at=clock.now() + timedelta(hours=hours),
    )
    audit.record("flash.waive", actor=by.pk, target=vehicle.pk, code=code, reason=reason)
    return waiver


def free_dongle(vehicle: Vehicle, *, reason: str, by: Any) -> None:
    """Unlink a dongle that its new owner can't get. Raises NothingToDo."""
    if not vehicle.dongle_id:
        raise NothingToDo("No dongle is linked to this vehicle.")
    dongle_id, vehicle.dongle_id, vehicle.dongle_connection_type = vehicle.dongle_id, "", ""
    vehicle.save(update_fields=["dongle_id", "dongle_connection_type"])
    audit.record("dongle.free", actor=by.pk, target=vehicle.pk, dongle_id=dongle_id, reason=reason)


def verify_again(backup: EcuBackup, *, by: Any) -> None:
    """Have an unreadable backup read once more: readers learn. Raises NothingToDo."""
    rows = EcuBackup.objects.filter(pk=backup.pk, state=BackupState.UNREADABLE)
    if not rows.update(state=BackupState.PENDING):
        raise NothingToDo("Only a backup that could not be read is read again.")
    audit.record("backup.verify_again", actor=by.pk, target=backup.pk)
    app.configure_task("garage.verify_backup").defer(backup_id=str(backup.pk))
