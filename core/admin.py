"""What staff see of core."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from unfold.admin import ModelAdmin
from unfold.decorators import display

from core.models import StoredFile


@admin.register(StoredFile)
class StoredFileAdmin(ModelAdmin):
    """Facts only: a file is made by its owner and never changed."""

    list_display = ("shown_name", "owner_name", "purpose", "readable_size", "shown_state", "created_at")
    list_filter = ("purpose", "state", "created_at")
    search_fields = ("filename", "sha256", "owner_id")
    search_help_text = "File name, SHA-256 or the owner's id"
    fields = (
        "shown_name",
        "owner_name",
        "purpose",
        "content_type",
        "readable_size",
        "sha256",
        "shown_state",
        "created_at",
        "completed_at",
        "deleted_at",
    )
    readonly_fields = fields
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """One statement names the owners of the whole page."""
        page: ChangeList = super().get_changelist_instance(request)
        rows: Any = page.result_list
        people = get_user_model()._default_manager.in_bulk({row.owner_id for row in rows})
        for row in rows:
            row.owner_found = people.get(row.owner_id)
        return page

    @display(description="File", ordering="filename")
    def shown_name(self, file: StoredFile) -> str:
        return file.filename or "(wiped)"

    @display(description="Owner")
    def owner_name(self, file: Any) -> str:
        if not hasattr(file, "owner_found"):
            file.owner_found = get_user_model()._default_manager.filter(pk=file.owner_id).first()
        return str(file.owner_found or "unknown or erased")

    @display(description="Size", ordering="size")
    def readable_size(self, file: StoredFile) -> str:
        return str(filesizeformat(file.size)) if file.size else "not announced"

    @display(description="State", label={"complete": "success", "pending": "info", "deleted": "danger"})
    def shown_state(self, file: StoredFile) -> str:
        return "deleted" if file.deleted_at else file.state
