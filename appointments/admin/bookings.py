"""Appointments as facts, and the way to the desk."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.admin import TabularInline
from unfold.decorators import action, display

from appointments.admin.desk import DeskView
from appointments.models import Allocation, Appointment, AppointmentLine, StatusChange
from core.staff import FactsAdmin
from payments.amounts import money
from payments.ledger import WHOLE, split
from users.models import User

_WITH_LINK: Any = action(description="Workshop desk", url_path="open-desk")
LABELS = {
    "Waiting for payment": "warning",
    "Waiting for the shop": "warning",
    "Confirmed": "info",
    "In progress": "info",
    "Completed": "success",
    "Cancelled": "danger",
    "Did not come": "danger",
}


def _open_desk(self: Any, request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:appointments_desk"))


class Facts(TabularInline):
    extra = 0
    max_num = 0
    can_delete = False


class LineInline(Facts):
    model = AppointmentLine
    fields = ("name", "minutes", "price", "discount", "tax")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("appointment")

    @display(description="Price")
    def price(self, row: AppointmentLine) -> str:
        return money(row.price_minor, row.appointment.currency)

    @display(description="Discount")
    def discount(self, row: AppointmentLine) -> str:
        return money(row.discount_minor, row.appointment.currency)

    @display(description="Tax inside")
    def tax(self, row: AppointmentLine) -> str:
        return money(row.tax_minor, row.appointment.currency)


class PlaceInline(Facts):
    model = Allocation
    fields = ("resource", "period", "hold_expires_at")
    readonly_fields = fields


class ChangeInline(Facts):
    model = StatusChange
    fields = ("at", "old", "new", "reason")
    readonly_fields = fields


@admin.register(Appointment)
class AppointmentAdmin(FactsAdmin):
    list_display = ("reference", "start_at", "location", "who", "shown_status", "total")
    list_filter = ("status", "location", "source", "payment_method", "start_at")
    list_select_related = ("location", "user")
    search_fields = (
        "reference", "customer_name", "customer_phone", "customer_email", "user__email", "user__first_name",
        "user__last_name", "user__phone", "vehicle__license_plate",
    )  # fmt: skip
    search_help_text = "Reference, name, phone, mail or plate"
    inlines = (LineInline, PlaceInline, ChangeInline)
    actions_list: Any = ("open_desk",)
    sidebar_pages = (("Workshop desk", "admin:appointments_desk"),)
    open_desk: Any = _WITH_LINK(_open_desk)
    fields = (
        ("reference", "shown_status", "source"),
        ("location", "start_at", "end_at"),
        ("user", "customer_name"),
        ("customer_phone", "customer_email"),
        ("vehicle", "vehicle_model", "odometer_km"),
        ("service_location", "address"),
        ("total", "due", "paid"),
        ("fee", "payment_method"),
        "commission",
        "notes",
    )
    readonly_fields = (
        "reference", "shown_status", "source", "location", "start_at", "end_at", "user", "customer_name",
        "customer_phone", "customer_email", "vehicle", "vehicle_model", "odometer_km", "service_location",
        "address", "total", "due", "paid", "fee", "payment_method", "commission",
        "notes",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        desk = self.admin_site.admin_view(DeskView.as_view(admin=self))
        return [path("desk/", desk, name="appointments_desk"), *super().get_urls()]

    @display(description="Who")
    def who(self, row: Appointment) -> str:
        return row.who

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Appointment) -> str:
        return row.get_status_display()

    @display(description="Total", ordering="total_minor")
    def total(self, row: Appointment) -> str:
        return money(row.total_minor, row.currency)

    @display(description="Due when booked")
    def due(self, row: Appointment) -> str:
        return money(row.due_minor, row.currency)

    @display(description="Paid")
    def paid(self, row: Appointment) -> str:
        return money(row.paid_minor, row.currency)

    @display(description="Kept as a fee")
    def fee(self, row: Appointment) -> str:
        return money(row.fee_minor, row.currency)

    @display(description="Commission")
    def commission(self, row: Appointment) -> str:
        """Who earns it and what the house keeps, as it was on the day of booking."""
        if row.payee_id is None:
            return "None: the house's own shop earns all of it."
        who = User.objects.filter(pk=row.payee_id).first() or "a tuner who left"
        if row.commission_free_minor:
            spared = money(row.commission_free_minor, row.currency)
            return f"None: a member was spared {spared}. {who} earns all that is paid."
        kept = money(
            split(row.total_minor, [WHOLE - row.commission_bps, row.commission_bps])[1], row.currency
        )
        return f"{row.commission_bps / 100:g} % ({kept} of the total). {who} earns the rest."
