"""What staff see of sync: the letters that never arrived."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from sync.models import SyncRejection


@admin.register(SyncRejection)
class SyncRejectionAdmin(ModelAdmin):
    """Facts only: support reads here why an app's record was refused."""

    list_display = ("collection", "code", "record", "client_id", "created_at")
    list_filter = ("collection", "code", "created_at")
    search_fields = ("record", "stream", "client_id")
    search_help_text = "Id of the record, of the person or of the installation"
    fields = (
        "collection",
        "code",
        "errors",
        "payload",
        "record",
        "stream",
        "client_id",
        "push_id",
        "created_at",
    )
    readonly_fields = fields
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
