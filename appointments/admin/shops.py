"""Shops, hours, places, services, prices and offers: what staff edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from appointments.models import (
    Closure,
    Location,
    Offer,
    OpeningException,
    OpeningRule,
    Resource,
    Service,
    ServiceCategory,
    ServicePrice,
    WaitlistEntry,
)
from core.staff import FactsAdmin
from payments.amounts import money


class RuleInline(TabularInline):
    model = OpeningRule
    extra = 0
    fields = ("weekday", "opens", "closes", "valid_from", "valid_to")


class ExceptionInline(TabularInline):
    model = OpeningException
    extra = 0
    fields = ("day", "closed", "opens", "closes", "reason")


class ClosureInline(TabularInline):
    model = Closure
    extra = 0
    fields = ("starts_at", "ends_at", "reason")


class ResourceInline(TabularInline):
    model = Resource
    extra = 0
    fields = ("name", "kind", "skills", "active")


@admin.register(Location)
class LocationAdmin(ModelAdmin):
    list_display = ("name", "tz", "currency", "phone", "is_default", "active")
    list_filter = ("active", "currency")
    search_fields = ("name", "address", "phone")
    inlines = (RuleInline, ExceptionInline, ClosureInline, ResourceInline)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ServiceCategory)
class ServiceCategoryAdmin(ModelAdmin):
    list_display = ("name", "code", "position")
    search_fields = ("name", "code")


class PriceInline(TabularInline):
    model = ServicePrice
    extra = 0
    fields = (
        "vehicle_model", "location", "price_minor", "currency", "minutes", "valid_from", "valid_to",
    )  # fmt: skip
    autocomplete_fields = ("vehicle_model", "location")


@admin.register(Service)
class ServiceAdmin(ModelAdmin):
    list_display = ("name", "category", "minutes", "needs_skill", "at_home", "active")
    list_filter = ("category", "active", "at_home")
    list_select_related = ("category",)
    search_fields = ("name", "code")
    inlines = (PriceInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ServicePrice)
class ServicePriceAdmin(ModelAdmin):
    list_display = ("service", "vehicle_model", "location", "price", "minutes", "valid_from", "valid_to")
    list_filter = ("location", "service", "currency")
    list_select_related = ("service", "vehicle_model", "location")
    search_fields = ("service__name", "vehicle_model__name")
    autocomplete_fields = ("service", "vehicle_model", "location")

    @display(description="Price", ordering="price_minor")
    def price(self, row: ServicePrice) -> str:
        return money(row.price_minor, row.currency)


@admin.register(Offer)
class OfferAdmin(ModelAdmin):
    list_display = ("title", "worth", "starts_at", "expires_at", "used", "active")
    list_filter = ("active", "expires_at")
    search_fields = ("title", "description")
    filter_horizontal = ("locations", "vehicle_types")
    readonly_fields = ("redeemed_count",)

    @display(description="Worth")
    def worth(self, row: Offer) -> str:
        if row.percent_bps is not None:
            return f"{row.percent_bps / 100:g} %"
        return money(row.amount_minor or 0, row.currency)

    @display(description="Used")
    def used(self, row: Offer) -> str:
        return f"{row.redeemed_count} of {row.limit_total}" if row.limit_total else str(row.redeemed_count)


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(FactsAdmin):
    list_display = ("user", "location", "date_from", "date_to", "state", "created_at")
    list_filter = ("state", "location")
    list_select_related = ("user", "location")
    search_fields = ("user__email", "user__first_name", "user__last_name")
    fields = ("user", "location", "services", "vehicle_model", ("date_from", "date_to"), "state")
    readonly_fields = ("user", "location", "services", "vehicle_model", "date_from", "date_to", "state")
