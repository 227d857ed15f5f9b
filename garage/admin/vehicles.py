"""A vehicle on the phone with its owner: found by VIN, plate or name, told by its timeline."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.dataclasses import ActionDialog
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from core.staff import FactsAdmin, ask_why, deed
from garage.models import OdometerEntry, ReadingSource, Vehicle
from garage.selectors.timeline import timeline_of
from garage.services import staff
from garage.services.vehicles import notes_on
from garage.vin import VinError, normalise_vin, validate_vin


class WaiverForm(BaseDialogForm):
    code = forms.ChoiceField(
        label="Which objection", choices=[("no_verified_backup", "No verified backup of the ECU")]
    )
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class VehicleForm(forms.ModelForm[Vehicle]):
    """Staff type VINs as badly as owners do."""

    def clean_vin(self) -> str:
        vin = normalise_vin(self.cleaned_data["vin"])
        if vin:
            try:
                validate_vin(vin)
            except VinError as problem:
                raise forms.ValidationError(problem.message) from None
        return vin


class DeletedFilter(admin.SimpleListFilter):
    """Live vehicles unless asked."""

    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.exclude(deleted_at=None)
            case "all":
                return queryset
            case _:
                return queryset.filter(deleted_at=None)


@admin.register(Vehicle)
class VehicleAdmin(FactsAdmin):
    form = VehicleForm
    list_display = ("shown_name", "owner", "vin", "license_plate", "odometer_km", "dongle_id", "updated_at")
    list_filter = (DeletedFilter, "fuel_type", "dongle_connection_type", ("created_at", RangeDateFilter))
    list_filter_submit = True
    list_select_related = ("owner",)
    search_fields = (
        "vin", "license_plate", "nickname", "make", "model", "dongle_id", "owner__first_name",
        "owner__last_name", "owner__email", "owner__phone",
    )  # fmt: skip
    search_help_text = "VIN, plate, dongle, make, model, or the owner's name, mail or phone"
    autocomplete_fields = ("vehicle_model",)
    readonly_fields = (
        "owner",
        "vin_notes",
        "dongle_id",
        "dongle_connection_type",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (None, {"fields": (
            "owner", ("nickname", "license_plate"), ("make", "model"), ("trim", "year"), ("vin", "odometer_km"),
            "vin_notes", ("fuel_type", "vehicle_model"),
        )}),
        ("Dongle", {"classes": ["tab"], "fields": ("dongle_id", "dongle_connection_type")}),
        ("ECU", {"classes": ["tab"], "fields": (
            "ecu_family", "ecu_hardware", "ecu_software", "ecu_calibration_id",
        )}),
        ("Engine", {"classes": ["tab"], "fields": (
            ("engine_displacement_cc", "engine_cylinders"), ("engine_stroke", "engine_aspiration"),
            ("engine_redline_rpm", "engine_compression"), "engine_injector_cc_min",
        )}),
        ("Notes", {"classes": ["tab"], "fields": ("mods", "notes", "created_at", "updated_at")}),
    )  # fmt: skip
    actions_detail = ("waive", "free_dongle")
    change_form_after_template: Any = "garage/timeline.html"

    @display(description="Vehicle", ordering="make", header=True)
    def shown_name(self, row: Vehicle) -> tuple[str, str]:
        return str(row), f"{row.year or ''} {row.make} {row.model}".strip()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        row = Vehicle.objects.filter(pk=object_id).first() if object_id else None
        context = (extra_context or {}) | {"timeline": timeline_of(row.pk) if row else []}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What the owner's own writes do: the VIN is read again, and the odometer keeps its history."""
        obj.vin_notes = notes_on(obj.vin, obj.year)
        super().save_model(request, obj, form, change)
        if "odometer_km" in form.changed_data and obj.odometer_km is not None:
            OdometerEntry.objects.create(
                owner_id=obj.owner_id,
                vehicle=obj,
                reading_km=obj.odometer_km,
                source=ReadingSource.CORRECTION,
                note="by support",
            )

    @deed(
        "Let a flash pass",
        dialog=ActionDialog(
            title="Let the next flash of this vehicle pass an objection?",
            description="For one flash within 24 hours. Without a backup a failed flash can't be undone.",
            form_class=WaiverForm,
            form_submit_text="Let it pass",
        ),
    )
    def waive(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        told = {name: form.cleaned_data[name] for name in ("code", "reason")}
        change = partial(staff.waive, Vehicle.objects.get(pk=object_id), by=request.user, **told)
        return self.done(request, object_id, change, "The next flash passes this objection.")

    @deed(
        "Free the dongle", dialog=ask_why("Unlink the dongle?", "Unlink", "Another vehicle can have it then.")
    )
    def free_dongle(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        vehicle = Vehicle.objects.get(pk=object_id)
        change = partial(staff.free_dongle, vehicle, by=request.user, reason=form.cleaned_data["reason"])
        return self.done(request, object_id, change, "The dongle is free.")
