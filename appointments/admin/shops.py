"""Shops, hours, places, services, prices and offers: what staff edit."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

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
from appointments.services.commission import rate_of
from core.staff import FactsAdmin
from payments.amounts import money
from tuners.models import TunerProfile


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


class TunerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic when it runs
    """A tuner by the name of their business; the shop keeps the user's id."""

    def __init__(self, **kwargs: Any) -> None:
        tuners = TunerProfile.objects.filter(deleted_at=None).order_by("business")
        super().__init__(
            tuners,
            to_field_name="user",
            required=False,
            widget=UnfoldAdminSelectWidget,
            empty_label="The house",
            **kwargs,
        )

    def clean(self, value: Any) -> UUID | None:
        found = super().clean(value)
        return found.user_id if found else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


class LocationForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic when it runs
    tuner_id = TunerChoice(
        label="Whose shop it is", help_text="They earn what is paid there, but for the commission."
    )

    class Meta:
        model = Location
        fields = (
            "name", "tz", "address", "phone", "email", "about", "lat", "lng", "currency", "tuner_id", "commission_bps",
            "active", "is_default", "slot_step", "min_notice", "horizon_days", "buffer_before", "buffer_after",
            "confirm_by_hand", "deposit_bps", "cancel_notice", "late_fee_bps", "reschedule_notice", "reschedule_limit",
            "tax_bps",
        )  # fmt: skip


@admin.register(Location)
class LocationAdmin(ModelAdmin):
    form = LocationForm
    list_display = ("name", "tz", "currency", "phone", "owner", "commission", "is_default", "active")
    list_filter = ("active", "currency")
    search_fields = ("name", "address", "phone")
    inlines = (RuleInline, ExceptionInline, ClosureInline, ResourceInline)

    def get_queryset(self, request: HttpRequest) -> Any:
        name = TunerProfile.objects.filter(user=OuterRef("tuner_id")).values("business")[:1]
        return super().get_queryset(request).annotate(owner_name=Subquery(name))

    @display(description="Whose", ordering="owner_name")
    def owner(self, row: Any) -> str:
        return row.owner_name or ("A tuner who left" if row.tuner_id else "The house")

    @display(description="Commission")
    def commission(self, row: Location) -> str:
        if row.tuner_id is None:
            return "-"
        return f"{rate_of(row) / 100:g} %" + ("" if row.commission_bps is not None else " (the house's)")

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
