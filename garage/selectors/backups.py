"""Which backups of a vehicle matter."""

from typing import Any
from uuid import UUID

from garage.models import BackupState, EcuBackup


def baseline_for(vehicle_id: UUID) -> EcuBackup | None:
    """The newest verified backup: what a tune is compared with, and what is offered after a failed flash."""
    rows: Any = EcuBackup.objects.live().filter(vehicle_id=vehicle_id, state=BackupState.VERIFIED)
    found: EcuBackup | None = rows.order_by("-created_at", "-id").first()
    return found


def kept_backups(vehicle_id: UUID) -> set[UUID]:
    """Ids of those that can't be deleted while the vehicle lives: the first ever and the newest verified one."""
    first = EcuBackup.objects.live().filter(vehicle_id=vehicle_id).order_by("created_at", "id").first()
    return {row.pk for row in (first, baseline_for(vehicle_id)) if row}
