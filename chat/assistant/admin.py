"""What staff see of the assistant: who asked how much, what it took, and thumbs. Words only with a reason."""

from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from chat.assistant.models import AnswerUsage, AssistantSession, Feedback, TrainingData
from chat.assistant.services.handing_over import transcript
from core import audit, clock
from core.staff import FactsAdmin, ask_why, deed
from users.authentication import person

READABLE: Final = 900  # seconds that a conversation stays open to whoever gave a reason
COLOURS: Final = {
    "Complete": "success",
    "Broken off": "warning",
    "Failed": "danger",
    "Being written": "info",
    "Helpful": "success",
    "Not helpful": "danger",
}


@admin.register(AssistantSession)
class AssistantSessionAdmin(FactsAdmin):
    """Conversations without their words; reading one needs a reason, which the audit keeps."""

    list_display = ("owner", "started", "last_message_at", "questions", "handed_over_at")
    list_filter = ("created_at", "handed_over_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "owner__first_name", "owner__last_name")
    search_help_text = "Name or mail of the person"
    fields = (("owner", "started"), ("last_message_at", "questions"), "handed_over_at", "words")
    readonly_fields = ("owner", "started", "last_message_at", "questions", "handed_over_at", "words")
    actions_detail: Any = ("open_words",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssistantSession]:
        asked = Count("messages", filter=Q(messages__role="user"))
        rows: QuerySet[AssistantSession] = super().get_queryset(request).annotate(asked=asked)
        return rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.words_open = self._opened(request).get(str(row.pk), 0) > clock.now().timestamp()
        return row

    @staticmethod
    def _opened(request: HttpRequest) -> dict[str, float]:
        found: dict[str, float] = request.session.get("assistant_words", {})
        return found

    @display(description="Started", ordering="created_at")
    def started(self, row: AssistantSession) -> Any:
        return row.created_at

    @display(description="Questions", ordering="asked")
    def questions(self, row: Any) -> int:
        return int(row.asked)

    @display(description="Words")
    def words(self, row: Any) -> SafeString | str:
        if not getattr(row, "words_open", False):
            return "Private. Open them with a reason."
        return format_html('<div style="white-space: pre-wrap">{}</div>', transcript(row.owner, row))

    @deed("Read the words", ask_why("Read this conversation?", "Read", "The reason is kept in the audit."))
    def open_words(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        read = partial(self._open, request, object_id, form.cleaned_data["reason"])
        return self.done(request, object_id, read, "You can read it for 15 minutes.")

    def _open(self, request: HttpRequest, object_id: str, reason: str) -> None:
        audit.record(
            "assistant.read",
            actor=person(request).pk,
            target=f"assistant_session:{object_id}",
            request=request,
            reason=reason,
        )
        until = clock.now().timestamp() + READABLE
        request.session["assistant_words"] = {**self._opened(request), object_id: until}


@admin.register(AnswerUsage)
class AnswerUsageAdmin(FactsAdmin):
    list_display = (
        "at",
        "owner",
        "provider",
        "model",
        "tokens",
        "shown_status",
        "error_code",
        "first_token_ms",
        "total_ms",
    )
    list_filter = ("provider", "model", "status", "estimated", "at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "owner__first_name", "owner__last_name", "model")
    date_hierarchy = "at"
    fields = (
        ("at", "owner"),
        ("provider", "model"),
        ("prompt_tokens", "completion_tokens", "estimated"),
        ("shown_status", "error_code"),
        ("first_token_ms", "total_ms"),
    )
    readonly_fields = (
        "at", "owner", "provider", "model", "prompt_tokens", "completion_tokens", "estimated", "shown_status",
        "error_code", "first_token_ms", "total_ms",
    )  # fmt: skip

    @display(description="Tokens")
    def tokens(self, row: AnswerUsage) -> int:
        return row.prompt_tokens + row.completion_tokens

    @display(description="Status", label=COLOURS, ordering="status")
    def shown_status(self, row: AnswerUsage) -> str:
        return row.get_status_display()


@admin.register(Feedback)
class FeedbackAdmin(FactsAdmin):
    list_display = ("created_at", "owner", "thumb", "provider", "comment")
    list_filter = ("rating", "message__provider", "created_at")
    list_select_related = ("owner", "message")
    search_fields = ("comment", "owner__email")
    fields = (("created_at", "owner"), ("thumb", "provider"), "comment")
    readonly_fields = ("created_at", "owner", "thumb", "provider", "comment")

    @display(description="Thumb", label=COLOURS, ordering="rating")
    def thumb(self, row: Feedback) -> str:
        return row.get_rating_display()

    @display(description="Provider")
    def provider(self, row: Feedback) -> str:
        return row.message.provider


@admin.register(TrainingData)
class TrainingDataAdmin(FactsAdmin):
    """How much people gave; what it says is theirs."""

    list_display = ("created_at", "owner", "size", "everywhere")
    list_filter = ("created_at",)
    list_select_related = ("owner", "session")
    search_fields = ("owner__email", "owner__first_name", "owner__last_name")
    fields = (("created_at", "owner"), ("size", "everywhere"))
    readonly_fields = ("created_at", "owner", "size", "everywhere")

    @display(description="For all conversations", boolean=True)
    def everywhere(self, row: TrainingData) -> bool:
        return row.session_id is None
