"""Reported messages: the moderators' queue."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from chat.models import Message, Report
from chat.services import delete
from chat.services.moderation import close_report
from core import audit
from core.staff import FactsAdmin, ask, deed
from users.authentication import person


class Queue(admin.SimpleListFilter):
    """What is open, unless somebody asks for more."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("closed", "Closed"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


@admin.register(Report)
class ReportAdmin(FactsAdmin):
    list_display = ("shown_reason", "excerpt", "written_by", "reporter", "created_at", "shown_state")
    list_filter = (Queue, "reason", "created_at")
    list_select_related = ("reporter", "message__sender", "closed_by")
    search_fields = ("details", "reporter__email", "message__body", "message__sender__email")
    search_help_text = "Words of the message or the complaint, or an e-mail address"
    ordering = ("created_at",)
    actions_detail: Any = ("take_away", "close")
    fields = (
        ("shown_reason", "reporter", "created_at"), "details", ("written_by", "said_at"), "words", "around",
        ("shown_state", "closed_at", "closed_by"),
    )  # fmt: skip
    readonly_fields = tuple(name for row in fields for name in ((row,) if isinstance(row, str) else row))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Report | None:
        """Moderators read words that were not said to them: the log keeps who did."""
        row: Report | None = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "GET":
            audit.record("chat.report_read", actor=request.user.pk, target=row.pk, request=request)
        return row

    @display(description="Reason", ordering="reason")
    def shown_reason(self, row: Report) -> str:
        return row.get_reason_display()

    @display(description="Message")
    def excerpt(self, row: Report) -> str:
        return " ".join(row.message.body.split())[:120] or "(taken away)"

    @display(description="Written by", ordering="message__sender__first_name")
    def written_by(self, row: Report) -> str:
        return str(row.message.sender) if row.message.sender else "somebody erased"

    @display(description="Written at")
    def said_at(self, row: Report) -> str:
        return f"{row.message.created_at:%Y-%m-%d %H:%M} UTC"

    @display(description="State", label={"open": "danger", "closed": "success"})
    def shown_state(self, row: Report) -> str:
        return "closed" if row.closed_at else "open"

    @display(description="Message, newest wording first")
    def words(self, row: Report) -> SafeString | str:
        """Somebody may have edited it since they were reported."""
        before = [(edit.body,) for edit in row.message.edits.order_by("-rev")[:20]]
        now = [(row.message.body or "(taken away)",)]
        return format_html_join("", "<p>{}</p>", [*now, *before])

    @display(description="Said just before")
    def around(self, row: Report) -> SafeString | str:
        """A moderator sees no more of a private conversation than it takes to judge."""
        said = Message.objects.filter(thread_id=row.message.thread_id, seq__lt=row.message.seq or 0)
        rows = list(said.select_related("sender").order_by("-seq")[:4])
        lines = [
            (str(one.sender or one.get_sender_role_display()), one.body or "(taken away)")
            for one in rows[::-1]
        ]
        return format_html_join("", "<p><strong>{}:</strong> {}</p>", lines) or "-"

    @deed(
        "Take the message away",
        ask("Take this message away?", "Take it away", "Nobody in the conversation sees it any more."),
    )
    def take_away(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row: Any = self.get_object(request, object_id)

        def act() -> None:
            delete(thread_id=row.message.thread_id, message_id=row.message_id, user_id=None)
            close_report(report_id=row.pk, by=person(request))

        return self._judged(request, object_id, act, "chat.message_removed", "The message is gone.")

    @deed("Close", ask("Close this report? The message stays.", "Close it"))
    def close(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row: Any = self.get_object(request, object_id)

        def act() -> None:
            close_report(report_id=row.pk, by=person(request))

        return self._judged(request, object_id, act, "chat.report_closed", "The report is closed.")

    def _judged(
        self, request: HttpRequest, object_id: str, act: Callable[[], None], name: str, said: str
    ) -> HttpResponse:
        def audited() -> None:
            act()
            audit.record(name, actor=request.user.pk, target=object_id, request=request)

        return self.done(request, object_id, audited, said)
