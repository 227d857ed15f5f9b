"""Who a person is elsewhere."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet


class Identity(models.Model):
    """An account at an outside issuer (Supabase, Descope, any OIDC) that belongs to one of our people."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=200)
    email = models.CharField(max_length=254, blank=True)
    email_verified = models.BooleanField(default=False)
    phone = models.CharField(max_length=32, blank=True)
    phone_verified = models.BooleanField(default=False)
    linked_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(default=clock.now)

    class Identities(ScopedQuerySet["Identity"]):
        owner_path = "user"

    objects: ClassVar[Any] = Identities.as_manager()

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="users_identity_once")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.email or self.phone or self.subject}"
