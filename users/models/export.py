"""Copies of a person's data, made for them."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet


class DataExport(models.Model):
    """A zip of everything that we hold of a person; its blob lives for a day."""

    class State(models.TextChoices):
        QUEUED = "queued", "Being made"
        READY = "ready", "Ready"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")

    class Exports(ScopedQuerySet["DataExport"]):
        owner_path = "user"

    objects: ClassVar[Any] = Exports.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(state="queued"), name="users_one_export_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"export of {self.created_at:%Y-%m-%d}"
