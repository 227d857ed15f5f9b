"""What safety plugs into the lower floors: a reader of ECU files, and the gate before a flash."""

from typing import Any

from garage.errors import UnreadableFile
from garage.ports import BACKUP, EcuFileFacts, FlashRequest, Objection, file_readers, flash_gates
from safety import sandbox
from safety.errors import AnalyserBusy
from safety.models import SafetyReport, Verdict
from safety.selectors import current_report, newest_verified_backup
from safety.services import ASKS
from safety.vehicle import VehicleProfile

ABOUT_THE_FILE = frozenset({"A", "B"})
GRAVE = frozenset({"high", "critical"})


class EngineReader:
    """Reads tunes and backups in the limited process. Verified: nothing critical about the file itself (group A, B)."""

    def read(self, data: bytes, filename: str) -> EcuFileFacts:
        try:
            report = sandbox.analyse(data, filename, VehicleProfile())
        except sandbox.SandboxUnavailable:
            raise AnalyserBusy(retry_after=5) from None
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


class ReportGate:
    """No flash without a report on exactly this file, this vehicle as it is now, and its newest verified backup."""

    def objections(self, flash: FlashRequest) -> list[Objection]:
        if flash.source_kind == BACKUP:
            return []
        backup = newest_verified_backup(flash.vehicle)
        report = current_report(
            vehicle=flash.vehicle,
            tune_sha256=flash.file.sha256,
            baseline_sha256=backup.sha256 if backup else "",
            report_id=flash.safety_report_id,
        )
        if report is None:
            return [self._missing(flash)]
        return self._judge(report, flash)

    def _missing(self, flash: FlashRequest) -> Objection:
        if flash.safety_report_id is not None:
            return Objection(
                "safety_report_outdated",
                "This report is not about this file, this vehicle as it is now and its newest backup."
                " Analyse again.",
            )
        return Objection("safety_report_missing", "Analyse this tune against this vehicle first.")

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


def grave_findings(report: SafetyReport) -> list[dict[str, Any]]:
    """The findings that stand in the way, with table and cells."""
    return [finding for finding in report.body["findings"] if finding["severity"] in GRAVE]


def headline(report: SafetyReport) -> str:
    """One sentence that names the worst table and the reason."""
    worst = next(iter(report.body["findings"]), None)
    if worst is None:
        return "Too little of this tune could be checked."
    place = worst["table"] or worst["scalar"]
    return f"{worst['title']}{f' ({place})' if place else ''}: {worst['explanation']}"


file_readers.register("engine", EngineReader())
flash_gates.register("safety", ReportGate())
