"""Reports of people: one for each tune, baseline, definition, state of the vehicle and ruleset."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models import EcuBackup, Vehicle
from marketplace.models import TuneVersion
from safety.models.choices import BaselineKind, ReportState, Verdict


class SafetyReport(Record):
    """What the engine said of one file against one vehicle. `body` is `safety.report.Report.to_stored()`.

    `body.words` are sentences of a language model, by the number of the finding; "" where the built-in ones stand.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="+")
    tune_version = models.ForeignKey(
        TuneVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    file_id = models.UUIDField(
        null=True, blank=True, help_text="Core's stored file, when the owner brought it."
    )
    filename = models.CharField(max_length=200, blank=True)
    baseline_backup = models.ForeignKey(
        EcuBackup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=8, choices=ReportState.choices, default=ReportState.READY)
    baseline_kind = models.CharField(max_length=8, choices=BaselineKind.choices, blank=True)
    definition_sha256 = models.CharField("SHA-256 of the definition", max_length=64, blank=True)
    tune_sha256 = models.CharField("SHA-256 of the tune", max_length=64)
    baseline_sha256 = models.CharField("SHA-256 of the baseline", max_length=64, blank=True)
    vehicle_digest = models.CharField(max_length=64, help_text="SHA-256 of the vehicle's facts.")
    ruleset_version = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=20)
    verdict = models.CharField(
        max_length=20, choices=Verdict.choices, blank=True, help_text="Empty while queued."
    )
    score = models.PositiveSmallIntegerField(help_text="Risk found, 0 to 100.")
    coverage = models.FloatField(help_text="Share of the applicable rules that could run.")
    body = models.JSONField()
    acknowledgement = models.TextField(blank=True, help_text="What the owner confirmed, in their words.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="safety_reports_of_owner"),
            models.Index(fields=["vehicle", "tune_sha256"], name="safety_reports_of_tune"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "vehicle",
                    "tune_sha256",
                    "baseline_sha256",
                    "definition_sha256",
                    "vehicle_digest",
                    "ruleset_version",
                ],
                condition=Q(deleted_at=None),
                name="safety_report_once",
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="safety_score_is_percent"),
            models.CheckConstraint(
                condition=Q(state="queued", verdict="") | Q(state="ready") & ~Q(verdict=""),
                name="safety_ready_means_judged",
            ),
            models.CheckConstraint(condition=Q(coverage__range=(0, 1)), name="safety_coverage_is_share"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display() or self.get_state_display()}: {self.filename or self.tune_sha256[:12]}"
