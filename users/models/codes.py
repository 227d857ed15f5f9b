"""One-time codes by SMS and mail."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from core import clock
from core.ids import uuid7


class Purpose(models.TextChoices):
    LOGIN = "login", "Log in, or prove a phone number"
    VERIFY = "verify", "Prove an e-mail address"
    CHANGE = "change", "Change the e-mail address"
    RESET = "reset", "Reset the password"


class OtpChallenge(models.Model):
    """One code that was sent. Neither the code nor the address is stored: the code is an HMAC over `salt` (see
    users/codes.py), so a leaked table opens nothing, and `address_hash` is an HMAC of phone number or mail address.

    An address that nobody has gets a row too, so that both answers cost the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    address_hash = models.CharField(max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    salt = models.CharField(max_length=64)
    outside = models.BooleanField(default=False, help_text="The SMS service makes and checks the code.")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Used, or replaced by a newer one.")
    ip_prefix = models.CharField(max_length=50, blank=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name = "one-time code"
        indexes = [
            models.Index(fields=["address_hash", "purpose", "-created_at"], name="users_codes_by_address"),
            models.Index(fields=["created_at"], name="users_codes_by_age"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(attempts__lte=5), name="users_five_attempts"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.created_at:%Y-%m-%d %H:%M}"
