"""Reads of reports, and the choice of a baseline."""

from typing import Any
from uuid import UUID

from garage.models import BackupState, EcuBackup, Vehicle
from marketplace.models import Entitlement, Tune
from safety.engine import RULESET_VERSION
from safety.models import SafetyReport
from safety.profiles import profile_of


def newest_verified_backup(vehicle: Vehicle) -> EcuBackup | None:
    """The default baseline: what the ECU held when it was last read whole."""
    found: EcuBackup | None = (
        EcuBackup.objects.live()
        .filter(vehicle=vehicle, state=BackupState.VERIFIED)
        .order_by("-created_at", "-id")
        .first()
    )
    return found


def current_report(
    *, vehicle: Vehicle, tune_sha256: str, baseline_sha256: str, report_id: UUID | None = None
) -> SafetyReport | None:
    """The report that holds now: for this file, this baseline, the vehicle as it is, and today's rules."""
    rows = SafetyReport.objects.live().filter(
        vehicle=vehicle,
        tune_sha256=tune_sha256,
        baseline_sha256=baseline_sha256,
        vehicle_digest=profile_of(vehicle).digest,
        ruleset_version=RULESET_VERSION,
    )
    if report_id is not None:
        rows = rows.filter(pk=report_id)
    found: SafetyReport | None = rows.first()
    return found


def shows_tables(report: SafetyReport, user: Any) -> bool:
    """Whoever brought the file or bought the tune sees its tables; a passer-by sees the judgement only."""
    if report.tune_version is None:
        return True
    tune_id = report.tune_version.tune_id
    return (
        Entitlement.objects.visible_to(user).filter(tune_id=tune_id, status="active").exists()
        or Tune.objects.visible_to(user).filter(pk=tune_id, tuner__user=user).exists()
    )
