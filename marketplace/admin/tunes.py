"""Tunes with their versions, the moderation queue, and reviews."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.decorators import display

from core.staff import FactsAdmin, ask, ask_why, deed
from marketplace import services
from marketplace.models import Compatibility, Tune, TuneReview, TuneVersion
from payments.amounts import money
from users.authentication import person

LABELS = {
    "Draft": "info",
    "Waiting for moderation": "warning",
    "Published": "success",
    "Retired": "info",
    "Hidden": "danger",
    "Shown": "success",
}


class VersionInline(TabularInline):
    model = TuneVersion
    extra = 0
    can_delete = False
    fields = (
        "number", "published_at", "state", "format", "family", "signature", "calibration_id", "size", "sha256",
        "changelog", "detail",
    )  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FitInline(TabularInline):
    """Staff may only say that they saw it run."""

    model = Compatibility
    extra = 0
    can_delete = False
    fields = ("label", "calibration_ids", "verified")
    readonly_fields = ("label", "calibration_ids")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Compatibility]:
        rows: QuerySet[Compatibility] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Vehicle")
    def label(self, row: Compatibility) -> str:
        return str(row)


@admin.register(Tune)
class TuneAdmin(FactsAdmin):
    """Filter by "Waiting for moderation" for the queue."""

    list_display = (
        "title",
        "tuner",
        "stage",
        "price",
        "shown_status",
        "shown_rating",
        "sales_count",
        "created_at",
    )
    list_filter = ("status", "stage", "fuel_type", "currency", "vin_bound", "created_at")
    list_filter_sheet = True
    list_select_related = ("tuner",)
    search_fields = ("title", "summary", "tuner__business", "tuner__user__email")
    inlines = (VersionInline, FitInline)
    fields = (
        ("title", "tuner"),
        ("stage", "fuel_type", "price", "vin_bound"),
        "summary",
        "description",
        "requirements",
        ("status", "moderation_reason"),
        ("published_at", "sales_count", "shown_rating"),
    )
    readonly_fields = (
        "title", "tuner", "stage", "fuel_type", "price", "vin_bound", "summary", "description", "requirements",
        "status", "moderation_reason", "published_at", "sales_count", "shown_rating",
    )  # fmt: skip
    actions_detail: Any = ("approve", "refuse")

    @display(description="Price", ordering="price_minor")
    def price(self, row: Tune) -> str:
        return money(row.price_minor, row.currency) if row.price_minor else "free"

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Tune) -> str:
        return row.get_status_display()

    @display(description="Rating", ordering="score")
    def shown_rating(self, row: Tune) -> str:
        return "-" if row.rating is None else f"{row.rating:.2f} of {row.rating_count}"

    @deed("Approve", ask("Put this tune on the shelf?", "Approve"))
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = Tune.objects.get(pk=object_id)
        act = partial(services.approve_tune, tune=row, staff=person(request))
        return self.done(request, object_id, act, "Published.")

    @deed("Refuse", ask_why("Send this tune back to its tuner?", "Refuse", "The tuner reads the reason."))
    def refuse(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = Tune.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(services.refuse_tune, tune=row, staff=person(request), reason=reason)
        return self.done(request, object_id, act, "The tuner is told.")


@admin.register(TuneReview)
class TuneReviewAdmin(FactsAdmin):
    list_display = ("tune", "author", "rating", "text", "shown", "created_at")
    list_filter = ("rating", "created_at")
    list_select_related = ("tune", "author")
    search_fields = ("tune__title", "author__email", "text")
    fields = ("tune", "author", "rating", "text", "reply", "hidden_reason", "created_at")
    readonly_fields = fields
    actions_detail: Any = ("hide", "show")

    @display(description="State", label=LABELS)
    def shown(self, row: TuneReview) -> str:
        return "Hidden" if row.hidden_reason else "Shown"

    @deed("Hide", ask_why("Hide this review?", "Hide", "It will no longer count."))
    def hide(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = TuneReview.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(services.hide_review, review=row, staff=person(request), reason=reason)
        return self.done(request, object_id, act, "Hidden.")

    @deed("Show", ask("Show this review again?", "Show"))
    def show(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = TuneReview.objects.get(pk=object_id)
        return self.done(
            request, object_id, partial(services.show_review, review=row, staff=person(request)), "Shown."
        )
