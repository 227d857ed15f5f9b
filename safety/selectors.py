"""Reads of reports, and the choice of a baseline."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from garage.models import EcuBackup, Vehicle
from garage.selectors.backups import baseline_for
from marketplace.models import Compatibility, Entitlement, Tune, TuneStatus, TuneVersion
from safety.engine import RULESET_VERSION
from safety.models import BaselineKind, FitmentReport, ReportState, RomDefinition, SafetyReport, Verdict
from safety.profiles import profile_of
from safety.vehicle import VehicleProfile


def newest_verified_backup(vehicle: Vehicle) -> EcuBackup | None:
    """The default baseline: what the ECU held when it was last read whole."""
    return baseline_for(vehicle.pk)


def _reports(
    vehicle: Vehicle, tune_sha256: str, backup: EcuBackup | None, profile: VehicleProfile
) -> QuerySet[SafetyReport]:
    """For this file, this baseline, the vehicle as it is, and today's rules; the newest first.

    Without a backup a report against a stand-in counts as well as one against nothing.
    """
    rows: QuerySet[SafetyReport] = SafetyReport.objects.live().filter(
        vehicle=vehicle,
        tune_sha256=tune_sha256,
        vehicle_digest=profile.digest,
        ruleset_version=RULESET_VERSION,
    )
    if backup is not None:
        rows = rows.filter(baseline_sha256=backup.sha256, baseline_kind=BaselineKind.BACKUP)
    else:
        rows = rows.exclude(baseline_kind=BaselineKind.BACKUP)
    return rows.order_by("-created_at", "-id")


def known_report(
    vehicle: Vehicle,
    tune_sha256: str,
    backup: EcuBackup | None,
    profile: VehicleProfile,
    definition_sha256: str,
) -> SafetyReport | None:
    """What was said already, or is being found out, under the same circumstances."""
    rows = _reports(vehicle, tune_sha256, backup, profile)
    return rows.filter(definition_sha256=definition_sha256).first()


def current_report(
    *, vehicle: Vehicle, tune_sha256: str, backup: EcuBackup | None, report_id: UUID
) -> SafetyReport | None:
    """The report of that id, if it holds now. One that hangs on a withdrawn definition does not."""
    known = RomDefinition.objects.filter(deleted_at=None, sha256=OuterRef("definition_sha256"))
    rows = _reports(vehicle, tune_sha256, backup, profile_of(vehicle)).filter(
        Q(definition_sha256="") | Exists(known), pk=report_id, state=ReportState.READY
    )
    return rows.first()


def shows_tables(report: SafetyReport, user: Any) -> bool:
    """Whoever brought the file or bought the tune sees its tables; a passer-by sees the judgement only."""
    if report.tune_version is None:
        return True
    tune_id = report.tune_version.tune_id
    return (
        Entitlement.objects.visible_to(user).filter(tune_id=tune_id, status="active").exists()
        or Tune.objects.visible_to(user).filter(pk=tune_id, tuner__user=user).exists()
    )


def shown_body(report: SafetyReport, user: Any) -> dict[str, Any]:
    """The body as this person may see it: without the right to the tables their numbers are left out everywhere."""
    body: dict[str, Any] = report.body
    if shows_tables(report, user):
        return body
    findings = [
        {**finding, "cells": [[*cell[:4], None, None, None] for cell in finding["cells"]]}
        for finding in body["findings"]
    ]
    return {**body, "findings": findings, "tables": {}}


def worded(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the sentences of a language model in place of the built-in explanations, where there are any."""
    words = body.get("words") or []
    if not any(words):
        return body
    findings = [
        {**finding, "explanation": text or finding["explanation"]}
        for finding, text in zip(body["findings"], words, strict=False)
    ]
    return {**body, "findings": findings}


def unchecked_versions() -> QuerySet[TuneVersion]:
    """Live versions that today's rules have not judged for all that is declared. Needs the system role.

    Live is the newest published version of a tune on sale. A changed fitment, another ruleset and, for files that
    nobody understood, a new definition make it due again.
    """
    reports = FitmentReport.objects.filter(version=OuterRef("pk"), deleted_at=None)
    newer = TuneVersion.objects.filter(
        tune=OuterRef("tune_id"),
        deleted_at=None,
        published_at__isnull=False,
        number__gt=OuterRef("number"),
    )
    fits = Compatibility.objects.filter(tune=OuterRef("tune_id"))
    oldest = reports.order_by("checked_at").values("checked_at")[:1]
    learnt = RomDefinition.objects.filter(deleted_at=None, created_at__gt=OuterRef("checked_at"))
    rows: QuerySet[TuneVersion] = (
        TuneVersion.objects.filter(
            Exists(fits.filter(deleted_at=None)),
            ~Exists(newer),
            deleted_at=None,
            published_at__isnull=False,
            state="readable",
            tune__status=TuneStatus.PUBLISHED,
            tune__deleted_at=None,
        )
        .annotate(oldest_check=oldest)
        .filter(
            Q(oldest_check=None)
            | Exists(reports.exclude(ruleset_version=RULESET_VERSION))
            | Exists(fits.filter(updated_at__gt=OuterRef("oldest_check")))
            | Exists(reports.filter(Exists(learnt), verdict=Verdict.NOT_ANALYSED))
        )
    )
    return rows.order_by("pk")
