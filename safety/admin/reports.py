"""Reports for support: who, which vehicle, which tune, what was said."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from safety.admin.labels import COLOURS
from safety.models import ReportState, SafetyReport
from safety.report import text
from safety.report.model import Report


@admin.register(SafetyReport)
class SafetyReportAdmin(ModelAdmin):
    """Read only: a report is what the engine said."""

    list_display = (
        "created_at",
        "said",
        "vehicle",
        "owner",
        "tune_name",
        "score",
        "coverage_percent",
        "confirmed",
    )
    list_filter = ("verdict", "state", "baseline_kind", "ruleset_version", "created_at")
    list_select_related = ("vehicle", "owner", "tune_version__tune")
    search_fields = ("filename", "tune_sha256", "owner__email", "vehicle__nickname", "vehicle__vin")
    date_hierarchy = "created_at"
    fields = (
        "owner",
        "vehicle",
        "tune_version",
        "filename",
        "said",
        "score",
        "coverage_percent",
        "baseline_kind",
        "baseline_backup",
        "acknowledgement",
        "acknowledged_at",
        "as_text",
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Verdict", label=COLOURS, ordering="verdict")
    def said(self, report: SafetyReport) -> tuple[str, str]:
        return report.verdict, report.get_verdict_display() or report.get_state_display()

    @display(description="Tune")
    def tune_name(self, report: SafetyReport) -> str:
        return str(report.tune_version.tune) if report.tune_version else report.filename

    @display(description="Covered", ordering="coverage")
    def coverage_percent(self, report: SafetyReport) -> str:
        return f"{report.coverage:.0%}"

    @display(description="Confirmed", boolean=True)
    def confirmed(self, report: SafetyReport) -> bool:
        return report.acknowledged_at is not None

    @display(description="The report")
    def as_text(self, report: SafetyReport) -> str:
        if report.state != ReportState.READY:
            return report.get_state_display()
        return format_html("<pre>{}</pre>", text.render(Report.from_stored(report.body)))
