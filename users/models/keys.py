"""Keys of staff tools (header X-API-Key)."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core import clock
from core.ids import uuid7


class Scope(models.TextChoices):
    """What a key may do; the names are those of the staff groups."""

    SUPPORT = "support", "Support: people, chat inbox"
    WORKSHOP = "workshop", "Workshop: bookings, calendar"
    MODERATION = "moderation", "Moderation: tuners, tunes, reviews"
    FINANCE = "finance", "Finance: payments, refunds, ledger"


class ApiKey(models.Model):
    """A key is shown once; kept are eight characters to recognise it by and the SHA-256 of all of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, help_text="Who or what uses it.")
    prefix = models.CharField(max_length=8, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), default=list)
    locations = ArrayField(
        models.UUIDField(), default=list, blank=True, help_text="Shops that it is limited to; empty: all."
    )
    networks = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        help_text="Addresses it may come from, such as 203.0.113.0/24; empty: any.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
