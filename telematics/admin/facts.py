"""What follows from samples, for staff: trips, codes, alerts, rules, keys; read only, and the way to a vehicle's health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.staff import FactsAdmin, ask, deed
from telematics.models import (
    Alert,
    AlertRule,
    DeviceKey,
    DtcDefinition,
    DtcEvent,
    Geofence,
    ImportJob,
    MaintenancePlan,
    Trip,
)
from telematics.selectors.dtc import describe
from telematics.services.devices import end_key

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

SEARCH = ("vehicle__vin", "vehicle__license_plate", "vehicle__nickname", "owner__email")


class AboutVehicle(FactsAdmin):
    """Rows about a vehicle: every field is read only."""

    list_select_related: ClassVar[Any] = ("vehicle", "owner")
    list_filter_submit = True
    search_fields: ClassVar[Any] = SEARCH
    search_help_text = "VIN, plate, nickname, or the owner's mail"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.model._meta.fields if field.name not in self.hidden]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_readonly_fields(request, obj)

    hidden: ClassVar[frozenset[str]] = frozenset({"id", "deleted_at", "rev"})

    @display(description="Health")
    def health(self, row: Any) -> SafeString:
        return format_html(
            '<a href="{}">Health page</a>', reverse("admin:telematics_health", args=[row.vehicle_id])
        )


@admin.register(Trip)
class TripAdmin(AboutVehicle):
    list_display = ("shown_start", "vehicle", "owner", "shown_way", "shown_fuel", "label", "health")
    list_filter: ClassVar[Any] = ("label", "distance_source", ("start_at", RangeDateTimeFilter))

    @display(description="Start", ordering="start_at")
    def shown_start(self, row: Trip) -> str:
        return f"{row.start_at:%d.%m.%Y %H:%M}"

    @display(description="Distance", ordering="distance_m")
    def shown_way(self, row: Trip) -> str:
        return f"{row.distance_m / 1000:.1f} km"

    @display(description="Fuel", ordering="fuel_l")
    def shown_fuel(self, row: Trip) -> str:
        return "" if row.fuel_l is None else f"{row.fuel_l:.2f} l"


@admin.register(DtcEvent)
class DtcEventAdmin(AboutVehicle):
    list_display = (
        "code",
        "meaning",
        "shown_status",
        "vehicle",
        "owner",
        "first_seen",
        "cleared_at",
        "health",
    )
    list_filter: ClassVar[Any] = (
        "status",
        ("cleared_at", admin.EmptyFieldListFilter),
        ("first_seen", RangeDateTimeFilter),
    )
    search_fields: ClassVar[Any] = ("code", *SEARCH)
    search_help_text = "Code, VIN, plate, nickname, or the owner's mail"

    @display(description="Meaning")
    def meaning(self, row: DtcEvent) -> str:
        return describe(row.code).text

    @display(
        description="Status",
        ordering="status",
        label={"Stored": "danger", "Permanent": "danger", "Pending": "warning", "Cleared": "success"},
    )
    def shown_status(self, row: DtcEvent) -> str:
        return "Cleared" if row.cleared_at else str(row.get_status_display())


@admin.register(Alert)
class AlertAdmin(AboutVehicle):
    list_display = ("title", "kind", "vehicle", "owner", "start_at", "seen_at", "health")
    list_filter: ClassVar[Any] = ("kind", ("start_at", RangeDateTimeFilter))


@admin.register(AlertRule)
class AlertRuleAdmin(AboutVehicle):
    list_display = ("__str__", "kind", "vehicle", "owner", "active", "since")
    list_filter: ClassVar[Any] = ("kind", "active")


@admin.register(Geofence)
class GeofenceAdmin(AboutVehicle):
    list_display = ("name", "owner", "radius_m", "created_at")
    list_select_related: ClassVar[Any] = ("owner",)
    search_fields: ClassVar[Any] = ("name", "owner__email")
    search_help_text = "Name, or the owner's mail"


@admin.register(MaintenancePlan)
class MaintenancePlanAdmin(AboutVehicle):
    list_display = ("title", "vehicle", "owner", "every_km", "every_months", "every_hours", "last_done_on")
    search_fields: ClassVar[Any] = ("title", *SEARCH)


@admin.register(DeviceKey)
class DeviceKeyAdmin(AboutVehicle):
    list_display = ("__str__", "protocol", "prefix", "vehicle", "owner", "last_used_at", "deleted_at")
    list_filter: ClassVar[Any] = ("protocol", ("last_used_at", RangeDateTimeFilter))
    hidden = AboutVehicle.hidden | {"digest"}
    actions_detail: Any = ("end",)

    @deed("End this key", dialog=ask("End this key?", "End it", "Its device is refused from then on."))
    def end(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        key = DeviceKey.objects.get(pk=object_id)
        return self.done(request, object_id, lambda: end_key(key), "The key is ended.")


@admin.register(ImportJob)
class ImportJobAdmin(AboutVehicle):
    list_display = (
        "format",
        "vehicle",
        "owner",
        "shown_state",
        "percent",
        "accepted",
        "skipped",
        "created_at",
    )
    list_filter: ClassVar[Any] = ("format", "state")

    @display(
        description="State",
        ordering="state",
        label={"Done": "success", "Failed": "danger", "Running": "info"},
    )
    def shown_state(self, row: ImportJob) -> str:
        return str(row.get_state_display())


@admin.register(DtcDefinition)
class DtcDefinitionAdmin(FactsAdmin):
    """Written by the command `import_dtc_codes`."""

    list_display = ("code", "make", "text")
    list_filter = ("make",)
    search_fields = ("code", "text", "make")
    readonly_fields = ("code", "make", "text")
