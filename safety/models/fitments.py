"""What the engine said of a version on sale, for each kind of vehicle that its tuner declares."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from marketplace.models import TuneVersion
from safety.models.choices import Verdict


class FitmentQuerySet(ScopedQuerySet["FitmentReport"]):
    """Whoever may see the version may see what was found in it."""

    def history_of(self, user: Any) -> "FitmentQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        return Q(Exists(TuneVersion.objects.visible_to(user).filter(pk=OuterRef("version_id"))))


class FitmentReport(Record):
    """One version against one kind of vehicle; a newer ruleset writes the same row again.

    profile: the facts that were assumed (`VehicleProfile`); profile_digest: of these without the name.
    body: as `SafetyReport.body`, without the tables, which are the tuner's work.
    previous_verdict: what an earlier ruleset said, where that was something else; staff look into it.
    """

    version = models.ForeignKey(TuneVersion, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=200, help_text="The declared vehicles, in words.")
    profile = models.JSONField()
    profile_digest = models.CharField(max_length=64)
    definition_sha256 = models.CharField("SHA-256 of the definition", max_length=64, blank=True)
    ruleset_version = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    score = models.PositiveSmallIntegerField(help_text="Risk found, 0 to 100.")
    coverage = models.FloatField(help_text="Share of the applicable rules that could run.")
    body = models.JSONField()
    previous_verdict = models.CharField(max_length=20, choices=Verdict.choices, blank=True)
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="When another ruleset said something else."
    )
    checked_at = models.DateTimeField()

    objects: ClassVar[Any] = FitmentQuerySet.as_manager()

    class Meta:
        verbose_name = "fitment report"
        indexes = [
            models.Index(
                fields=["-changed_at"], condition=Q(changed_at__isnull=False), name="safety_fitments_changed"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "profile_digest"], condition=Q(deleted_at=None), name="safety_fitment_once"
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="safety_fitment_score"),
            models.CheckConstraint(condition=Q(coverage__range=(0, 1)), name="safety_fitment_coverage"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.label}"
