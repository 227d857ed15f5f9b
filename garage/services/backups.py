"""ECU backups: taken in by content, read and verified, given out again, never changed."""

import logging
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app

from core import audit, clock
from core.errors import Invalid, Unavailable
from core.files import services as files
from core.files.errors import FileUnavailable
from core.ids import uuid7
from core.models import FilePurpose, StoredFile
from core.rls import as_system, as_user
from core.storage import SignedUrl
from garage.errors import BackupKept, IdTaken, UnreadableFile
from garage.models import BackupState, EcuBackup, Vehicle
from garage.ports import EcuFileFacts, read_ecu_file
from garage.selectors.backups import kept_backups

log = logging.getLogger(__name__)

MAX_SIZE = 16 * 1024 * 1024  # bytes; the limit of the purpose
AT_ONCE = 1024 * 1024  # bytes; a larger file waits for a worker


def save_backup(
    *,
    owner_id: UUID,
    vehicle: Vehicle,
    file_id: UUID,
    sha256: str,
    size: int | None = None,
    id: UUID | None = None,  # noqa: A002 -- the column's name
) -> tuple[EcuBackup, bool]:
    """The backup with this content and whether it is new; the same content of the same vehicle is the same backup.

    Runs in the transaction under way. Raises Invalid naming file_id, sha256 or size; IdTaken.
    """
    file = files.claim(owner_id, file_id, purpose=FilePurpose.ECU_BACKUP)
    if file.sha256 != sha256.lower():
        raise Invalid(fields={"sha256": [f"The uploaded file has the SHA-256 {file.sha256}."]})
    if size is not None and file.size != size:
        raise Invalid(fields={"size": [f"The uploaded file has {file.size:,} bytes."]})
    new = EcuBackup(
        id=id or uuid7(),
        owner_id=owner_id,
        vehicle=vehicle,
        file_id=file.pk,
        sha256=file.sha256,
        size=file.size,
        filename=file.filename,
    )
    EcuBackup.objects.bulk_create([new], ignore_conflicts=True)
    row = EcuBackup.objects.live().filter(vehicle=vehicle, sha256=file.sha256).first()
    if row is None:
        raise IdTaken
    if row.pk != new.pk or row.file_id != new.file_id:
        return row, False
    audit.record("backup.save", actor=owner_id, target=row.pk, sha256=row.sha256)
    app.configure_task("garage.verify_backup").defer(backup_id=str(row.pk))
    return row, True


def verify_backup(backup_id: UUID) -> BackupState | None:
    """Read a pending backup and keep what was found; what is decided stays decided. None: it is gone.

    Call it outside of a transaction: it fetches the file. Raises Unavailable when it must be asked again later.
    """
    with as_system("the job reads for whoever owns it"):
        backup = EcuBackup.objects.live().filter(pk=backup_id).first()
        file = StoredFile.objects.filter(pk=backup.file_id).first() if backup else None
    if backup is None or file is None:
        return None
    if backup.state != BackupState.PENDING:
        return BackupState(backup.state)
    try:
        facts = read_ecu_file(files.read_bytes(file, MAX_SIZE), backup.filename)
    except UnreadableFile as problem:
        facts = EcuFileFacts(format="", detail=problem.text)
    except FileUnavailable as problem:
        raise Unavailable(problem.text, retry_after=30) from problem
    state = BackupState.VERIFIED if facts.verified else BackupState.UNREADABLE
    with as_system("the job writes for whoever owns it"):
        rows = EcuBackup.objects.filter(pk=backup_id, state=BackupState.PENDING)
        if rows.update(state=state, **_columns(facts)):
            audit.record("backup.verify", actor=backup.owner_id, target=backup_id, outcome=state.value)
    return state


def _columns(facts: EcuFileFacts) -> dict[str, object]:
    """A reader's words are a stranger's: cut to what the columns hold."""
    return {
        "format": facts.format[:20],
        "family": facts.family[:80],
        "signature": facts.signature[:200],
        "calibration_id": facts.calibration_id[:80],
        "checksum_ok": facts.checksum_ok,
        "detail": facts.detail[:2000],
        "verified_at": clock.now() if facts.verified else None,
    }


def verify_soon(backup: EcuBackup) -> None:
    """A small file is read while its owner waits; whatever is in the way of that, the job will do it."""
    if backup.size > AT_ONCE:
        return
    try:
        verify_backup(backup.pk)
    except Unavailable as problem:
        log.info("backup %s is verified later: %s", backup.pk, problem.text)


def download_backup(*, user_id: UUID, backup: EcuBackup) -> SignedUrl:
    """A short-lived URL of its bytes, audited. Raises FileUnavailable."""
    file = StoredFile.objects.live().filter(pk=backup.file_id).first()
    if file is None:
        raise FileUnavailable
    audit.record("backup.download", actor=user_id, target=backup.pk)
    return files.signed_download(file)


def delete_backup(backup: EcuBackup) -> None:
    """Raises BackupKept for the first ever and the newest verified one."""
    with transaction.atomic():
        list(EcuBackup.objects.filter(vehicle_id=backup.vehicle_id).select_for_update().order_by("pk"))
        if backup.pk in kept_backups(backup.vehicle_id):
            raise BackupKept
        backup.tombstone()
        audit.record("backup.delete", actor=backup.owner_id, target=backup.pk)


def upload_and_save(
    *,
    owner_id: UUID,
    vehicle_id: UUID,
    file_id: UUID,
    sha256: str,
    size: int | None,
    id: UUID | None,  # noqa: A002 -- the column's name
) -> tuple[UUID, bool]:
    """`save_backup` in a transaction of its own, then the first try to verify. Raises as save_backup does."""
    with as_user(owner_id):
        vehicle = Vehicle.objects.live().filter(pk=vehicle_id, owner_id=owner_id).first()
        if vehicle is None:
            raise Invalid(fields={"vehicle_id": ["There is no such record."]})
        backup, new = save_backup(
            owner_id=owner_id, vehicle=vehicle, file_id=file_id, sha256=sha256, size=size, id=id
        )
    if backup.state == BackupState.PENDING:
        verify_soon(backup)
    return backup.pk, new
