"""The record every user-visible row is, and core's own tables."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
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
    """Who did what to whom; inserted only, neither web nor system may change it. One partition a month.

    People are bare UUIDs: core knows nobody, and an erased person leaves only a hash behind.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No db_default: its RETURNING would need the right to read the row, which the writer may not have.
    at = models.DateTimeField(default=clock.now)
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
            models.Index(fields=["-at", "-id"], name="core_audit_by_time"),
            models.Index(fields=["target", "-at"], condition=~Q(target=""), name="core_audit_by_target"),
        ]
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.action} {self.outcome}"


class FilePurpose(models.TextChoices):
    """What a file is for; `core.files.purposes` says what each may weigh and contain."""

    ATTACHMENT = "attachment", "Attachment"
    PHOTO = "photo", "Photo"
    DOCUMENT = "document", "Document"
    CERTIFICATION = "certification", "Certification"
    ECU_BACKUP = "ecu_backup", "ECU backup"
    TUNE_VERSION = "tune_version", "Tune version"


class FileState(models.TextChoices):
    PENDING = "pending", "Waiting for the upload"
    COMPLETE = "complete", "Complete"


class StoredFileQuerySet(ScopedQuerySet["StoredFile"]):
    def scope(self, user: Any) -> Q:
        return Q(owner_id=user.pk)


class StoredFile(Record):
    """A blob in the store and what we know of it. A complete file never changes; people are bare UUIDs.

    `key` names the blob and is made by the server; it is empty until the upload is complete and again after the
    blob was purged. `size` and `sha256` are the promised ones of a pending upload (0 and "" when nothing was
    promised), the measured ones of a complete file.
    """

    owner_id = models.UUIDField()
    purpose = models.CharField(max_length=20, choices=FilePurpose.choices, default=FilePurpose.ATTACHMENT)
    filename = models.CharField(
        max_length=200, blank=True, help_text="As its owner calls it; never a path of ours."
    )
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Hexadecimal.")
    key = models.CharField(max_length=80, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.PENDING)
    completed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when the upload URL works; empty once its remains are gone."
    )

    objects: ClassVar[Any] = StoredFileQuerySet.as_manager()

    class Meta:
        verbose_name = "file"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner_id", "-created_at"], name="core_file_by_owner"),
            models.Index(
                fields=["expires_at"], condition=Q(expires_at__isnull=False), name="core_file_expiring"
            ),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False) & ~Q(key=""),
                name="core_file_deleted",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=FileState.PENDING, key="", completed_at=None)
                | Q(
                    state=FileState.COMPLETE,
                    completed_at__isnull=False,
                    size__gt=0,
                    sha256__regex="^[0-9a-f]{64}$",
                ),
                name="core_file_complete_means_measured",
            ),
            models.CheckConstraint(
                condition=Q(state=FileState.PENDING) | Q(deleted_at__isnull=False) | ~Q(key=""),
                name="core_file_live_has_a_blob",
            ),
        ]

    @property
    def complete(self) -> bool:
        return self.state == FileState.COMPLETE

    @property
    def incoming_key(self) -> str:
        """Where its upload lands before it is checked."""
        return f"incoming/{self.id.hex}"


class KeyState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"


class IdempotencyKey(models.Model):
    """What a POST with an Idempotency-Key was answered, for whoever repeats it within a week.

    A key belongs to one person; without an account (`owner_id` null) it is as secret as its length makes it.
    A running claim is void after `locked_until`: its process died.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner_id = models.UUIDField(null=True)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of route and body.")
    state = models.CharField(max_length=10, choices=KeyState.choices, default=KeyState.RUNNING)
    locked_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="core_key_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "key"], nulls_distinct=False, name="core_key_once"),
            models.CheckConstraint(
                condition=Q(state=KeyState.RUNNING, status=None, locked_until__isnull=False)
                | Q(state=KeyState.DONE, status__range=(200, 299)),
                name="core_key_done_means_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"
