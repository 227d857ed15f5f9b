"""Backups and flashes: facts, with what the phone told beside them."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.staff import FactsAdmin, ask, deed
from garage.models import EcuBackup, FlashEvent, FlashJob, FlashWaiver
from garage.services import staff

LABELS = {
    "Verified": "success",
    "Being checked": "info",
    "Can't be read": "danger",
    "Completed": "success",
    "Restored": "warning",
    "Failed": "danger",
    "Writing": "info",
    "Verifying": "info",
    "Restoring": "warning",
}
VEHICLE_SEARCH = (
    "vehicle__vin", "vehicle__license_plate", "vehicle__nickname", "owner__first_name", "owner__last_name",
    "owner__email",
)  # fmt: skip


class ReadOnlyAdmin(FactsAdmin):
    """What phones and riders told: nobody types into it."""

    list_select_related: ClassVar[Any] = ("owner", "vehicle")
    search_fields: ClassVar[Any] = VEHICLE_SEARCH
    search_help_text = "VIN, plate, nickname, or the owner's name or mail"

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return [field.name for field in self.model._meta.concrete_fields]


@admin.register(EcuBackup)
class EcuBackupAdmin(ReadOnlyAdmin):
    list_display = ("filename", "vehicle", "owner", "shown_state", "family", "readable_size", "created_at")
    list_filter = ("state", "family", ("created_at", RangeDateFilter))
    list_filter_submit = True
    search_fields = (*VEHICLE_SEARCH, "sha256", "calibration_id", "filename")
    actions_detail: Any = ("verify_again",)

    @display(description="State", label=LABELS, ordering="state")
    def shown_state(self, row: EcuBackup) -> str:
        return row.get_state_display()

    @display(description="Size", ordering="size")
    def readable_size(self, row: EcuBackup) -> str:
        return filesizeformat(row.size)

    @deed("Read again", dialog=ask("Read this backup again?", "Read", "Its state is here in a moment."))
    def verify_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        change = partial(staff.verify_again, EcuBackup.objects.get(pk=object_id), by=request.user)
        return self.done(request, object_id, change, "It is read again now.")


class EventInline(TabularInline):
    model = FlashEvent
    extra = 0
    can_delete = False
    fields = ("at", "event", "percent", "detail", "applied", "state")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FlashJob)
class FlashJobAdmin(ReadOnlyAdmin):
    list_display = ("label", "vehicle", "owner", "shown_state", "percent", "source_kind", "created_at")
    list_filter = ("state", "source_kind", ("created_at", RangeDateFilter))
    list_filter_submit = True
    search_fields = (*VEHICLE_SEARCH, "label", "sha256")
    inlines = (EventInline,)

    @display(description="State", label=LABELS, ordering="state")
    def shown_state(self, row: FlashJob) -> str:
        return row.get_state_display()


@admin.register(FlashWaiver)
class FlashWaiverAdmin(ReadOnlyAdmin):
    """Granted on the vehicle's page."""

    list_display = ("code", "vehicle", "owner", "reason", "expires_at", "used_by")
    list_filter = ("code", ("created_at", RangeDateFilter))
    list_filter_submit = True
    list_select_related = ("owner", "vehicle", "used_by")
