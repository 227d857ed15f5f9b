"""Members: who, on what plan, in which state, and why they left."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import display

from core.staff import ask_why, deed
from memberships.admin.base import ClubFacts
from memberships.models import Membership, MembershipInvoice
from memberships.services.leaving import end_by_staff
from memberships.states import LIVE
from payments.amounts import money
from users.authentication import person

LABELS = {
    "Waiting for the first payment": "info",
    "Active": "success",
    "Payment due": "warning",
    "Halted": "danger",
    "Cancelled": "danger",
    "Expired": "danger",
}


class InvoiceInline(TabularInline):
    model = MembershipInvoice
    verbose_name_plural = "invoices"
    extra = 0
    can_delete = False
    fields = ("kind", "plan", "price", "credit", "status", "period_start", "period_end", "paid_at")
    readonly_fields = fields
    ordering = ("-created_at",)

    @display(description="Price")
    def price(self, row: MembershipInvoice) -> str:
        return money(row.price_minor, row.currency)

    @display(description="Credit")
    def credit(self, row: MembershipInvoice) -> str:
        return money(row.credit_minor, row.currency) if row.credit_minor else ""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(ClubFacts):
    list_display = ("user", "plan", "shown_status", "price", "period_end", "leaving", "why", "started_at")
    list_filter = ("status", "plan", "end_reason", "churn_reason", "cancel_at_period_end", "started_at")
    list_select_related = ("user", "plan")
    search_fields = ("user__email", "user__first_name", "user__last_name", "user__phone", "churn_note")
    search_help_text = "Name, mail, phone, or words of who left"
    date_hierarchy = "created_at"
    inlines = (InvoiceInline,)
    actions_detail: Any = ("end_now",)
    fields = (
        ("user", "plan"),
        ("shown_status", "next_plan"),
        ("price", "gateway"),
        ("renewal", "leaving"),
        ("started_at", "halted_at"),
        ("period_start", "period_end"),
        ("suspended_at", "ended_at"),
        ("why", "churn_note"),
    )
    readonly_fields = (
        "user", "plan", "next_plan", "shown_status", "price", "gateway", "renewal", "started_at", "period_start",
        "period_end", "leaving", "halted_at", "suspended_at", "ended_at", "why", "churn_note",
    )  # fmt: skip

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        live = Membership.objects.filter(pk=object_id, status__in=LIVE).exists()
        found: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return found if live else []

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Membership) -> str:
        return row.get_status_display()

    @display(description="Price", ordering="price_minor")
    def price(self, row: Membership) -> str:
        return f"{money(row.price_minor, row.currency)} a {row.interval}"

    @display(description="Leaves", ordering="cancel_at_period_end")
    def leaving(self, row: Membership) -> str:
        return "at the end of the period" if row.cancel_at_period_end else ""

    @display(description="Why")
    def why(self, row: Membership) -> str:
        words = (row.get_end_reason_display(), row.get_churn_reason_display())
        return ": ".join(filter(None, words))

    @display(description="Renewal")
    def renewal(self, row: Membership) -> str:
        return "by its gateway" if row.subscription_id else "each period is sold as an order"

    @deed(
        "End now",
        ask_why("End this membership now?", "End", "Benefits stop at once. Money is given back in payments."),
    )
    def end_now(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        end = partial(
            end_by_staff,
            membership_id=UUID(object_id),
            reason=form.cleaned_data["reason"],
            by=person(request),
        )
        return self.done(request, object_id, end, "Ended.")
