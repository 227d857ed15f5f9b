"""People, their devices and their sessions."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet


class Role(models.TextChoices):
    RIDER = "RIDER", "Rider"
    TUNER = "TUNER", "Tuner"
    CREATOR = "CREATOR", "Creator"
    ADMIN = "ADMIN", "Administrator"


class UserManager(BaseUserManager["User"]):
    """`visible_to` shows a person only themselves; public profiles have a selector of their own."""

    use_in_migrations = False

    def create_user(self, *, password: str | None = None, **fields: Any) -> "User":
        email = fields.pop("email", None)
        user = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        return self.create_user(
            email=email, password=password, role=Role.ADMIN, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def visible_to(self, user: Any) -> models.QuerySet["User"]:
        return self.filter(pk=user.pk, deleted_at=None)


class User(AbstractBaseUser, PermissionsMixin, Record):
    """A person: rider, tuner, creator or administrator; staff may enter the admin."""

    email = models.EmailField(null=True, blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    phone = models.CharField(max_length=16, null=True, blank=True, unique=True, help_text="E.164")
    phone_verified_at = models.DateTimeField(null=True, blank=True)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.RIDER)
    bio = models.TextField(max_length=2000, blank=True)
    location = models.CharField(max_length=120, blank=True)
    experience = models.CharField(max_length=40, blank=True)
    profile_picture = models.URLField(max_length=500, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    token_epoch = models.PositiveIntegerField(default=0)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[Any] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="users_email_once"),
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(phone__isnull=False) | Q(deleted_at__isnull=False),
                name="users_reachable",
            ),
            models.CheckConstraint(condition=~Q(email="") & ~Q(phone=""), name="users_no_blank_address"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or f"person {str(self.pk)[:8]}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_verified(self) -> bool:
        """Somebody proved to read this person's mail or phone."""
        return self.email_verified_at is not None or self.phone_verified_at is not None


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
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=10, choices=RevokedReason.choices, blank=True)
    auth_method = models.CharField(max_length=10, choices=AuthMethod.choices)
    aal = models.PositiveSmallIntegerField(default=1, help_text="Assurance level: 2 with a second factor.")
    device = models.ForeignKey(UserDevice, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ip_prefix = models.CharField(max_length=50, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    provider_session_id = models.CharField(max_length=200, null=True, blank=True)

    class Sessions(ScopedQuerySet["AppSession"]):
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
