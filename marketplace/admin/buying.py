"""Purchases, entitlements and their downloads."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.decorators import display

from core.staff import FactsAdmin, ask, deed
from marketplace import services
from marketplace.models import Download, Entitlement, Purchase
from payments.amounts import money
from users.authentication import person

LABELS = {
    "Waiting for payment": "warning",
    "Paid": "success",
    "Expired": "info",
    "Refunded": "danger",
    "Charged back": "danger",
    "Active": "success",
    "Suspended during a dispute": "warning",
    "Ended": "danger",
}


@admin.register(Purchase)
class PurchaseAdmin(FactsAdmin):
    """Money itself is moved in payments; the right follows."""

    list_display = ("tune", "user", "price", "shown_status", "paid_at", "created_at")
    list_filter = ("status", "currency", "created_at")
    list_select_related = ("tune", "user")
    search_fields = ("tune__title", "user__email", "user__first_name", "user__last_name", "vin", "id")
    fields = (
        ("tune", "version"),
        ("user", "vehicle", "vin"),
        ("price", "shown_status"),
        ("created_at", "paid_at", "ended_at"),
    )
    readonly_fields = (
        "tune", "version", "user", "vehicle", "vin", "price", "shown_status", "created_at", "paid_at", "ended_at",
    )  # fmt: skip

    @display(description="Price", ordering="price_minor")
    def price(self, row: Purchase) -> str:
        back = f", {money(row.refunded_minor, row.currency)} given back" if row.refunded_minor else ""
        return (money(row.price_minor, row.currency) if row.price_minor else "free") + back

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Purchase) -> str:
        return row.get_status_display()


class DownloadInline(TabularInline):
    model = Download
    extra = 0
    can_delete = False
    max_num = 0
    fields = ("at", "version", "result", "user_agent")
    readonly_fields = fields


@admin.register(Entitlement)
class EntitlementAdmin(FactsAdmin):
    list_display = ("tune", "user", "shown_status", "vin", "downloads", "granted_at")
    list_filter = ("status", "granted_at")
    list_select_related = ("tune", "user")
    search_fields = ("tune__title", "user__email", "vin")
    inlines = (DownloadInline,)
    fields = (("tune", "user"), ("shown_status", "vin", "vehicle"), "downloads", ("granted_at", "ended_at"))
    readonly_fields = (
        "tune", "user", "shown_status", "vin", "vehicle", "downloads", "granted_at", "ended_at",
    )  # fmt: skip
    actions_detail: Any = ("renew",)

    @display(description="Downloads")
    def downloads(self, row: Entitlement) -> str:
        return f"{row.download_count} of {row.download_limit}"

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Entitlement) -> str:
        return row.get_status_display()

    @deed("Renew downloads", ask("Give ten more downloads?", "Renew"))
    def renew(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = Entitlement.objects.get(pk=object_id)
        act = partial(services.renew_downloads, entitlement=row, staff=person(request))
        return self.done(request, object_id, act, "Ten more downloads.")
