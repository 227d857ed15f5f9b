"""What the garage plugs into other apps."""

from uuid import UUID

from core.ports import file_holders
from garage.models import Document, EcuBackup, FlashJob, Vehicle


class GarageFiles:
    """Photos, papers, backups and what a flash job writes."""

    def holds(self, file_id: UUID) -> bool:
        return (
            Vehicle.objects.live().filter(photo_file_id=file_id).exists()
            or Document.objects.live().filter(file_id=file_id).exists()
            or EcuBackup.objects.filter(file_id=file_id).exists()
            or FlashJob.objects.filter(file_id=file_id).exists()
        )


file_holders.register("garage", GarageFiles())
