"""What was found in versions on sale; the list of those whose verdict changed with the rules."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.staff import FactsAdmin, ask, deed
from marketplace.models import TuneStatus
from safety import services
from safety.admin.labels import COLOURS
from safety.engine import RULESET_VERSION
from safety.models import FitmentReport
from safety.report import text
from safety.report.model import Report
from users.authentication import person


class ChangedFilter(admin.SimpleListFilter):
    title = "changed verdict"
    parameter_name = "changed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Changed, on sale"), ("all", "Changed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        rows = queryset.filter(changed_at__isnull=False)
        return rows.filter(version__tune__status=TuneStatus.PUBLISHED) if self.value() == "live" else rows


class RulesFilter(admin.SimpleListFilter):
    title = "rules"
    parameter_name = "rules"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today's"), ("old", "Older")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "today":
            return queryset.filter(ruleset_version=RULESET_VERSION)
        return queryset.exclude(ruleset_version=RULESET_VERSION) if self.value() == "old" else queryset


@admin.register(FitmentReport)
class FitmentReportAdmin(FactsAdmin):
    """Search for a tune's title to see what was found in it."""

    list_display = ("tune", "version", "label", "said", "before", "score", "coverage_percent", "checked_at")
    list_filter = (ChangedFilter, "verdict", RulesFilter, "checked_at")
    list_select_related = ("version__tune__tuner",)
    search_fields = ("version__tune__title", "version__tune__tuner__business", "label", "version__sha256")
    fields = (
        "tune_link",
        "version",
        "label",
        "said",
        "before",
        "changed_at",
        "score",
        "coverage_percent",
        "ruleset_version",
        "checked_at",
        "as_text",
    )
    readonly_fields = fields
    actions_detail: Any = ("seen",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FitmentReport]:
        rows: QuerySet[FitmentReport] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    @display(description="Tune", ordering="version__tune__title")
    def tune(self, report: FitmentReport) -> str:
        return str(report.version.tune)

    @display(description="Tune")
    def tune_link(self, report: FitmentReport) -> SafeString:
        tune = report.version.tune
        address = reverse("admin:marketplace_tune_change", args=[tune.pk])
        return format_html('<a href="{}">{}</a> ({})', address, tune, tune.get_status_display())

    @display(description="Verdict", label=COLOURS, ordering="verdict")
    def said(self, report: FitmentReport) -> tuple[str, str]:
        return report.verdict, report.get_verdict_display()

    @display(description="Before")
    def before(self, report: FitmentReport) -> str:
        return report.get_previous_verdict_display()

    @display(description="Covered", ordering="coverage")
    def coverage_percent(self, report: FitmentReport) -> str:
        return f"{report.coverage:.0%}"

    @display(description="The report")
    def as_text(self, report: FitmentReport) -> SafeString:
        return format_html("<pre>{}</pre>", text.render(Report.from_stored(report.body)))

    @deed("Seen", ask("Take this report off the list of changed verdicts?", "Seen"))
    def seen(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        report = FitmentReport.objects.get(pk=object_id)
        act = partial(services.seen, report, person(request).pk)
        return self.done(request, object_id, act, "Off the list.")
