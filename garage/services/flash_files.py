"""Which file a flash job writes now, and the hashes of its parts."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from django.core.cache import cache

from core import clock
from core.files import services as files
from core.files.errors import FileUnavailable
from core.models import StoredFile
from core.rls import as_system
from garage.errors import FlashExpired, FlashFileChanged, FlashOver
from garage.models import EcuBackup, FlashJob, FlashState

CHUNK = 64 * 1024  # bytes
MAX_SIZE = 16 * 1024 * 1024  # bytes
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which file a job writes now, and why."""

    purpose: str
    file_id: UUID
    sha256: str
    size: int
    ecu_expected: dict[str, str] = field(default_factory=dict)


def what_to_write(job: FlashJob) -> Wanted:
    """The tune while it is written; after a failure the backup that was offered. Raises FlashExpired, FlashOver."""
    waits = job.state in {FlashState.QUEUED, FlashState.READY}
    if job.state == FlashState.EXPIRED or (waits and job.expires_at <= clock.now()):
        raise FlashExpired
    if waits or job.state in {FlashState.IN_PROGRESS, FlashState.VERIFYING}:
        return Wanted("flash", job.file_id, job.sha256, job.size, job.ecu_expected)
    backup: EcuBackup | None = job.restore_backup
    if job.state in {FlashState.FAILED, FlashState.RESTORING} and backup and backup.deleted_at is None:
        return Wanted("restore", backup.file_id, backup.sha256, backup.size)
    raise FlashOver


def stored(file_id: UUID) -> StoredFile:
    """The file, whoever owns it: a tune is its tuner's. Raises FileUnavailable."""
    with as_system("the job's own checks have let this rider have the file"):
        file: StoredFile | None = StoredFile.objects.live().filter(pk=file_id).first()
    if file is None:
        raise FileUnavailable
    return file


def chunks_of(file: StoredFile, sha256: str) -> list[str]:
    """Hexadecimal SHA-256 of each CHUNK bytes; the bytes are read and compared with `sha256` the first time.

    Raises FlashFileChanged, FileUnavailable.
    """
    if file.sha256 != sha256:
        raise FlashFileChanged
    key = f"garage:chunks:{sha256}"
    kept: list[str] | None = cache.get(key)
    if kept is None:
        data = files.read_bytes(file, MAX_SIZE)
        kept = [hashlib.sha256(data[at : at + CHUNK]).hexdigest() for at in range(0, len(data), CHUNK)]
        cache.set(key, kept, _KEPT_SECONDS)
    return kept
