"""Devices and logins."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet


class UserDevice(Record):
    """A phone or browser; push messages go to its token."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    device_id = models.CharField(max_length=64, help_text="Made by the client, stable per installation.")
    platform = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=80, blank=True)
    app_version = models.CharField(max_length=40, blank=True)
    push_token = models.CharField(max_length=500, null=True, blank=True, unique=True)
    last_seen_at = models.DateTimeField(default=clock.now)

    class Devices(ScopedQuerySet["UserDevice"]):
        owner_path = "user"

    objects: ClassVar[Any] = Devices.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "device_id"], name="users_device_once")]

    def __str__(self) -> str:
        return self.name or self.platform or self.device_id


class AuthMethod(models.TextChoices):
    PASSWORD = "password", "Password"
    OTP = "otp", "One-time code"
    SUPABASE = "supabase", "Supabase"
    DESCOPE = "descope", "Descope"
    OIDC = "oidc", "OpenID Connect"
    MFA = "mfa", "Second factor"


class RevokedReason(models.TextChoices):
    LOGOUT = "logout", "Logged out"
    USER = "user", "Ended by the person"
    ADMIN = "admin", "Ended by staff"
    REUSE = "reuse", "A used refresh token came again"
    PASSWORD = "password", "Password changed"
    ROLE = "role", "Role changed"
    ERASURE = "erasure", "Account erased"


class AppSession(models.Model):
    """One login. `gen` counts refreshes; `acked_gen` is the newest generation that was seen in use."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    gen = models.PositiveIntegerField(default=1)
    acked_gen = models.PositiveIntegerField(default=0)
    rotated_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    idle_expires_at = models.DateTimeField()
    absolute_expires_at = models.DateTimeField()
    reauthenticated_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=10, choices=RevokedReason.choices, blank=True)
    auth_method = models.CharField(max_length=10, choices=AuthMethod.choices)
    aal = models.PositiveSmallIntegerField(default=1, help_text="Assurance level: 2 with a second factor.")
    device = models.ForeignKey(UserDevice, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ip_prefix = models.CharField(max_length=50, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    provider_session_id = models.CharField(max_length=200, null=True, blank=True)

    class Sessions(ScopedQuerySet["AppSession"]):
        """Live means neither ended nor expired, so `visible_to` lists what is logged in now."""

        owner_path = "user"

        def live(self) -> "AppSession.Sessions":
            now = clock.now()
            return self.filter(revoked_at=None, idle_expires_at__gt=now, absolute_expires_at__gt=now)

    objects: ClassVar[Any] = Sessions.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user"], condition=Q(revoked_at=None), name="users_live_sessions"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(acked_gen__lte=models.F("gen")), name="users_ack_not_ahead"),
        ]

    def __str__(self) -> str:
        return f"session of {self.created_at:%Y-%m-%d %H:%M}"
