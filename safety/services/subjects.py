"""What is to be judged: its bytes and where they came from."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from core.errors import Invalid
from core.files.services import read_bytes
from core.models import FilePurpose, StoredFile
from core.rls import as_system
from marketplace.models import TuneVersion
from safety.formats.base import LIMITS

TUNE_PURPOSES = (FilePurpose.ATTACHMENT, FilePurpose.ECU_BACKUP, FilePurpose.TUNE_VERSION)


@dataclass(frozen=True)
class Subject:
    """A file in memory; `file_id` is the owner's upload, `version` a version on sale, both empty for a bare file."""

    data: bytes
    name: str
    file_id: UUID | None = None
    version: TuneVersion | None = None

    @cached_property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


def own_upload(owner_id: UUID, file_id: UUID) -> StoredFile:
    """A complete upload of the caller that may hold a tune. Raises Invalid naming file_id."""
    rows = StoredFile.objects.live().filter(pk=file_id, owner_id=owner_id, purpose__in=TUNE_PURPOSES)
    file: StoredFile | None = rows.first()
    if file is None or not file.complete:
        raise Invalid(fields={"file_id": ["There is no such upload, or it was not completed."]})
    return file


def file_of_version(version: TuneVersion) -> StoredFile:
    """A version on sale may be judged by everybody, though its file may not be read: the system reads it."""
    with as_system("a tune may be judged before it is bought"):
        file: StoredFile = StoredFile.objects.get(pk=version.file_id)
    return file


def read_subject(source: StoredFile | TuneVersion) -> Subject:
    """Fetch the bytes; outside of transactions, the store may be far away. Raises FileUnavailable, PayloadTooLarge."""
    if isinstance(source, TuneVersion):
        data = read_bytes(file_of_version(source), LIMITS.record_bytes)
        return Subject(data, source.filename, version=source)
    return Subject(read_bytes(source, LIMITS.record_bytes), source.filename, file_id=source.pk)
