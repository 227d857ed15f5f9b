"""A file becomes samples: a job that reads it once, stores it in bites, and says how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import clock
from core.errors import DomainError, Invalid
from core.files.services import claim, read_bytes
from core.jobs import enqueue
from core.models import FilePurpose, StoredFile
from core.rls import as_system, as_user
from telematics.imports import Parsed, Unreadable, can, gpx, openxc, torque_csv
from telematics.instants import millis
from telematics.models import ImportFormat, ImportJob, ImportState, Source
from telematics.services.store import append

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from garage.models import Vehicle

RUN: Final = "telematics.import"
MOST_BYTES: Final = 25 * 1024 * 1024
BITE: Final = 5000  # samples in one transaction
MOST_SAMPLES: Final = 2_000_000
HELD: Final = (ImportState.QUEUED, ImportState.RUNNING)


def start(
    vehicle: Vehicle,
    *,
    format: str,  # noqa: A002 -- the wire's own word
    file_id: UUID,
    dbc_file_id: UUID | None = None,
    start_at: datetime | None = None,
) -> ImportJob:
    """Check the files and enqueue the job. Raises Invalid naming the field."""
    for name, wanted in (("file_id", file_id), ("dbc_file_id", dbc_file_id)):
        if wanted is not None:
            try:
                claim(vehicle.owner_id, wanted, purpose=FilePurpose.ATTACHMENT)
            except Invalid as problem:
                raise Invalid(fields={name: problem.fields.get("file_id", [problem.text])}) from None
    job = ImportJob.objects.create(
        vehicle=vehicle, owner_id=vehicle.owner_id, format=format, file_id=file_id, dbc_file_id=dbc_file_id,
        start_at=start_at,
    )  # fmt: skip
    enqueue(RUN, job_id=str(job.pk))
    return job


def run(job_id: UUID) -> None:
    """Read and store. Repeating is harmless: what is stored already counts as duplicates."""
    with as_system("a job of its owner"):
        job = ImportJob.objects.live().filter(pk=job_id, state__in=HELD, vehicle__deleted_at=None).first()
        if job is None:
            return
        files = {row.pk: row for row in StoredFile.objects.filter(pk__in=[job.file_id, job.dbc_file_id])}
        ImportJob.objects.filter(pk=job_id).update(state=ImportState.RUNNING)
    try:
        parsed = parse(job, *(read_bytes(files[one], MOST_BYTES) for one in _files_of(job)))
        if len(parsed.samples) > MOST_SAMPLES:
            raise Unreadable(f"A file may have at most {MOST_SAMPLES:,} samples.")
    except (Unreadable, DomainError, KeyError) as problem:
        _finish(job, ImportState.FAILED, message=_said(problem))
        return
    _store(job, parsed)


def parse(job: ImportJob, data: bytes, dbc: bytes = b"") -> Parsed:
    """The file as samples. Raises Unreadable."""
    now = millis(clock.now())
    if job.format == ImportFormat.GPX:
        return gpx.read(data, now=now, start_at=job.start_at)
    if job.format == ImportFormat.TORQUE_CSV:
        return torque_csv.read(data, now=now)
    if job.format == ImportFormat.OPENXC:
        return openxc.read(data, now=now, start_at=job.start_at)
    return can.read(data, dbc, now=now)


def _files_of(job: ImportJob) -> list[UUID]:
    return [job.file_id] if job.dbc_file_id is None else [job.file_id, job.dbc_file_id]


def _store(job: ImportJob, parsed: Parsed) -> None:
    accepted = duplicates = 0
    whole = len(parsed.samples)
    for first in range(0, whole, BITE):
        bite = parsed.samples.take(slice(first, first + BITE))
        with as_user(job.owner_id):
            outcome = append(job.vehicle_id, job.owner_id, bite, source=Source.IMPORT)
            accepted += outcome.accepted
            duplicates += outcome.duplicates
            ImportJob.objects.filter(pk=job.pk).update(
                percent=min(99, (first + len(bite)) * 100 // whole), accepted=accepted, duplicates=duplicates,
                rows=parsed.rows, skipped=parsed.skipped,
            )  # fmt: skip
    _finish(job, ImportState.DONE, message=parsed.note, percent=100)


def _finish(job: ImportJob, state: str, *, message: str = "", percent: int = 0) -> None:
    with as_system("a job of its owner"):
        ImportJob.objects.filter(pk=job.pk).update(
            state=state, message=message[:300], percent=percent, finished_at=clock.now()
        )


def _said(problem: Exception) -> str:
    if isinstance(problem, DomainError):
        return problem.text
    return "The file is gone." if isinstance(problem, KeyError) else str(problem)
