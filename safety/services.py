"""Deeds: analyse a file against a vehicle, acknowledge a report."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from core import audit, clock
from core.errors import Invalid
from core.files.services import read_bytes
from core.models import FilePurpose, StoredFile
from core.rls import as_system, as_user
from garage.models import EcuBackup, Vehicle
from marketplace.models import TuneVersion
from safety import sandbox
from safety.engine import RULESET_VERSION, VehicleProfile
from safety.errors import AnalyserBusy, NothingToAcknowledge
from safety.formats.base import LIMITS
from safety.models import SafetyReport, Verdict
from safety.profiles import profile_of
from safety.selectors import current_report, newest_verified_backup
from users.models import User

TUNE_PURPOSES = (FilePurpose.ATTACHMENT, FilePurpose.ECU_BACKUP, FilePurpose.TUNE_VERSION)
ASKS = frozenset({Verdict.CONFIRM, Verdict.INSUFFICIENT})


@dataclass(frozen=True, slots=True)
class Subject:
    """The file to judge: its bytes and where they came from."""

    data: bytes
    name: str
    file_id: UUID | None = None
    version: TuneVersion | None = None

    @property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


def own_upload(owner_id: UUID, file_id: UUID) -> StoredFile:
    """A complete upload of the caller that may hold a tune. Raises Invalid naming file_id."""
    rows = StoredFile.objects.live().filter(pk=file_id, owner_id=owner_id, purpose__in=TUNE_PURPOSES)
    file: StoredFile | None = rows.first()
    if file is None or not file.complete:
        raise Invalid(fields={"file_id": ["There is no such upload, or it was not completed."]})
    return file


def subject_of_file(file: StoredFile) -> Subject:
    return Subject(read_bytes(file, LIMITS.record_bytes), file.filename, file_id=file.pk)


def subject_of_version(version: TuneVersion) -> Subject:
    """A version on sale may be judged by everybody, though its file may not be read: the system reads it."""
    with as_system("a tune may be judged before it is bought"):
        file = StoredFile.objects.get(pk=version.file_id)
        return Subject(read_bytes(file, LIMITS.record_bytes), version.filename, version=version)


def analyse(
    *, user: User, vehicle: Vehicle, subject: Subject, baseline: EcuBackup | None = None
) -> SafetyReport:
    """The report on this file for this vehicle; the same one again while nothing that matters has changed.

    Call it outside any transaction: the file is parsed in a limited process, for seconds at worst.
    Raises AnalyserBusy (503).
    """
    with as_user(user):
        backup = baseline or newest_verified_backup(vehicle)
        base = _bytes_of(backup) if backup else None
        profile = profile_of(vehicle)
        known = current_report(
            vehicle=vehicle, tune_sha256=subject.sha256, baseline_sha256=backup.sha256 if backup else ""
        )
    if known is not None:
        return known
    try:
        found = sandbox.analyse(
            subject.data, subject.name, profile, baseline=base, baseline_kind="backup" if base else None
        )
    except sandbox.SandboxUnavailable:
        raise AnalyserBusy(retry_after=5) from None
    with as_user(user):
        return _keep(user, vehicle, subject, backup, found.to_stored())


def acknowledge(*, user: User, report: SafetyReport, text: str) -> SafetyReport:
    """The owner confirms, by name, that they read the findings. Raises NothingToAcknowledge."""
    if report.verdict not in ASKS:
        raise NothingToAcknowledge
    if report.acknowledged_at is None:
        report.acknowledgement, report.acknowledged_at = text, clock.now()
        report.save(update_fields=["acknowledgement", "acknowledged_at"])
        audit.record("safety.acknowledge", actor=user.pk, target=report.pk, verdict=report.verdict, text=text)
    return report


def _bytes_of(backup: EcuBackup) -> tuple[bytes, str]:
    file = StoredFile.objects.get(pk=backup.file_id)
    return read_bytes(file, LIMITS.record_bytes), backup.filename


def _keep(
    user: User,
    vehicle: Vehicle,
    subject: Subject,
    backup: EcuBackup | None,
    body: dict[str, Any],
) -> SafetyReport:
    report, _ = SafetyReport.objects.get_or_create(
        vehicle=vehicle,
        tune_sha256=subject.sha256,
        baseline_sha256=backup.sha256 if backup else "",
        vehicle_digest=VehicleProfile.from_dict(body["vehicle"]).digest,
        ruleset_version=RULESET_VERSION,
        deleted_at=None,
        defaults={
            "owner": user,
            "tune_version": subject.version,
            "file_id": subject.file_id,
            "filename": subject.name[:200],
            "baseline_backup": backup,
            "engine_version": body["engine_version"],
            "verdict": body["verdict"],
            "score": body["score"],
            "coverage": body["coverage"],
            "body": body,
        },
    )
    return report
