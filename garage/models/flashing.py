"""ECU backups, flash jobs, what the phone told of them, and what staff let pass."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet
from garage.models.choices import BackupState, FlashState, FlashStep
from garage.models.vehicle import VehicleRow

LIVE = (
    FlashState.QUEUED,
    FlashState.READY,
    FlashState.IN_PROGRESS,
    FlashState.VERIFYING,
    FlashState.RESTORING,
)


class EcuBackup(VehicleRow):
    """The content of an ECU before anybody wrote to it. A trigger keeps file, hash, size and vehicle for ever."""

    file_id = models.UUIDField(help_text="Core's stored file.")
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    filename = models.CharField(
        max_length=200, blank=True, help_text="The owner's name for it, shown escaped."
    )
    state = models.CharField(max_length=10, choices=BackupState.choices, default=BackupState.PENDING)
    format = models.CharField(max_length=20, blank=True)
    family = models.CharField(max_length=80, blank=True)
    signature = models.CharField(max_length=200, blank=True)
    calibration_id = models.CharField(max_length=80, blank=True)
    checksum_ok = models.BooleanField(
        null=True, help_text="Unknown where no definition says how it is summed."
    )
    detail = models.TextField(blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "ECU backup"
        indexes = [
            models.Index(fields=["vehicle", "-created_at"], name="garage_backups_of_vehicle"),
            models.Index(fields=["owner", "-created_at", "-id"], name="garage_backups_of_owner"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle", "sha256"], condition=Q(deleted_at=None), name="garage_backup_content_once"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="garage_backup_sha256_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename or self.format or 'backup'} of {self.created_at:%Y-%m-%d %H:%M}"


class FlashJob(VehicleRow):
    """One writing of one file to one ECU, and its restore when that failed.

    ecu_expected: what the ECU must show before it is written. percent: 0 to 100, of the writing.
    restore_backup: what is offered after a failure.
    """

    source_kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    file_id = models.UUIDField(help_text="Core's stored file.")
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    label = models.CharField(max_length=200, blank=True)
    ecu_expected = models.JSONField(default=dict, blank=True)
    safety_report_id = models.UUIDField(null=True, blank=True)
    acknowledgement = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=FlashState.choices, default=FlashState.QUEUED)
    percent = models.PositiveSmallIntegerField(default=0)
    detail = models.TextField(blank=True)
    restore_backup = models.ForeignKey(
        EcuBackup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    heard_at = models.DateTimeField(default=clock.now, help_text="The last event of the phone.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="garage_flashes_of_owner"),
            models.Index(fields=["heard_at"], condition=Q(state__in=LIVE), name="garage_flashes_to_expire"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"],
                condition=Q(state__in=LIVE) & Q(deleted_at=None),
                name="garage_flash_one_live_a_vehicle",
            ),
            models.CheckConstraint(condition=Q(percent__lte=100), name="garage_flash_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.label or self.source_kind}: {self.get_state_display()}"


class FlashEvent(models.Model):
    """One word of the phone, once: `client_event_id` makes a repeat the same event.

    applied: it moved the job (late and doubled ones don't). at: when it came; told_at: the phone's own clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(FlashJob, on_delete=models.CASCADE, related_name="events")
    client_event_id = models.CharField(max_length=64)
    event = models.CharField(max_length=16, choices=FlashStep.choices)
    percent = models.PositiveSmallIntegerField(null=True, blank=True)
    detail = models.TextField(blank=True)
    applied = models.BooleanField()
    state = models.CharField(max_length=12, choices=FlashState.choices, help_text="The job's, after it.")
    at = models.DateTimeField(default=clock.now, db_default=Now())

    class Events(ScopedQuerySet["FlashEvent"]):
        """Through the owner, like the job."""

    objects: ClassVar[Any] = Events.as_manager()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["job", "client_event_id"], name="garage_flash_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} at {self.at:%H:%M:%S}"


class FlashWaiver(VehicleRow):
    """Staff let one objection pass, for one flash of one vehicle."""

    code = models.CharField(max_length=60, help_text="The objection's code.")
    reason = models.TextField(max_length=2000)
    granted_by = models.UUIDField(null=True, editable=False)
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(FlashJob, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["vehicle", "code"], name="garage_waivers_of_vehicle")]

    def __str__(self) -> str:
        return f"{self.code} waived until {self.expires_at:%Y-%m-%d %H:%M}"
