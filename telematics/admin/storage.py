"""What is stored of each vehicle: found by plate, VIN or owner, with its months of segments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import Length, TruncMonth
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter
from unfold.decorators import display

from core import clock
from core.staff import FactsAdmin
from garage.models import Vehicle
from telematics.models import Archive, Latest, Segment, Tail

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from users.models import User

VEHICLE_SEARCH = ("vehicle__vin", "vehicle__license_plate", "vehicle__nickname", "vehicle__owner__email")
SILENT = timedelta(days=14)


@admin.register(Latest)
class LatestAdmin(FactsAdmin):
    """Read only: devices tell it."""

    list_display = ("vehicle", "owner", "shown_state", "t", "odometer", "mil", "dtc_count", "last_seen")
    list_filter: ClassVar[Any] = ("mil", ("last_seen", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related: ClassVar[Any] = ("vehicle__owner",)
    search_fields = VEHICLE_SEARCH
    search_help_text = "VIN, plate, nickname, or the owner's mail"
    ordering = ("-last_seen",)
    fields: ClassVar[Any] = (
        "vehicle", "owner", "t", "last_seen", "odometer", "mil", "dtc_count", "keep_days", "last_values", "stored",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    @display(description="Owner", ordering="vehicle__owner__email")
    def owner(self, row: Latest) -> User:
        return row.vehicle.owner

    @display(description="State", label={"Silent": "warning", "Heard of": "success"})
    def shown_state(self, row: Latest) -> str:
        return "Silent" if row.last_seen < clock.now() - SILENT else "Heard of"

    @display(description="Last values")
    def last_values(self, row: Latest) -> SafeString:
        cells = ((name, value) for name, (value, _) in sorted(row.vals.items()))
        return format_html(
            "<table>{}</table>", format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", cells)
        )

    @display(description="Stored segments")
    def stored(self, row: Latest) -> SafeString:
        """By month: segments, samples, packed bytes, first and last instant."""
        segments = Segment.objects.filter(vehicle_id=row.pk).annotate(month=TruncMonth("t0")).values("month")
        months = segments.annotate(
            many=Count("t0"), samples=Sum("n"), size=Sum(Length("data")), first=Min("t0"), last=Max("t1")
        ).order_by("-month")
        lines = (
            (
                f"{one['month']:%Y-%m}",
                f"{one['many']:,} segments",
                f"{one['samples']:,} samples",
                f"{one['size'] / one['samples']:.1f} bytes a sample",
                f"{one['first']:%d.%m. %H:%M} to {one['last']:%d.%m. %H:%M}",
            )
            for one in months
        )
        table = format_html_join(
            "", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", lines
        )
        waiting = Tail.objects.filter(vehicle_id=row.pk).count()
        return format_html("<table>{}</table><p>{} single samples wait to be packed</p>", table, waiting)


@admin.register(Archive)
class ArchiveAdmin(FactsAdmin):
    """Months in the file store. Read only: retention writes them."""

    list_display = ("month", "vehicle", "rows", "shown_size", "t0", "t1", "ended_at")
    list_filter: ClassVar[Any] = (("month", RangeDateFilter), ("ended_at", admin.EmptyFieldListFilter))
    search_fields: ClassVar[Any] = ("key",)
    search_help_text = "Part of the key, such as the id of a vehicle"
    readonly_fields: ClassVar[Any] = (
        "month",
        "vehicle",
        "key",
        "rows",
        "shown_size",
        "t0",
        "t1",
        "created_at",
        "ended_at",
    )
    fields: ClassVar[Any] = readonly_fields

    @display(description="Vehicle")
    def vehicle(self, row: Archive) -> str:
        return str(Vehicle.objects.filter(pk=row.vehicle_id).first() or "gone")

    @display(description="Size", ordering="size")
    def shown_size(self, row: Archive) -> str:
        return filesizeformat(row.size)
