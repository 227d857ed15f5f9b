"""Analyse a file for a vehicle, now or by a job; acknowledge what was found."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import audit, clock
from core.errors import DomainError, Unavailable
from core.files.errors import FileUnavailable
from core.files.services import put_bytes, read_bytes
from core.ids import NIL
from core.jobs import enqueue
from core.models import FilePurpose, StoredFile
from core.notes import notify
from core.rls import as_system, as_user
from garage.models import EcuBackup, Vehicle
from safety import engine, sandbox
from safety.engine import ENGINE_VERSION, RULESET_VERSION, Report, VehicleProfile
from safety.errors import AnalyserBusy, NothingToAcknowledge
from safety.formats.base import LIMITS, Definition, sha256
from safety.models import BaselineKind, ReportState, SafetyReport, Verdict
from safety.problems import NotAnalysed
from safety.profiles import profile_of
from safety.selectors import known_report, newest_verified_backup
from safety.services.definitions import matching
from safety.services.nearest import StandIn, stand_in
from safety.services.subjects import Subject, read_subject
from safety.services.wording import want_words
from users.models import User

AT_ONCE = 1024 * 1024  # bytes; a larger file, or one with a definition, waits for a worker
ASKS = frozenset({Verdict.CONFIRM, Verdict.INSUFFICIENT})
STUCK_AFTER = timedelta(hours=1)
MOST_STUCK = 500
WAITING = "The file waits for the analyser."


@dataclass(frozen=True)
class Case:
    """All that a report hangs on. `base` is (bytes, name) of the backup."""

    subject: Subject
    profile: VehicleProfile
    definition: Definition | None
    base: tuple[bytes, str] | None


def analyse(
    *, user: User, vehicle: Vehicle, subject: Subject, baseline: EcuBackup | None = None, wait: bool = False
) -> SafetyReport:
    """The report on this file for this vehicle; the same one again while nothing that matters has changed.

    Call it outside any transaction: the file is parsed in a limited process, for seconds at worst. A big file
    is left to a job (the report is then queued) unless the caller can `wait`. Raises AnalyserBusy (503).
    """
    definition = matching(subject.data, subject.name)
    with as_user(user):
        backup = baseline or newest_verified_backup(vehicle)
        profile = profile_of(vehicle)
        known = known_report(vehicle, subject.sha256, backup, profile, digest_of(definition))
        file = StoredFile.objects.filter(pk=backup.file_id).first() if backup else None
    if known is not None:
        return known
    if not wait and (definition is not None or len(subject.data) > AT_ONCE):
        return _queue(user, vehicle, subject, backup, profile, definition)
    base = (read_bytes(file, LIMITS.record_bytes), file.filename) if file else None
    found, other = judge(Case(subject, profile, definition, base))
    with as_user(user):
        row = _row(user, vehicle, subject, backup, profile, definition)
        row |= columns_of(found, other)
        report = _keep(row)
        want_words(report)
    return report


def judge(case: Case) -> tuple[Report, StandIn | None]:
    """Read and analyse; without a backup once more against the nearest verified tune. Raises AnalyserBusy."""
    found = in_the_sandbox(case, case.base, BaselineKind.BACKUP if case.base else None)
    if case.base is not None or found.reason:
        return found, None
    with as_system("verified tunes of others stand in for a backup"):
        other = stand_in(case.profile, found.tune, case.subject.sha256)
    if other is None:
        return found, None
    compared = in_the_sandbox(case, other.read(), BaselineKind.NEAREST)
    if compared.baseline is None:
        return found, None
    return without_tables_of_others(compared), other


def without_tables_of_others(report: Report) -> Report:
    """A stand-in is somebody else's work: its numbers are used, not shown."""
    tables = {key: replace(view, base=None) for key, view in report.tables.items()}
    findings = tuple(
        replace(finding, cells=tuple((*cell[:6], None) for cell in finding.cells))
        for finding in report.findings
    )
    return replace(report, tables=tables, findings=findings)


def finish(report_id: UUID) -> None:
    """Do what `analyse` put off; a report that is ready, or gone, stays as it is. Raises Unavailable: try again."""
    with as_system("the job analyses for whoever asked"):
        report = (
            SafetyReport.objects.live()
            .select_related("tune_version", "baseline_backup", "owner")
            .filter(pk=report_id, state=ReportState.QUEUED)
            .first()
        )
        if report is None:
            return
        source = report.tune_version or StoredFile.objects.live().filter(pk=report.file_id or NIL).first()
        backup = report.baseline_backup
        file = StoredFile.objects.get(pk=backup.file_id) if backup else None
    profile = VehicleProfile.from_dict(report.body["vehicle"])
    try:
        if source is None:
            raise FileUnavailable
        subject = read_subject(source)
        base = (read_bytes(file, LIMITS.record_bytes), file.filename) if file else None
        found, other = judge(Case(subject, profile, matching(subject.data, subject.name), base))
    except Unavailable:
        raise
    except DomainError as problem:
        found, other = engine.not_analysed(NotAnalysed("file_gone", problem.text), b"", profile), None
    with as_system("the job writes for whoever asked"):
        rows = SafetyReport.objects.filter(pk=report_id, state=ReportState.QUEUED)
        if rows.update(state=ReportState.READY, **columns_of(found, other)):
            report.refresh_from_db()
            tell(report)
            want_words(report)


def requeue_stuck() -> int:
    """Queued reports whose job gave up, or was lost: they are tried again. How many."""
    with as_system("the job looks after all queues"):
        rows = SafetyReport.objects.live().filter(
            state=ReportState.QUEUED, created_at__lt=clock.now() - STUCK_AFTER
        )
        ids = list(rows.values_list("pk", flat=True)[:MOST_STUCK])
        for report_id in ids:
            enqueue("safety.finish_report", report_id=str(report_id))
    return len(ids)


def tell(report: SafetyReport) -> None:
    """The owner hears that a report is there, through every way that is plugged in."""
    name = report.tune_version.tune.title if report.tune_version else report.filename
    notify(
        report.owner_id,
        "safety_report",
        f"{report.get_verdict_display()}: {name}",
        f"{len(report.body['findings'])} findings for {report.vehicle}.",
        report_id=report.pk,
        verdict=report.verdict,
    )


def acknowledge(*, user: User, report: SafetyReport, text: str) -> SafetyReport:
    """The owner confirms, by name, that they read the findings. Raises NothingToAcknowledge."""
    if report.verdict not in ASKS:
        raise NothingToAcknowledge
    if report.acknowledged_at is None:
        report.acknowledgement, report.acknowledged_at = text, clock.now()
        report.save(update_fields=["acknowledgement", "acknowledged_at"])
        codes = sorted({finding["code"] for finding in report.body["findings"]})
        audit.record(
            "safety.acknowledge",
            actor=user.pk,
            target=report.pk,
            verdict=report.verdict,
            text=text,
            codes=codes,
        )
    return report


def digest_of(definition: Definition | None) -> str:
    return sha256(definition.data) if definition else ""


def columns_of(found: Report, other: StandIn | None = None) -> dict[str, Any]:
    """The columns that an answer of the engine fills."""
    body = found.to_stored()
    filled: dict[str, Any] = {
        "engine_version": found.engine_version,
        "ruleset_version": found.ruleset_version,
        "verdict": found.verdict,
        "score": found.score,
        "coverage": found.coverage,
        "body": body,
    }
    if other is not None:
        filled |= {"baseline_kind": BaselineKind.NEAREST, "baseline_sha256": other.sha256}
    return filled


def in_the_sandbox(case: Case, base: tuple[bytes, str] | None, kind: BaselineKind | None) -> Report:
    """The engine's word on this case. Raises AnalyserBusy (503)."""
    try:
        return sandbox.analyse(
            case.subject.data,
            case.subject.name,
            case.profile,
            definition=case.definition,
            baseline=base,
            baseline_definition=matching(*base) if base and case.definition else None,
            baseline_kind=kind.value if kind else None,
        )
    except sandbox.SandboxUnavailable:
        raise AnalyserBusy(retry_after=5) from None


def _queue(  # noqa: PLR0917 -- one place calls it
    user: User,
    vehicle: Vehicle,
    subject: Subject,
    backup: EcuBackup | None,
    profile: VehicleProfile,
    definition: Definition | None,
) -> SafetyReport:
    """The report as a place to come back to, and the job that fills it."""
    with as_user(user):
        row = _row(user, vehicle, subject, backup, profile, definition)
        if subject.file_id is None and subject.version is None:
            file = put_bytes(
                user.pk, FilePurpose.ATTACHMENT, subject.name, "application/octet-stream", subject.data
            )
            row["file_id"] = file.pk
        row |= {
            "state": ReportState.QUEUED,
            "verdict": "",
            "score": 0,
            "coverage": 0.0,
            "body": {
                **engine.not_analysed(NotAnalysed("queued", WAITING), subject.data, profile).to_stored(),
                "findings": [],
                "not_checked": [],
                "verdict": "",
            },
        }
        report = _keep(row)
        if report.state == ReportState.QUEUED:
            enqueue("safety.finish_report", report_id=str(report.pk))
    return report


def _row(  # noqa: PLR0917 -- the columns that are known before the analysis
    user: User,
    vehicle: Vehicle,
    subject: Subject,
    backup: EcuBackup | None,
    profile: VehicleProfile,
    definition: Definition | None,
) -> dict[str, Any]:
    return {
        "owner": user,
        "vehicle": vehicle,
        "tune_version": subject.version,
        "file_id": subject.file_id,
        "filename": subject.name[:200],
        "baseline_backup": backup,
        "baseline_kind": BaselineKind.BACKUP if backup else BaselineKind.NONE,
        "baseline_sha256": backup.sha256 if backup else "",
        "definition_sha256": digest_of(definition),
        "tune_sha256": subject.sha256,
        "vehicle_digest": profile.digest,
        "ruleset_version": RULESET_VERSION,
        "engine_version": ENGINE_VERSION,
    }


KEY = (
    "vehicle",
    "tune_sha256",
    "baseline_sha256",
    "definition_sha256",
    "vehicle_digest",
    "ruleset_version",
)


def _keep(row: dict[str, Any]) -> SafetyReport:
    """Two who ask at once get one report."""
    key = {name: row[name] for name in KEY}
    rest = {name: value for name, value in row.items() if name not in KEY}
    report: SafetyReport = SafetyReport.objects.get_or_create(**key, deleted_at=None, defaults=rest)[0]
    return report
