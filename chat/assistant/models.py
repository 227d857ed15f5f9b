"""Conversations of one person with the assistant, what they taught it, what it cost, and what they thought of it."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet

SESSION_ID = r"^[A-Za-z0-9_.:-]{1,64}$"


class OwnedQuerySet(ScopedQuerySet[Any]):
    owner_path = "owner"


def owner() -> Any:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")


class AssistantSession(Record):
    """One conversation. The client names it; the same name of two people is two conversations.

    last_seq: number of the newest message. last_message_at: null while it is empty (new, or cleared).
    """

    owner = owner()
    session_id = models.CharField(max_length=64)
    title = models.CharField(max_length=80, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)
    thread_id = models.UUIDField(
        null=True, blank=True, help_text="The chat with people that it was handed over to."
    )
    handed_over_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = "conversation"
        indexes = [
            models.Index(fields=["owner", "-last_message_at", "-id"], name="assistant_sessions_of_owner")
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "session_id"], name="assistant_session_once"),
            models.CheckConstraint(condition=Q(session_id__regex=SESSION_ID), name="assistant_session_named"),
        ]

    def __str__(self) -> str:
        return f"conversation of {self.created_at:%Y-%m-%d %H:%M}"  # its title is the person's own words


class MessageRole(models.TextChoices):
    USER = "user", "Person"
    ASSISTANT = "assistant", "Assistant"


class MessageStatus(models.TextChoices):
    STREAMING = "streaming", "Being written"
    COMPLETE = "complete", "Complete"
    PARTIAL = "partial", "Broken off"
    FAILED = "failed", "Failed"


class AssistantMessage(Record):
    """A question or an answer. `active`: on the branch that is shown; `parent`: what it answers or follows.

    A regenerated answer has the same parent as the one before; an edited question likewise.
    """

    owner = owner()
    session = models.ForeignKey(AssistantSession, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    active = models.BooleanField(default=True)
    role = models.CharField(max_length=9, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    status = models.CharField(max_length=9, choices=MessageStatus.choices, default=MessageStatus.COMPLETE)
    client_id = models.CharField(max_length=64, blank=True)
    provider = models.CharField(max_length=20, blank=True)
    model = models.CharField(max_length=80, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    sources = models.JSONField(default=list, blank=True)
    cautions = models.JSONField(default=list, blank=True)
    degraded = models.CharField(
        max_length=20, blank=True, help_text="Why the built-in answered instead of the model."
    )
    error_code = models.CharField(max_length=40, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        indexes = [
            models.Index(fields=["session", "seq"], condition=Q(active=True), name="assistant_shown_branch"),
            models.Index(fields=["owner"], name="assistant_messages_of"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="assistant_message_order"),
            models.UniqueConstraint(
                fields=["session", "client_id"],
                condition=~Q(client_id=""),
                name="assistant_message_once",
            ),
            # Two requests at once: the second is refused, and no two answers are written side by side.
            models.UniqueConstraint(
                fields=["session"], condition=Q(status="streaming"), name="assistant_one_answer_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.seq}"


class TrainingData(Record):
    """A text that the assistant may draw on: in one conversation, or (session null) in all of this person's."""

    owner = owner()
    session = models.ForeignKey(
        AssistantSession, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    title = models.CharField(max_length=120, blank=True)
    body = models.TextField()
    size = models.PositiveIntegerField(editable=False, help_text="Bytes of title and body in UTF-8.")
    sha256 = models.CharField(max_length=64, editable=False)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = "training text"
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="assistant_training_of_owner")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "session", "sha256"],
                condition=Q(deleted_at=None),
                nulls_distinct=False,
                name="assistant_training_once",
            )
        ]

    def __str__(self) -> str:
        return f"text of {self.size} bytes"


class TrainingChunk(models.Model):
    """A piece of at most 800 characters of a training text. `words`: folded in Python, configuration `simple`.

    Small and always asked for by owner, so the text index that row-level security could not use is left out.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = owner()
    training = models.ForeignKey(TrainingData, on_delete=models.CASCADE, related_name="chunks")
    session = models.ForeignKey(AssistantSession, on_delete=models.CASCADE, null=True, related_name="+")
    position = models.PositiveSmallIntegerField()
    body = models.TextField()
    words = SearchVectorField()

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "session"], name="assistant_chunks_of")]
        constraints = [models.UniqueConstraint(fields=["training", "position"], name="assistant_chunk_order")]

    def __str__(self) -> str:
        return f"piece {self.position}"


class AnswerUsage(models.Model):
    """What one answer took: kept when the conversation is cleared, because quotas and bills count it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = owner()
    at = models.DateTimeField(default=clock.now, db_default=Now())
    message_id = models.UUIDField()
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=80, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    estimated = models.BooleanField(default=False, help_text="The provider did not say; bytes / 3.5.")
    status = models.CharField(max_length=9, choices=MessageStatus.choices)
    error_code = models.CharField(max_length=40, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(default=0)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = "usage"
        verbose_name_plural = "usage"
        ordering = ["-at"]
        indexes = [models.Index(fields=["owner", "-at"], name="assistant_usage_of")]
        constraints = [models.UniqueConstraint(fields=["message_id"], name="assistant_usage_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.prompt_tokens}+{self.completion_tokens}"


class Feedback(Record):
    """A thumb for an answer, one a message; a second one replaces the first."""

    class Rating(models.TextChoices):
        UP = "up", "Helpful"
        DOWN = "down", "Not helpful"

    owner = owner()
    message = models.ForeignKey(AssistantMessage, on_delete=models.CASCADE, related_name="+")
    rating = models.CharField(max_length=4, choices=Rating.choices)
    comment = models.TextField(max_length=1000, blank=True)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = "feedback"
        verbose_name_plural = "feedback"
        indexes = [models.Index(fields=["owner", "-created_at"], name="assistant_feedback_of")]
        constraints = [models.UniqueConstraint(fields=["message"], name="assistant_feedback_once")]

    def __str__(self) -> str:
        return self.get_rating_display()
