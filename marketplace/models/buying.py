"""A purchase, the right that it gives, and each use of the right."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models import Vehicle
from marketplace.models.tunes import Tune, TuneVersion

DOWNLOAD_LIMIT = 10  # a right; staff can renew it


class ByUser(ScopedQuerySet[Any]):
    owner_path = "user"


class PurchaseStatus(models.TextChoices):
    """Moves: marketplace/states.py, kept by a trigger."""

    PENDING = "pending", "Waiting for payment"
    PAID = "paid", "Paid"
    EXPIRED = "expired", "Expired"
    REFUNDED = "refunded", "Refunded"
    CHARGED_BACK = "charged_back", "Charged back"


class Purchase(Record):
    """One person, one tune, the price of that day. At most one is open for a person and tune."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    tune = models.ForeignKey(Tune, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(
        TuneVersion, on_delete=models.PROTECT, related_name="+", help_text="The newest at that time."
    )
    vehicle = models.ForeignKey(Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    vin = models.CharField("VIN", max_length=17, blank=True, help_text="Of a licence for one vehicle.")
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=PurchaseStatus.choices, default=PurchaseStatus.PENDING)
    paid_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Refunded or charged back.")
    refunded_minor = models.BigIntegerField(default=0)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="marketplace_purchases_of"),
            models.Index(fields=["tune", "paid_at"], name="marketplace_sales_of"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tune"], condition=Q(status="pending"), name="marketplace_one_open_purchase"
            ),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="marketplace_purchase_price"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "expired"]) | Q(paid_at__isnull=False),
                name="marketplace_paid_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tune} for {self.user}"


class EntitlementStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended during a dispute"
    REVOKED = "revoked", "Ended"


class Entitlement(Record):
    """The right to download and flash a tune, in all its published versions; on one vehicle if VIN-bound."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    tune = models.ForeignKey(Tune, on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    vin = models.CharField("VIN", max_length=17, blank=True)
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="entitlement")
    status = models.CharField(
        max_length=10, choices=EntitlementStatus.choices, default=EntitlementStatus.ACTIVE
    )
    granted_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    download_count = models.PositiveIntegerField(default=0)
    download_limit = models.PositiveIntegerField(default=DOWNLOAD_LIMIT)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-granted_at", "-id"], name="marketplace_rights_of")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tune", "vin"],
                condition=~Q(status="revoked"),
                name="marketplace_one_live_right",
            ),
            models.CheckConstraint(
                condition=~Q(status="revoked") | Q(ended_at__isnull=False), name="marketplace_end_dated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tune} for {self.user}"

    @property
    def downloads_left(self) -> int:
        return max(0, self.download_limit - self.download_count)


class DownloadResult(models.TextChoices):
    GRANTED = "granted", "Granted"
    LIMIT = "limit", "Limit reached"
    ENDED = "ended", "Right ended"


class Download(models.Model):
    """Somebody asked for the file; inserted only. The address is kept as a keyed hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=clock.now, db_default=Now())
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="downloads")
    version = models.ForeignKey(TuneVersion, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ip_hash = models.CharField(max_length=32, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    result = models.CharField(max_length=10, choices=DownloadResult.choices)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["entitlement", "-at"], name="marketplace_downloads_of")]

    def __str__(self) -> str:
        return f"{self.get_result_display()} {self.at:%Y-%m-%d %H:%M}"
