"""The record every user-visible row is, and core's own tables."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet


class Record(models.Model):
    """A row with a client-made or server-made UUIDv7, a tombstone instead of a delete, and a revision.

    `rev` and `updated_at` are kept by the trigger of `core.rls.TrackChanges` at every real change, so that
    bulk updates, the admin and raw SQL count too; an instance in memory learns them by `refresh_from_db`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    rev = models.PositiveBigIntegerField(default=1, db_default=1, editable=False)

    objects: ClassVar[Any] = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {str(self.pk)[:8]}"

    def tombstone(self: Self) -> None:
        """Delete as a client sees it: the row stays as a stub until retention wipes it."""
        if self.deleted_at is None:
            self.deleted_at = clock.now()
            self.save(update_fields=["deleted_at"])


class AuditEvent(models.Model):
    """Who did what to whom; inserted only, neither web nor system may change it.

    People are bare UUIDs: core knows nobody, and an erased person leaves only a hash behind.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=clock.now, db_default=Now())
    actor = models.UUIDField(null=True)
    session = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    ip_prefix = models.CharField(max_length=50, blank=True)
    outcome = models.CharField(max_length=40, default="ok")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["actor", "-at"], name="core_audit_by_actor"),
            models.Index(fields=["action", "-at"], name="core_audit_by_action"),
        ]
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.action} {self.outcome}"
