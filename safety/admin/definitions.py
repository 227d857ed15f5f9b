"""Definitions of images: only staff bring them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.errors import Invalid
from safety import services
from safety.formats.base import LIMITS
from safety.models import DefinitionKind, RomDefinition
from safety.services.definitions import LEAST_ID, problem_of
from users.authentication import person


class DefinitionForm(forms.ModelForm):  # type: ignore[type-arg]  # of RomDefinition, at run time not generic
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)
    kind = forms.ChoiceField(choices=DefinitionKind.choices, widget=UnfoldAdminSelectWidget)
    ecu_id = forms.CharField(
        min_length=LEAST_ID,
        max_length=80,
        label="ECU id",
        help_text="Text that stands in every image for this ECU; for an ini, in the signature of the tune.",
        widget=UnfoldAdminTextInputWidget,
    )
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget, help_text=f"At most {LIMITS.definition_bytes // 2**20} MB."
    )

    class Meta:
        model = RomDefinition
        fields = ["name", "kind", "ecu_id"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        upload, kind = given.get("file"), given.get("kind")
        if upload is None or kind is None:
            return given
        if upload.size > LIMITS.definition_bytes:
            self.add_error("file", f"At most {LIMITS.definition_bytes:,} bytes are read.")
            return given
        given["data"] = upload.read()
        if problem := problem_of(DefinitionKind(kind), given["data"]):
            self.add_error("file", problem)
        return given

    def validate_unique(self) -> None:
        """One with the same id and kind is replaced."""


@admin.register(RomDefinition)
class RomDefinitionAdmin(ModelAdmin):
    """A file is never changed: bring a new one with the same id, or delete it."""

    list_display = ("name", "kind", "ecu_id", "size_kb", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("name", "ecu_id", "sha256")
    form = DefinitionForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[RomDefinition]:
        rows: QuerySet[RomDefinition] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("name", "kind", "ecu_id")
        return (*shown, "filename", "sha256", "size", "created_at") if obj else (*shown, "file")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        try:
            row = services.add_definition(
                name=given["name"],
                kind=DefinitionKind(given["kind"]),
                ecu_id=given["ecu_id"],
                data=given["data"],
                filename=given["file"].name,
                staff_id=person(request).pk,
            )
        except Invalid as problem:
            messages.error(request, problem.text)
            return
        obj.pk = row.pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: RomDefinition) -> None:
        obj.tombstone()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        queryset.tombstone()

    @display(description="Size", ordering="size")
    def size_kb(self, row: RomDefinition) -> str:
        return f"{row.size / 1024:,.0f} kB"
