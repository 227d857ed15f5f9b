"""A new version: the uploaded file, checked against its hash, read once, kept for ever."""

from typing import Any
from uuid import UUID

from django.db.models import Max

from core.errors import NotFound, Unavailable
from core.files.services import claim, read_bytes
from core.jobs import enqueue
from core.models import FilePurpose, StoredFile
from core.rls import as_user
from garage.errors import UnreadableFile
from garage.ports import file_readers, read_ecu_file
from marketplace.errors import HashMismatch, VersionExists
from marketplace.models import FileState, Tune, TuneVersion
from users.models import User

MAX_BYTES = 16 * 1024 * 1024


def own_tune(owner: User, tune_id: UUID) -> Tune:
    """The caller's own live tune, locked. Raises NotFound."""
    rows = Tune.objects.filter(pk=tune_id, tuner__user=owner, deleted_at=None)
    tune: Tune | None = rows.select_for_update(of=("self",)).first()
    if tune is None:
        raise NotFound
    return tune


def add_version(
    *, owner: User, tune_id: UUID, file_id: UUID, sha256: str, changelog: str = ""
) -> TuneVersion:
    """Add a version; call it outside of transactions, the file is read from the store and by a limited process.

    Repeating it with the same file answers the same version. A file that nobody can read is kept as a draft that
    can't be published. Raises NotFound, HashMismatch (400), VersionExists (409), Invalid naming file_id.
    """
    with as_user(owner):
        own_tune(owner, tune_id)
        file = _claimed(owner, file_id, sha256)
        if before := TuneVersion.objects.filter(tune_id=tune_id, file_id=file_id).first():
            return before
    facts = read_facts(file)
    with as_user(owner):
        tune = own_tune(owner, tune_id)
        file = _claimed(owner, file_id, sha256)
        if before := TuneVersion.objects.filter(tune=tune, sha256=sha256).first():
            if before.file_id == file_id:
                return before
            raise VersionExists
        last = TuneVersion.objects.filter(tune=tune).aggregate(last=Max("number"))["last"] or 0
        version: TuneVersion = TuneVersion.objects.create(
            tune=tune,
            number=last + 1,
            file_id=file.pk,
            filename=file.filename,
            size=file.size,
            sha256=file.sha256,
            changelog=changelog,
            **facts,
        )
        enqueue("marketplace.prepare_version", version_id=str(version.pk))
    return version


def read_facts(file: StoredFile) -> dict[str, Any]:
    """What a reader finds in the file; `pending` while no reader is plugged in or none can look now."""
    if not len(file_readers):
        return {"state": FileState.PENDING}
    try:
        found = read_ecu_file(read_bytes(file, MAX_BYTES), file.filename)
    except UnreadableFile as problem:
        return {"state": FileState.UNREADABLE, "detail": problem.text}
    except Unavailable:
        return {"state": FileState.PENDING}
    return {
        "state": FileState.READABLE,
        "format": found.format[:20],
        "family": found.family[:80],
        "signature": found.signature[:200],
        "calibration_id": found.calibration_id[:80],
        "checksum_ok": found.checksum_ok,
        "detail": found.detail,
    }


def _claimed(owner: User, file_id: UUID, sha256: str) -> StoredFile:
    file = claim(owner.pk, file_id, purpose=FilePurpose.TUNE_VERSION)
    if file.sha256 != sha256:
        raise HashMismatch
    return file
