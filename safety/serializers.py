"""Shapes of reports."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import EcuBackup, Vehicle
from marketplace.models import Tune
from safety.models import SafetyReport
from safety.selectors import shown_body, worded


class AnalyzeInput(StrictSerializer):
    """One vehicle, and one file: a tune's newest version, an uploaded file, or the file itself (multipart)."""

    vehicle_id = VisibleField(Vehicle, source="vehicle")
    tune_id = VisibleField(Tune, source="tune", required=False)
    file_id = serializers.UUIDField(required=False)
    file = serializers.FileField(required=False, allow_empty_file=False)
    baseline_backup_id = VisibleField(EcuBackup, source="baseline", required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("tune", "file_id", "file") if name in attrs]
        if len(given) != 1:
            raise ValidationError({"tune_id": ["Give exactly one of tune_id, file_id and file."]})
        baseline = attrs.get("baseline")
        if baseline and baseline.vehicle_id != attrs["vehicle"].pk:
            raise ValidationError({"baseline_backup_id": ["This backup is of another vehicle."]})
        if baseline and baseline.state != "verified":
            raise ValidationError({"baseline_backup_id": ["This backup was not verified."]})
        return attrs


class FindingSerializer(StrictSerializer):
    """One observation; `cells` are [row, column, x, y, value, limit, baseline].

    Value, limit and baseline are null for whoever has not bought the tune.
    """

    code = serializers.CharField()
    group = serializers.CharField()
    severity = serializers.ChoiceField(choices=["info", "low", "medium", "high", "critical"])
    title = serializers.CharField()
    explanation = serializers.CharField()
    table = serializers.CharField()
    scalar = serializers.CharField()
    source_name = serializers.CharField()
    cells = serializers.ListField(child=serializers.ListField(child=serializers.FloatField(allow_null=True)))
    value = serializers.JSONField(allow_null=True)
    limit = serializers.JSONField(allow_null=True)
    limit_source = serializers.CharField()
    confidence = serializers.CharField()
    suggestion = serializers.CharField()
    words = serializers.CharField(
        help_text="Plainer words of a language model where the house uses one, else those of `explanation`."
    )


class NotCheckedSerializer(StrictSerializer):
    code = serializers.CharField()
    reason = serializers.CharField()


class ReportSummarySerializer(StrictModelSerializer[SafetyReport]):
    """A report in a list."""

    vehicle_id = serializers.UUIDField()
    tune_id = serializers.UUIDField(source="tune_version.tune_id", default=None, allow_null=True)
    tune_version_id = serializers.UUIDField(allow_null=True)
    baseline_backup_id = serializers.UUIDField(allow_null=True)
    findings_count = serializers.SerializerMethodField()

    class Meta:
        model = SafetyReport
        fields = [
            "id",
            "vehicle_id",
            "tune_id",
            "tune_version_id",
            "file_id",
            "filename",
            "baseline_backup_id",
            "baseline_kind",
            "tune_sha256",
            "state",
            "verdict",
            "score",
            "coverage",
            "findings_count",
            "ruleset_version",
            "acknowledgement",
            "acknowledged_at",
            "created_at",
            "updated_at",
            "rev",
        ]
        read_only_fields = fields

    def get_findings_count(self, report: SafetyReport) -> int:
        return len(report.body["findings"])


class ReportSerializer(ReportSummarySerializer):
    """A whole report, as the engine wrote it. While `state` is queued there is no verdict yet."""

    group_shares = serializers.DictField(source="body.group_shares", child=serializers.FloatField())
    findings = serializers.SerializerMethodField()
    not_checked = NotCheckedSerializer(source="body.not_checked", many=True)
    engine_version = serializers.CharField()
    tune = serializers.DictField(source="body.tune")
    baseline = serializers.DictField(source="body.baseline", allow_null=True)
    vehicle = serializers.DictField(source="body.vehicle")
    reason = serializers.CharField(source="body.reason")
    disclaimer = serializers.CharField(source="body.disclaimer")

    class Meta(ReportSummarySerializer.Meta):
        fields = [
            *ReportSummarySerializer.Meta.fields,
            "group_shares",
            "findings",
            "not_checked",
            "engine_version",
            "tune",
            "baseline",
            "vehicle",
            "reason",
            "disclaimer",
        ]
        read_only_fields = fields

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, report: SafetyReport) -> list[dict[str, Any]]:
        body = shown_body(report, self.context["request"].user)
        told = zip(body["findings"], worded(body)["findings"], strict=True)
        return [{**finding, "words": words["explanation"]} for finding, words in told]


class AcknowledgeInput(StrictSerializer):
    acknowledgement = StrictCharField(
        min_length=3, max_length=2000, help_text="What you confirm, in your own words."
    )
