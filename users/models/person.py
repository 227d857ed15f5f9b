"""People."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from core.models import Record


class Role(models.TextChoices):
    RIDER = "RIDER", "Rider"
    TUNER = "TUNER", "Tuner"
    CREATOR = "CREATOR", "Creator"
    ADMIN = "ADMIN", "Administrator"


class UserQuerySet(models.QuerySet["User", "User"]):
    def with_address(self, *, email: str | None = None, phone: str | None = None) -> "User | None":
        """Who has this mail address (in any case; the unique index answers) or E.164 number, deleted or not."""
        if email:
            return self.filter(Exact(Lower("email"), Lower(Value(email)))).first()
        return self.filter(phone=phone).first() if phone else None


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """`visible_to` shows a person only themselves; public profiles have a selector of their own."""

    use_in_migrations = False

    def create_user(self, *, password: str | None = None, **fields: Any) -> "User":
        email = fields.pop("email", None)
        user: User = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        return self.create_user(
            email=email, password=password, role=Role.ADMIN, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get(Exact(Lower("email"), Lower(Value(username or ""))))
        return user

    def visible_to(self, user: Any) -> models.QuerySet["User"]:
        rows: models.QuerySet[User] = self.filter(pk=user.pk, deleted_at=None)
        return rows


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
    token_epoch = models.PositiveIntegerField(default=0, editable=False)
    erase_after = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Asked to be forgotten; a login before then cancels it.",
    )

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
