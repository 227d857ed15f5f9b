"""Streams and their entries (written by triggers only), and what a push leaves behind.

A person is a bare UUID: sync lies below users. The stream of a person has the person's id.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet


class StreamQuerySet(ScopedQuerySet[Any]):
    """Rows that belong to a stream are reached by the person whose stream it is."""

    def scope(self, user: Any) -> Q:
        return Q(stream=user.pk)


class XidField(models.Field[int, int]):
    """PostgreSQL's 64-bit transaction id."""

    def db_type(self, connection: Any) -> str:
        return "xid8"


class SyncStream(models.Model):
    """The head of one person's stream, or of the public one (nil id): the number last given, at commit."""

    id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0, help_text="Tombstones up to here may have been purged.")
    reset = models.BigIntegerField(default=0, help_text="The number at the last restore from a backup.")
    stamped_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "sync_stream"

    def __str__(self) -> str:
        return f"stream {str(self.pk)[:8]} at {self.seq}"


class SyncEntry(models.Model):
    """The last change of one record in one stream; `seq` is empty until the writer commits."""

    pk = models.CompositePrimaryKey("stream", "collection", "record_id")
    stream = models.UUIDField()
    collection = models.SmallIntegerField()
    record_id = models.UUIDField()
    seq = models.BigIntegerField(null=True)
    deleted = models.BooleanField()
    lead = models.BooleanField(default=False)
    xid = XidField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "sync_entry"

    def __str__(self) -> str:
        return f"entry {self.seq} of {str(self.stream)[:8]}"


class SyncPush(models.Model):
    """A push that was answered: the same id gets the same answer again. Kept for 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.UUIDField()
    push_id = models.UUIDField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of what was pushed.")
    answer = models.TextField(
        blank=True, help_text="JSON; empty only inside the transaction that works on it."
    )
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    objects: ClassVar[Any] = StreamQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "push_id"], name="sync_push_once")]
        indexes = [models.Index(fields=["created_at"], name="sync_push_by_age")]

    def __str__(self) -> str:
        return f"push {str(self.push_id)[:8]}"


class SyncRejection(models.Model):
    """A dead letter: what a client sent, why it was refused for good. The newest for each record, for 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.UUIDField()
    collection = models.CharField(max_length=60)
    record = models.CharField(max_length=64, help_text="The id as the client gave it; it may be none.")
    code = models.CharField(max_length=60)
    errors = models.JSONField(default=dict)
    payload = models.JSONField(null=True)
    client_id = models.CharField(max_length=64, blank=True)
    push_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    objects: ClassVar[Any] = StreamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "collection", "record"], name="sync_rejection_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="sync_rejection_by_age")]

    def __str__(self) -> str:
        return f"{self.collection} {self.record}: {self.code}"


class SyncFilter(models.Model):
    """Which filters a client pulled a collection with, and the number from which on it is known to have them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.UUIDField()
    client = models.CharField(max_length=64)
    known = models.JSONField(default=dict, help_text="collection -> [digest of the filter, number]")
    used_at = models.DateTimeField(default=clock.now, db_default=Now())

    objects: ClassVar[Any] = StreamQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "client"], name="sync_filter_once")]

    def __str__(self) -> str:
        return f"filters of {self.client}"
