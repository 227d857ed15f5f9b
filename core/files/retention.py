"""What is wiped when: remains of uploads a day after their URL expired, deleted files after thirty days."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from core import clock
from core.models import FileState, StoredFile
from core.rls import as_system
from core.storage import store

UPLOAD_GRACE = timedelta(
    days=1
)  # an upload may start at the last moment, and be completed by a phone offline
RETENTION = timedelta(days=30)
BATCH, ROUNDS = 200, 50


def purge_uploads() -> int:
    """Forget uploads that were never completed, and what late PUTs left of completed ones; how many files."""
    return _in_batches(Q(expires_at__lt=clock.now() - UPLOAD_GRACE), _end_of_upload)


def purge_deleted() -> int:
    """Wipe deleted files to a stub of ids; how many."""
    return _in_batches(Q(deleted_at__lt=clock.now() - RETENTION) & ~Q(key=""), _wipe)


def erase(owner_id: UUID) -> int:
    """Delete and wipe all files of a person at once; how many. Call it from a job: the store may be far away."""
    with as_system("erasure of a person's files"):
        StoredFile.objects.filter(owner_id=owner_id).tombstone()
    pending = Q(owner_id=owner_id, state=FileState.PENDING, expires_at__isnull=False)
    return _in_batches(pending, _end_of_upload) + _in_batches(Q(owner_id=owner_id) & ~Q(key=""), _wipe)


def _in_batches(wanted: Q, deed: Callable[[Sequence[StoredFile]], None]) -> int:
    """Blobs go first and outside of transactions: a run that breaks off is repeated by the next."""
    done = 0
    for _ in range(ROUNDS):
        with as_system("retention"):
            rows = list(StoredFile.objects.filter(wanted).order_by("id")[:BATCH])
        if not rows:
            break
        deed(rows)
        done += len(rows)
    return done


def _end_of_upload(files: Sequence[StoredFile]) -> None:
    for file in files:
        store().delete(file.incoming_key)
    rows = StoredFile.objects.filter(pk__in=[file.pk for file in files])
    with as_system("retention"):
        rows.filter(state=FileState.PENDING).delete()
        rows.update(expires_at=None)


def _wipe(files: Sequence[StoredFile]) -> None:
    for file in files:
        store().delete(file.key)
    with as_system("retention"):
        StoredFile.objects.filter(pk__in=[file.pk for file in files]).update(key="", filename="")
