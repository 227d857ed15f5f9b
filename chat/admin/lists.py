"""Conversations, ready answers and blocks as plain lists. What was said stands in the inbox, for support only."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from chat.models import Block, CannedReply, Participant, Thread
from chat.selectors.clock import first_answer
from chat.selectors.conversation import SUPPORT
from chat.selectors.inbox import PRIORITIES
from chat.services.sending import STAFFED
from core import audit, clock
from core.staff import FactsAdmin, ask, deed, in_group

STATUS_COLOURS = {
    "Open": "danger",
    "Waiting for the customer": "info",
    "Snoozed": "warning",
    "Resolved": "success",
}
CLOCK_COLOURS = {"due": "info", "overdue": "danger", "late": "warning", "met": "success"}
_open_in_inbox: Any = action(description="Open in the inbox", url_path="inbox")


class PeopleInline(TabularInline):
    model = Participant
    extra = 0
    max_num = 0
    can_delete = False
    verbose_name_plural = "people"
    fields = ("user", "role", "read_seq", "muted_until", "left_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        rows: QuerySet[Participant] = super().get_queryset(request).select_related("user")
        return rows


def _go_to_inbox(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('admin:chat_inbox')}?thread={object_id}")


@admin.register(Thread)
class ThreadAdmin(FactsAdmin):
    """Who talks with whom, and how support keeps its promises; never the words."""

    list_display = (
        "shown_subject", "kind", "opened_by", "shown_status", "shown_clock", "assignee", "said", "last_message_at",
    )  # fmt: skip
    list_filter = ("kind", "status", "priority", "last_message_at")
    list_select_related = ("opened_by", "assignee")
    search_fields = ("subject", "opened_by__email", "opened_by__first_name", "opened_by__last_name")
    search_help_text = "Subject, or name or e-mail address of who opened it"
    ordering = ("-created_at",)
    inlines = (PeopleInline,)
    actions_detail: Any = ("open_in_inbox",)
    open_in_inbox: Any = _open_in_inbox(_go_to_inbox)
    fields = (
        ("kind", "subject"), ("opened_by", "assignee"), ("shown_status", "shown_priority", "snoozed_until"),
        ("context_type", "said", "last_message_at"), ("created_at", "shown_clock"),
    )  # fmt: skip
    readonly_fields = tuple(name for row in fields for name in row)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The inbox has only what support answers, for whom it is meant."""
        staffed = Thread.objects.filter(pk=object_id, kind__in=STAFFED).exists()
        return (
            super().get_actions_detail(request, object_id) if staffed and in_group(request, SUPPORT) else []
        )

    @display(description="Subject", ordering="subject")
    def shown_subject(self, row: Thread) -> str:
        return str(row)

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def shown_status(self, row: Thread) -> str | None:
        return row.get_status_display() if row.kind in STAFFED else None

    @display(description="Messages", ordering="last_seq")
    def said(self, row: Thread) -> int:
        return row.last_seq

    @display(description="Priority", ordering="priority")
    def shown_priority(self, row: Thread) -> str:
        return dict(PRIORITIES)[row.priority]

    @display(description="First answer", label=CLOCK_COLOURS, ordering="first_response_due_at")
    def shown_clock(self, row: Thread) -> tuple[str, str] | None:
        found = first_answer(row, clock.now())
        return (found.state, found.words) if found.words else None


def _teams() -> list[tuple[str, str]]:
    return [("", "All staff"), *Group.objects.order_by("name").values_list("name", "name")]


class CannedReplyForm(forms.ModelForm[CannedReply]):
    team = forms.ChoiceField(choices=_teams, required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = CannedReply
        fields = ("shortcut", "title", "body", "team")
        help_texts: ClassVar[dict[str, str]] = {
            "shortcut": "Staff write /shortcut in the inbox.",
            "body": "{name} becomes the customer's first name, {me} the writer's, {subject} the conversation's.",
        }

    def clean_shortcut(self) -> str:
        """One living reply a shortcut: the constraint looks at a column that is not in this form."""
        shortcut = str(self.cleaned_data["shortcut"]).lower()
        twins = CannedReply.objects.filter(shortcut=shortcut, deleted_at=None).exclude(pk=self.instance.pk)
        if twins.exists():
            raise forms.ValidationError("There is a reply with this shortcut.")
        return shortcut


@admin.register(CannedReply)
class CannedReplyAdmin(ModelAdmin):
    form = CannedReplyForm
    list_display = ("shown_shortcut", "title", "team", "updated_at")
    list_filter = ("team",)
    search_fields = ("shortcut", "title", "body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CannedReply]:
        rows: QuerySet[CannedReply] = super().get_queryset(request).filter(deleted_at=None)
        return rows

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(
            "chat.canned_reply", actor=request.user.pk, target=obj.pk, request=request, made=not change
        )

    def delete_model(self, request: HttpRequest, obj: CannedReply) -> None:
        obj.tombstone()
        audit.record("chat.canned_reply_removed", actor=request.user.pk, target=obj.pk, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CannedReply]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @display(description="Shortcut", ordering="shortcut")
    def shown_shortcut(self, row: CannedReply) -> str:
        return f"/{row.shortcut}"


@admin.register(Block)
class BlockAdmin(FactsAdmin):
    list_display = ("user", "other", "created_at", "shown_state")
    list_filter = ("created_at",)
    list_select_related = ("user", "other")
    search_fields = ("user__email", "user__first_name", "other__email", "other__first_name")
    search_help_text = "Name or e-mail address of either"
    fields = (("user", "other"), ("created_at", "shown_state"))
    readonly_fields = ("user", "other", "created_at", "shown_state")
    actions_detail: Any = ("lift",)

    @display(description="State", label={"stands": "warning", "lifted": "success"})
    def shown_state(self, row: Block) -> str:
        return "lifted" if row.deleted_at else "stands"

    @deed("Lift this block", ask("Lift this block? The two can write to each other again.", "Lift it"))
    def lift(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row: Any = self.get_object(request, object_id)

        def act() -> None:
            row.tombstone()
            audit.record("chat.block_lifted", actor=request.user.pk, target=row.pk, request=request)

        return self.done(request, object_id, act, "They can write to each other again.")
