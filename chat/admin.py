"""Staff pages of chat: records; the inbox is a page of its own."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from chat.models import CannedReply, Report, Thread
from core.staff import FactsAdmin


@admin.register(Thread)
class ThreadAdmin(FactsAdmin):
    list_display = ("__str__", "kind", "opened_by", "status", "assignee", "last_seq", "last_message_at")
    list_filter = ("kind", "status", "priority", "last_message_at")
    list_select_related = ("opened_by", "assignee")
    search_fields = ("subject", "opened_by__email", "opened_by__first_name", "opened_by__last_name", "id")
    fields = (
        ("kind", "subject"), ("opened_by", "assignee"), ("status", "priority", "snoozed_until"),
        ("context_type", "context_id"), ("last_seq", "last_message_at", "created_at"),
        ("first_response_due_at", "first_responded_at"),
    )  # fmt: skip
    readonly_fields = tuple(name for row in fields for name in row)


@admin.register(CannedReply)
class CannedReplyAdmin(ModelAdmin[CannedReply]):
    list_display = ("shortcut", "title", "team")
    list_filter = ("team",)
    search_fields = ("shortcut", "title", "body")


@admin.register(Report)
class ReportAdmin(FactsAdmin):
    list_display = ("reason", "reporter", "message_body", "created_at", "closed_at")
    list_filter = ("reason", "closed_at", "created_at")
    list_select_related = ("reporter", "message")
    search_fields = ("details", "reporter__email", "message__body")
    fields = (("reason", "reporter"), "message_body", "details", ("created_at", "closed_at", "closed_by"))
    readonly_fields = ("reason", "reporter", "message_body", "details", "created_at", "closed_at", "closed_by")

    @admin.display(description="Message")
    def message_body(self, row: Report) -> str:
        return row.message.body[:200]
