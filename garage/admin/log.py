"""The owner's log, to read."""

from typing import Any, ClassVar

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from garage.admin.flashing import VEHICLE_SEARCH, ReadOnlyAdmin
from garage.models import Document, FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord


class LogAdmin(ReadOnlyAdmin):
    list_filter: ClassVar[Any] = (("created_at", RangeDateFilter),)
    list_filter_submit = True
    search_fields: ClassVar[Any] = (*VEHICLE_SEARCH, "title")


@admin.register(ServiceRecord)
class ServiceRecordAdmin(LogAdmin):
    list_display = ("title", "vehicle", "owner", "done_on", "odometer_km")


@admin.register(Mod)
class ModAdmin(LogAdmin):
    list_display = ("title", "vehicle", "owner", "part_number", "installed_on")


@admin.register(FuelUp)
class FuelUpAdmin(LogAdmin):
    list_display = ("shown_amount", "vehicle", "owner", "filled_on", "odometer_km", "station")
    search_fields = (*VEHICLE_SEARCH, "station")

    @display(description="Fuel", ordering="quantity")
    def shown_amount(self, row: FuelUp) -> str:
        return f"{row.quantity.normalize():f} {row.unit}"


@admin.register(Document)
class DocumentAdmin(LogAdmin):
    list_display = ("title", "kind", "vehicle", "owner", "expires_on")
    list_filter = ("kind", ("expires_on", RangeDateFilter))


@admin.register(Reminder)
class ReminderAdmin(LogAdmin):
    list_display = ("title", "vehicle", "owner", "due_on", "due_odometer_km", "done_at")


@admin.register(OdometerEntry)
class OdometerEntryAdmin(LogAdmin):
    list_display = ("reading_km", "vehicle", "owner", "source", "read_at")
    list_filter = ("source", ("read_at", RangeDateFilter))
    search_fields = VEHICLE_SEARCH
