"""What one person decides about another, who is online, and the tickets of sockets."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from chat.models.message import Message
from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet

FRESH_SECONDS = 90  # how long presence counts; a process renews it every 30 s


class Blocks(ScopedQuerySet["Block"]):
    owner_path = "user"


class Block(Record):
    """`user` wants no direct messages from `other`; neither can write to the other while it stands."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[Any] = Blocks.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "other"], condition=Q(deleted_at=None), name="chat_blocked_once"
            ),
            models.CheckConstraint(condition=~Q(user=F("other")), name="chat_block_is_for_others"),
        ]

    def __str__(self) -> str:
        return f"{self.user} blocks {self.other}"


class Reports(ScopedQuerySet["Report"]):
    owner_path = "reporter"


class Report(Record):
    """A message that somebody wants staff to look at; once a person."""

    class Reason(models.TextChoices):
        SPAM = "spam", "Spam"
        ABUSE = "abuse", "Abuse"
        FRAUD = "fraud", "Fraud"
        OTHER = "other", "Other"

    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reports")
    reason = models.CharField(max_length=5, choices=Reason.choices)
    details = models.TextField(max_length=2000, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[Any] = Reports.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reporter", "message"], name="chat_reported_once")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.created_at:%Y-%m-%d})"


class Presence(models.Model):
    """The sockets of one person in one server process; `online` counts while `seen_at` is fresh."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    process = models.UUIDField()
    online = models.BooleanField(default=True)
    seen_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "process"], name="chat_present_once")]

    def __str__(self) -> str:
        return f"{self.user} {'online' if self.online else 'offline'}"


class SocketTicket(models.Model):
    """Opens one socket, once, soon. Kept is only the SHA-256.

    For an app `session_id` is its login; for a member of staff in the admin `session_key` is the browser's session.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_id = models.UUIDField(null=True)
    session_key = models.CharField(max_length=40, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="chat_tickets_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(session_id__isnull=False) | ~Q(session_key=""), name="chat_ticket_of_a_login"
            )
        ]

    def __str__(self) -> str:
        return f"ticket until {self.expires_at:%H:%M:%S}"
