"""A thread, its two counters, and who takes part."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core import clock
from core.models import Record
from core.querysets import ScopedQuerySet


class ThreadKind(models.TextChoices):
    DIRECT = "direct", "Direct"
    SUPPORT = "support", "Support"
    SHOP = "shop", "Workshop"
    ORDER = "order", "Order"


class ThreadStatus(models.TextChoices):
    """Open: staff must answer. Pending: the customer must. Snoozed: open again at `snoozed_until`."""

    OPEN = "open", "Open"
    PENDING = "pending", "Waiting for the customer"
    SNOOZED = "snoozed", "Snoozed"
    RESOLVED = "resolved", "Resolved"


class Part(models.TextChoices):
    """The label that a message carries as its `sender`."""

    USER = "user", "User"
    TUNER = "tuner", "Tuner"
    SHOP = "shop", "Workshop"
    SUPPORT = "support", "Support"
    SYSTEM = "system", "System"


class ThreadQuerySet(ScopedQuerySet["Thread"]):
    def scope(self, user: Any) -> Q:
        mine = Participant.objects.filter(user_id=user.pk, left_at=None)
        return Q(pk__in=mine.values("thread_id"))


class Thread(Record):
    """A conversation.

    `last_seq` counts messages, `last_rev` every change of one (new, edited, deleted); both are contiguous and given
    under this row's lock, so the order of numbers is the order of commits. `head_rev` is the `last_rev` that sync
    and notifications have heard of (chat/services/settling.py): they follow within a second and cost the writer
    nothing. `staff_seen_seq` is the last message that somebody of staff has looked at: support shares its inbox, and
    who only looks is no participant. A direct thread has the ids of its two people in `pair`, smaller first, so there is one of it.
    """

    kind = models.CharField(max_length=8, choices=ThreadKind.choices)
    subject = models.CharField(max_length=200, blank=True)
    pair = models.CharField(max_length=65, null=True, blank=True, editable=False)
    context_type = models.CharField(max_length=30, blank=True)
    context_id = models.UUIDField(null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=8, choices=ThreadStatus.choices, default=ThreadStatus.OPEN)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(default=1, help_text="0 low, 1 normal, 2 high, 3 urgent.")
    staff_seen_seq = models.BigIntegerField(default=0, editable=False)
    last_seq = models.BigIntegerField(default=0, editable=False)
    last_rev = models.BigIntegerField(default=0, editable=False)
    head_rev = models.BigIntegerField(default=0, editable=False)
    last_message_at = models.DateTimeField(
        default=clock.now, editable=False, help_text="When it was opened, while nobody has said anything."
    )
    first_response_due_at = models.DateTimeField(null=True, blank=True)
    first_responded_at = models.DateTimeField(null=True, blank=True, editable=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ThreadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                condition=Q(kind__in=["support", "shop"], deleted_at=None),
                name="chat_inbox",
            ),
            models.Index(
                fields=["context_type", "context_id"], condition=~Q(context_type=""), name="chat_by_context"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"], condition=Q(deleted_at=None), name="chat_one_direct_thread"
            ),
            models.UniqueConstraint(
                fields=["context_type", "context_id", "opened_by"],
                condition=Q(deleted_at=None) & ~Q(context_type=""),
                name="chat_one_thread_a_context",
            ),
            models.CheckConstraint(
                condition=Q(kind="direct", pair__isnull=False) | (~Q(kind="direct") & Q(pair=None)),
                name="chat_direct_means_pair",
            ),
            models.CheckConstraint(
                condition=Q(last_seq__gte=0, last_rev__gte=F("last_seq"), head_rev__lte=F("last_rev")),
                name="chat_counters_ordered",
            ),
            models.CheckConstraint(
                condition=Q(context_type="", context_id=None)
                | (~Q(context_type="") & Q(context_id__isnull=False)),
                name="chat_context_whole",
            ),
            models.CheckConstraint(condition=Q(priority__lte=3), name="chat_priority_known"),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.get_kind_display()} thread"


class OfUser(ScopedQuerySet[Any]):
    owner_path = "user"


class Participant(Record):
    """One person in a thread. They see what came after `joined_seq`, until they leave.

    `read_seq` moves with a read mark, and within a second with their own messages (statements.READ_UP_TO is ahead of
    it), so unread = last_seq - read_seq. `read_at` is the last explicit mark. `delivered_seq`: the last message that went out to one of their devices, told a few seconds
    later (chat/consumer/delivery.py); what was read has been delivered, so the greater of the two counts.
    `notified_seq`: up to where an absent person was told.
    """

    # The unique constraint below begins with the thread.
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, db_index=False, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=8, choices=Part.choices, default=Part.USER)
    joined_seq = models.BigIntegerField(default=0)
    read_seq = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    delivered_seq = models.BigIntegerField(default=0, editable=False)
    notified_seq = models.BigIntegerField(default=0, editable=False)
    notified_at = models.DateTimeField(null=True, editable=False)
    muted_until = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OfUser.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user"], condition=Q(left_at=None), name="chat_threads_of")]
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="chat_in_a_thread_once"),
            models.CheckConstraint(
                condition=Q(joined_seq__gte=0, read_seq__gte=F("joined_seq")), name="chat_read_after_joining"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.thread}"
