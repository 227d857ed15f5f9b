"""Files that are held, the own backup as a source and as a gate, who may watch a flash."""

from typing import Any
from uuid import UUID

from core.errors import NotFound
from core.ports import file_holders, topics
from garage.errors import BackupNotVerified
from garage.models import BackupState, Document, EcuBackup, FlashJob, Vehicle
from garage.ports import BACKUP, FlashFile, FlashRequest, Objection, flash_gates, flash_sources
from garage.selectors.backups import baseline_for


class GarageFiles:
    """Photos, papers, backups and what a flash job writes."""

    def holds(self, file_id: UUID) -> bool:
        return (
            Vehicle.objects.live().filter(photo_file_id=file_id).exists()
            or Document.objects.live().filter(file_id=file_id).exists()
            or EcuBackup.objects.filter(file_id=file_id).exists()
            or FlashJob.objects.filter(file_id=file_id).exists()
        )


class OwnBackup:
    """Writing back what the ECU had before."""

    def file_for(self, user: Any, vehicle: Vehicle, source_id: UUID) -> FlashFile:
        backup = EcuBackup.objects.visible_to(user).filter(pk=source_id, vehicle=vehicle).first()
        if backup is None:
            raise NotFound("There is no such backup of this vehicle.")
        if backup.state != BackupState.VERIFIED:
            raise BackupNotVerified
        # Not the calibration id: after a failed flash the ECU shows another one, or none.
        expected = {"family": backup.family, "hardware": vehicle.ecu_hardware}
        return FlashFile(
            stored_file=backup.file_id,
            sha256=backup.sha256,
            size=backup.size,
            label=f"Backup of {backup.created_at:%Y-%m-%d}",
            kind=BACKUP,
            ecu_expected={name: value for name, value in expected.items() if value},
            format=backup.format,
        )


class BackupFirst:
    """Nothing is written before what was there is saved and known to be whole."""

    def objections(self, flash: FlashRequest) -> list[Objection]:
        if baseline_for(flash.vehicle.pk) is not None:
            return []
        message = "Save a backup of this vehicle's ECU first; it could not be verified or there is none."
        return [Objection("no_verified_backup", message, waivable=True)]


class FlashTopic:
    """Only its owner watches a flash."""

    def allows(self, user_id: UUID, id: UUID) -> bool:  # noqa: A002 -- the port's own word
        return bool(FlashJob.objects.live().filter(pk=id, owner_id=user_id).exists())


file_holders.register("garage", GarageFiles())
flash_sources.register(BACKUP, OwnBackup())
flash_gates.register("backup", BackupFirst())
topics.register("flash", FlashTopic())
