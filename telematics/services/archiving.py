"""Months of a vehicle as Parquet in the file store, before retention drops them (TELEMETRY_ARCHIVE, off by default).

A month is written under a key that is made of what is in it, read back and counted, and only then are its segments
deleted: exactly those that were written. So a job that ends at any point leaves either the segments or both, and
repeats harmlessly. What an owner deletes is cut out of the archive by a job; nothing of those who want less is archived.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from django.db.models.functions import TruncMonth

from core import clock
from core.jobs import enqueue
from core.rls import as_system
from core.storage import BlobAbsent, StorageUnavailable, store
from telematics.codec import decode
from telematics.instants import DAY_MS, millis, moment
from telematics.models import Archive, Latest, Segment
from telematics.samples import join
from telematics.selectors.read import names_of
from telematics.services.packing import lock
from telematics.services.parquet import parquet, pieces_of, rows_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from telematics.samples import Samples

log = logging.getLogger(__name__)

TIDY: Final = "telematics.tidy_archive"
PARQUET: Final = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class File:
    """Samples, and the Parquet that says them."""

    samples: Samples
    data: bytes


def archive(vehicle_id: UUID, owner_id: UUID, before: datetime) -> int:
    """Archive and delete all whole months of a vehicle that ended by `before`; how many segments.

    Raises StorageUnavailable; then nothing was deleted that is not archived.
    """
    end = before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with as_system("retention is of all vehicles"):
        rows = Segment.objects.filter(vehicle_id=vehicle_id, t0__lt=end).annotate(month=TruncMonth("t0"))
        months = sorted(set(rows.order_by().values_list("month", flat=True)))
    return sum(_archive_month(vehicle_id, owner_id, month) for month in months)


def cut_later(vehicle_id: UUID, t0: int, t1: int) -> None:
    """The owner deletes t0..t1 (ms): a job cuts it out of what is archived. In the transaction of the deletion."""
    if Archive.objects.filter(vehicle_id=vehicle_id, t0__lte=moment(t1), t1__gte=moment(t0)).exists():
        enqueue(TIDY, vehicle_id=str(vehicle_id), t0=t0, t1=t1)


def forget_later(archives: Iterable[Archive]) -> None:
    """All of these go, by a job. In a transaction."""
    for row in archives:
        Archive.objects.filter(pk=row.pk).update(ended_at=clock.now())
        enqueue(TIDY, vehicle_id=str(row.vehicle_id), t0=millis(row.t0), t1=millis(row.t1))


def tidy(vehicle_id: UUID, t0: int, t1: int) -> None:
    """Cut t0..t1 (ms) out of the archived months of a vehicle, and remove those that have ended."""
    with as_system("a job knows the vehicle only"):
        rows = list(Archive.objects.filter(vehicle_id=vehicle_id, t0__lte=moment(t1), t1__gte=moment(t0)))
    for row in rows:
        if row.ended_at is None and not _replace(row, t0, t1):
            continue
        store().delete(row.key)  # the row goes last: whoever ends in between finds it again
        with as_system("a job knows the vehicle only"):
            Archive.objects.filter(pk=row.pk).delete()


def _replace(row: Archive, t0: int, t1: int) -> bool:
    """Write what is left of a file as another one; False where nothing is to be cut out of it."""
    whole = join(read_archive(row))
    left = whole.take((whole.t < t0) | (whole.t > t1))
    if len(left) == len(whole):
        return False
    data = b"".join(parquet(list(left.signals), _days(left))) if len(left) else b""
    key = f"{row.key.rpartition('/')[0]}/{hashlib.blake2b(data, digest_size=16).hexdigest()}.parquet"
    if data:
        _write(key, data, len(left))
    with as_system("a job knows the vehicle only"):
        if data:
            _note(row.vehicle_id, row.owner_id, row.month, key, File(left, data))
        Archive.objects.filter(pk=row.pk).update(ended_at=clock.now())
    return True


def read_archive(row: Archive) -> Iterator[Samples]:
    """The samples of an archived month, day by day. Raises BlobAbsent, StorageUnavailable."""
    with store().open(row.key) as file:
        yield from pieces_of(file)


# -- Inside


def _archive_month(vehicle_id: UUID, owner_id: UUID, month: datetime) -> int:
    with as_system("retention is of all vehicles"):
        extra = Latest.objects.filter(pk=vehicle_id).values_list("extra", flat=True).first()
        rows = list(_segments(vehicle_id, month).order_by("t0").values_list("t0", "digest", "data"))
    whole = join([decode(bytes(data), names_of(extra)) for _, _, data in rows])
    file = File(whole, b"".join(parquet(list(whole.signals), _days(whole))))
    written = frozenset((t0, bytes(digest)) for t0, digest, _ in rows)
    key = f"telemetry/{month:%Y-%m}/{vehicle_id}/{_name(written)}.parquet"
    _write(key, file.data, len(whole))
    with as_system("retention is of all vehicles"):
        lock(vehicle_id)
        segments = _segments(vehicle_id, month)
        if _keys(segments) == written:
            _note(vehicle_id, owner_id, month.date(), key, file)
            return int(segments.delete()[0])
    # Samples came or were repacked meanwhile: the next night sees all of them.
    store().delete(key)
    return 0


def _segments(vehicle_id: UUID, month: datetime) -> QuerySet[Segment]:
    after = (month + timedelta(days=32)).replace(day=1)
    return Segment.objects.filter(vehicle_id=vehicle_id, t0__gte=month, t0__lt=after)


def _keys(segments: QuerySet[Segment]) -> frozenset[tuple[datetime, bytes]]:
    return frozenset((t0, bytes(digest)) for t0, digest in segments.values_list("t0", "digest"))


def _name(keys: Iterable[tuple[datetime, bytes]]) -> str:
    """The same segments have the same name, however often they are written."""
    told = b"".join(str(millis(t0)).encode() + digest for t0, digest in sorted(keys))
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _days(whole: Samples) -> Iterator[Samples]:
    """In pieces of a day, for the row groups of a file."""
    days = whole.t // DAY_MS
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(whole)]
    for first, last in itertools.pairwise(edges):
        yield whole.take(slice(first, last))


def _write(key: str, data: bytes, rows: int) -> None:
    """Write, unless it is there already, and read it back. Raises StorageUnavailable where the store lost something."""
    if _rows_of(key) == rows:
        return
    store().write(key, data, content_type=PARQUET)
    if _rows_of(key) != rows:
        log.error("%s was written with %s rows and is read with another number", key, rows)
        raise StorageUnavailable


def _rows_of(key: str) -> int | None:
    try:
        with store().open(key) as file:
            return rows_in(file)
    except (BlobAbsent, OSError, ValueError):
        return None


def _note(vehicle_id: UUID, owner_id: UUID, month: date, key: str, file: File) -> None:
    Archive.objects.get_or_create(
        key=key,
        defaults={
            "vehicle_id": vehicle_id, "owner_id": owner_id, "month": month, "rows": len(file.samples),
            "size": len(file.data), "t0": moment(file.samples.t0), "t1": moment(file.samples.t1),
        },
    )  # fmt: skip
