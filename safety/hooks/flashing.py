"""Plugs of the garage: a reader of ECU files, the gate before a flash, lines of a vehicle's story."""

from uuid import UUID

from django.urls import reverse

from garage.errors import UnreadableFile
from garage.ports import (
    BACKUP,
    EcuFileFacts,
    FlashRequest,
    Objection,
    TimelineEvent,
    acknowledged,
    file_readers,
    flash_gates,
    timeline_sources,
)
from safety import sandbox
from safety.errors import AnalyserBusy
from safety.hooks.telling import grave_findings, headline
from safety.models import ReportState, SafetyReport, Verdict
from safety.selectors import current_report, newest_verified_backup
from safety.services import ASKS, matching
from safety.services.definitions import is_image
from safety.vehicle import VehicleProfile
from users.models import User

ABOUT_THE_FILE = frozenset({"A", "B"})


class EngineReader:
    """Reads tunes and backups in the limited process. Verified: nothing critical about the file itself (group A, B)."""

    def read(self, data: bytes, filename: str) -> EcuFileFacts:
        try:
            report = sandbox.analyse(data, filename, VehicleProfile(), definition=matching(data, filename))
        except sandbox.SandboxUnavailable:
            raise AnalyserBusy(retry_after=5) from None
        if report.verdict == Verdict.NOT_ANALYSED and is_image(data, filename):
            # An image may be whole without anybody here knowing it: kept, never verified, looked at by a person.
            return EcuFileFacts(format=ending_of(filename), detail=report.reason)
        if report.reason:
            raise UnreadableFile(report.reason)
        defects = [
            finding
            for finding in report.findings
            if finding.group in ABOUT_THE_FILE and finding.severity == "critical"
        ]
        sums = {finding.code for finding in defects if finding.code.startswith("CHECKSUM")}
        return EcuFileFacts(
            format=report.tune["format"],
            family=report.tune["family"],
            signature=report.tune["signature"][:200],
            calibration_id=report.tune["calibration_id"][:80],
            checksum_ok=False if sums else None,
            verified=not defects,
            detail=" ".join(f"{finding.title}: {finding.explanation}" for finding in defects),
        )


def ending_of(filename: str) -> str:
    ending = filename.rpartition(".")[2].lower()
    return ending if ending in {"bin", "hex", "s19"} else "image"


class ReportGate:
    """No flash without a report on exactly this file, this vehicle as it is now, and its newest verified backup."""

    def objections(self, flash: FlashRequest) -> list[Objection]:
        if flash.source_kind == BACKUP:
            return []
        if flash.safety_report_id is None:
            text = "Analyse this tune against this vehicle first, and name the report."
            return [Objection("safety_report_missing", text)]
        report = current_report(
            vehicle=flash.vehicle,
            tune_sha256=flash.file.sha256,
            backup=newest_verified_backup(flash.vehicle),
            report_id=flash.safety_report_id,
        )
        if report is None:
            text = (
                "This report is not about this file, this vehicle as it is now and its newest backup,"
                " under today's rules. Analyse again."
            )
            return [Objection("safety_report_outdated", text)]
        return self._judge(report, flash)

    def _judge(self, report: SafetyReport, flash: FlashRequest) -> list[Objection]:
        detail = {"report_id": str(report.pk), "verdict": report.verdict, "findings": grave_findings(report)}
        if report.verdict == Verdict.BLOCK:
            return [Objection("safety_blocked", headline(report), detail)]
        if report.verdict == Verdict.NOT_ANALYSED:
            text = "Nobody here understands this file, so nobody can say what it does."
            return [Objection("safety_not_analysed", text, detail, waivable=True)]
        if report.verdict in ASKS and not (report.acknowledged_at or flash.acknowledgement.strip()):
            return [Objection("safety_confirmation_needed", headline(report), detail)]
        return []


class SaidOfTheReport:
    """What the owner confirmed when they read the report."""

    def words(self, user: User, report_id: UUID) -> str:
        rows = SafetyReport.objects.visible_to(user).filter(pk=report_id)
        return rows.values_list("acknowledgement", flat=True).first() or ""


class Analyses:
    """What was judged for a vehicle."""

    def events(self, vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
        rows = SafetyReport.objects.live().filter(vehicle_id=vehicle_id, state=ReportState.READY)
        newest = rows.select_related("tune_version__tune").defer("body").order_by("-created_at")[:limit]
        return [
            TimelineEvent(
                at=row.created_at,
                kind="safety",
                title=f"Analysed: {row.get_verdict_display()}",
                detail=str(row.tune_version.tune) if row.tune_version else row.filename,
                link=reverse("admin:safety_safetyreport_change", args=[row.pk]),
            )
            for row in newest
        ]


file_readers.register("engine", EngineReader())
flash_gates.register("safety", ReportGate())
acknowledged.register("safety", SaidOfTheReport())
timeline_sources.register("safety", Analyses())
