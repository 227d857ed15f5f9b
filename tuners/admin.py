"""Staff verify tuners and moderate what is said of them."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from core import audit
from core.files.services import signed_download
from core.models import StoredFile
from core.staff import FactsAdmin, ask, ask_why, deed
from tuners import services
from tuners.models import TunerApplication, TunerCertification, TunerProfile, TunerReview
from users.authentication import person

LABELS = {
    "Submitted": "warning",
    "Approved": "success",
    "Refused": "danger",
    "Not looked at": "warning",
    "Accepted": "success",
    "Verified": "success",
    "A certification expired": "warning",
    "Suspended by staff": "danger",
    "Hidden": "danger",
    "Shown": "success",
}


def paper_link(row: TunerCertification) -> SafeString:
    return format_html(
        '<a href="{}">Open</a>', reverse("admin:tuners_tunercertification_paper", args=[row.pk])
    )


class CertificationInline(TabularInline):
    model = TunerCertification
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("title", "kind", "issuer", "number", "expires_on", "paper", "status", "reason")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Document")
    def paper(self, row: TunerCertification) -> SafeString:
        return paper_link(row)


@admin.register(TunerApplication)
class TunerApplicationAdmin(FactsAdmin):
    """The queue: papers first, then the decision."""

    list_display = ("business", "user", "role", "shown_status", "papers", "created_at", "decided_by")
    list_filter = ("status", "role", "created_at")
    list_select_related = ("user", "decided_by")
    search_fields = ("business", "user__email", "user__first_name", "user__last_name", "location")
    inlines = (CertificationInline,)
    fields = (
        ("business", "user", "role"),
        ("location", "specialities"),
        "bio",
        "statement",
        ("status", "reason"),
        ("decided_by", "decided_at", "created_at"),
    )
    readonly_fields = (
        "business", "user", "role", "location", "specialities", "bio", "statement", "status", "reason",
        "decided_by", "decided_at", "created_at",
    )  # fmt: skip
    actions_detail: Any = ("approve", "refuse")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TunerApplication]:
        open_papers = Count("certifications", filter=Q(certifications__status="pending"))
        rows: QuerySet[TunerApplication] = super().get_queryset(request).annotate(papers_open=open_papers)
        return rows

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: TunerApplication) -> str:
        return row.get_status_display()

    @display(description="Papers to check")
    def papers(self, row: Any) -> int:
        return int(row.papers_open)

    @deed("Approve", ask("Verify this tuner?", "Verify"))
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = TunerApplication.objects.get(pk=object_id)
        act = partial(services.approve, application=row, staff=person(request))
        return self.done(request, object_id, act, "The tuner is verified.")

    @deed("Refuse", ask_why("Refuse this application?", "Refuse"))
    def refuse(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = TunerApplication.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(services.refuse, application=row, staff=person(request), reason=reason)
        return self.done(request, object_id, act, "The applicant is told.")


@admin.register(TunerCertification)
class TunerCertificationAdmin(FactsAdmin):
    list_display = ("title", "user", "kind", "expires_on", "shown_status", "reviewed_by", "created_at")
    list_filter = ("status", "kind", "expires_on")
    list_select_related = ("user", "reviewed_by")
    search_fields = ("title", "issuer", "number", "user__email")
    fields = (
        ("title", "kind"),
        ("user", "application"),
        ("issuer", "number", "expires_on"),
        "paper",
        ("status", "reason"),
        ("reviewed_by", "reviewed_at"),
    )
    readonly_fields = (
        "title", "kind", "user", "application", "issuer", "number", "expires_on", "paper", "status", "reason",
        "reviewed_by", "reviewed_at",
    )  # fmt: skip
    actions_detail: Any = ("accept", "refuse")

    def get_urls(self) -> list[URLPattern]:
        opened = self.admin_site.admin_view(self.open_paper)
        return [path("<uuid:pk>/paper/", opened, name="tuners_tunercertification_paper"), *super().get_urls()]

    def open_paper(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The private document, by a short-lived URL; who opened it is kept."""
        row = TunerCertification.objects.get(pk=pk)
        audit.record("tuner.paper_opened", actor=request.user.pk, target=row.pk, request=request)
        return HttpResponseRedirect(signed_download(StoredFile.objects.get(pk=row.file_id)).url)

    @display(description="Document")
    def paper(self, row: TunerCertification) -> SafeString:
        return paper_link(row)

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: TunerCertification) -> str:
        return row.get_status_display()

    @deed("Accept", ask("Accept this document?", "Accept"))
    def accept(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = TunerCertification.objects.get(pk=object_id)
        act = partial(services.check_certification, certification=row, staff=person(request), accepted=True)
        return self.done(request, object_id, act, "Accepted.")

    @deed("Refuse", ask_why("Refuse this document?", "Refuse"))
    def refuse(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = TunerCertification.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(
            services.check_certification,
            certification=row,
            staff=person(request),
            accepted=False,
            reason=reason,
        )
        return self.done(request, object_id, act, "Refused.")


@admin.register(TunerProfile)
class TunerProfileAdmin(FactsAdmin):
    list_display = (
        "business",
        "user",
        "location",
        "shown_status",
        "verified_until",
        "rating",
        "rating_count",
    )
    list_filter = ("status", "role", "verified_until")
    list_select_related = ("user",)
    search_fields = ("business", "location", "user__email", "user__first_name", "user__last_name")
    fields = (
        ("business", "user", "role"),
        "bio",
        ("location", "specialities"),
        ("status", "suspended_reason"),
        ("verified_at", "verified_until"),
        ("rating", "rating_count", "score"),
    )
    readonly_fields = (
        "user", "role", "specialities", "status", "suspended_reason", "verified_at", "verified_until", "rating",
        "rating_count", "score",
    )  # fmt: skip
    actions_detail: Any = ("suspend", "reinstate")

    @display(description="Verification", label=LABELS, ordering="status")
    def shown_status(self, row: TunerProfile) -> str:
        return row.get_status_display()

    @display(description="Rating", ordering="score")
    def rating(self, row: TunerProfile) -> str:
        return "-" if row.rating is None else f"{row.rating:.2f}"

    @deed("Suspend", ask_why("Suspend this tuner?", "Suspend"))
    def suspend(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = TunerProfile.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(services.suspend, profile=row, staff=person(request), reason=reason)
        return self.done(request, object_id, act, "Suspended.")

    @deed("Reinstate", ask("Reinstate this tuner?", "Reinstate"))
    def reinstate(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = TunerProfile.objects.get(pk=object_id)
        act = partial(services.reinstate, profile=row, staff=person(request))
        return self.done(request, object_id, act, "Reinstated.")


@admin.register(TunerReview)
class TunerReviewAdmin(FactsAdmin):
    list_display = ("tuner", "author", "rating", "text", "shown", "created_at")
    list_filter = ("rating", "created_at")
    list_select_related = ("tuner", "author")
    search_fields = ("tuner__business", "author__email", "text")
    fields = ("tuner", "author", "rating", "text", "reply", "hidden_reason", "right_kind", "created_at")
    readonly_fields = fields
    actions_detail: Any = ("hide", "show")

    @display(description="State", label=LABELS)
    def shown(self, row: TunerReview) -> str:
        return "Hidden" if row.hidden_reason else "Shown"

    @deed("Hide", ask_why("Hide this review?", "Hide"))
    def hide(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row, reason = TunerReview.objects.get(pk=object_id), form.cleaned_data["reason"]
        act = partial(services.hide_review, review=row, staff=person(request), reason=reason)
        return self.done(request, object_id, act, "Hidden.")

    @deed("Show", ask("Show this review again?", "Show"))
    def show(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = TunerReview.objects.get(pk=object_id)
        return self.done(
            request, object_id, partial(services.show_review, review=row, staff=person(request)), "Shown."
        )
