"""Background jobs, in our dress. Arguments may hold addresses, so only superusers read them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

admin.site.unregister(ProcrastinateJob)


class EventInline(TabularInline):
    model = ProcrastinateEvent
    extra = 0
    can_delete = False
    fields = ("type", "at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ProcrastinateJob)
class JobAdmin(ProcrastinateJobAdmin, ModelAdmin):  # type: ignore[misc]  # two untyped parents
    list_display = ["task_name", "shown_status", "queue_name", "attempts", "scheduled_at"]
    list_filter = ["status", "queue_name", "task_name"]
    search_fields = ["task_name"]
    fields = [
        "task_name",
        "status",
        "queue_name",
        "lock",
        "queueing_lock",
        "priority",
        "scheduled_at",
        "attempts",
        "args",
    ]
    ordering = ["-id"]
    inlines = [EventInline]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        superuser = request.user.is_superuser
        return [name for name in self.fields if name != "args" or superuser]

    def get_queryset(self, request: HttpRequest) -> Any:
        return ModelAdmin.get_queryset(self, request)

    @display(
        description="Status",
        label={
            "todo": "info",
            "doing": "warning",
            "succeeded": "success",
            "failed": "danger",
            "aborted": "danger",
        },
    )
    def shown_status(self, job: ProcrastinateJob) -> str:
        return str(job.status)
