"""What was said, what hangs on it, and what it said before."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from chat.models.thread import Part, Participant, Thread
from core import clock
from core.ids import uuid7
from core.models import StoredFile
from core.querysets import ScopedQuerySet

MAX_BODY = 8000  # characters
MAX_CLIENT_ID = 64


class Kind(models.TextChoices):
    """A note is for staff only: it has no place in the public stream, so no `seq` and no `rev`."""

    TEXT = "text", "Text"
    SYSTEM = "system", "System"
    NOTE = "note", "Private note"


class MessageQuerySet(ScopedQuerySet["Message"]):
    def scope(self, user: Any) -> Q:
        mine = Participant.objects.filter(
            thread_id=OuterRef("thread_id"), user_id=user.pk, left_at=None, joined_seq__lt=OuterRef("seq")
        )
        return ~Q(kind=Kind.NOTE) & Q(Exists(mine))


class Message(models.Model):
    """One message. `seq` never changes, `rev` is the thread's counter at its last change.

    Deleting keeps the row without its words. `created_at` rises with `seq`: both are taken under the thread's lock.
    The sender has no constraint in the database: it would lock the person's row for every message, and the
    participant's row, which a message can't do without, has one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The unique constraints below begin with the thread.
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, db_index=False, related_name="messages")
    seq = models.BigIntegerField(null=True, editable=False)
    rev = models.BigIntegerField(null=True, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
    )
    sender_role = models.CharField(max_length=8, choices=Part.choices)
    client_id = models.CharField(max_length=MAX_CLIENT_ID)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.TEXT)
    body = models.TextField(max_length=MAX_BODY, blank=True)
    reply_to = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    created_at = models.DateTimeField(default=clock.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["thread", "rev"], name="chat_changes_of"),
            models.Index(fields=["thread", "created_at"], condition=Q(kind="note"), name="chat_notes_of"),
            GinIndex(SearchVector("body", config="simple"), name="chat_words"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["thread", "seq"], name="chat_seq_once"),
            models.UniqueConstraint(fields=["thread", "sender", "client_id"], name="chat_sent_once"),
            models.CheckConstraint(
                condition=Q(kind="note", seq=None, rev=None)
                | (Q(kind__in=["text", "system"]) & Q(seq__gte=1) & Q(rev__gte=F("seq"))),
                name="chat_numbers_in_public",
            ),
            models.CheckConstraint(
                condition=Q(kind="system", sender=None) | (~Q(kind="system")), name="chat_system_is_nobody"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.seq}" if self.seq else "note"


class OfMessage(ScopedQuerySet[Any]):
    def scope(self, user: Any) -> Q:
        return Q(message__in=Message.objects.visible_to(user))


class Attachment(models.Model):
    """A stored file on a message, in order of `position`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    objects: ClassVar[Any] = OfMessage.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="chat_attachment_place"),
        ]

    def __str__(self) -> str:
        return str(self.file)


class MessageEdit(models.Model):
    """What a message said before it was edited or deleted; for staff who look into a report."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="edits")
    body = models.TextField()
    rev = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        ordering = ["rev"]

    def __str__(self) -> str:
        return f"before revision {self.rev}"
