"""What a shop does and what it costs. Public to read, staff write."""

from typing import Any, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from appointments.models.places import Location, PublicQuerySet
from core.models import Record
from garage.models import VehicleModel


class ServiceCategory(Record):
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "service categories"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Service(Record):
    """One thing that can be booked; a price says where and for what."""

    category = models.ForeignKey(ServiceCategory, on_delete=models.PROTECT, related_name="services")
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    minutes = models.PositiveSmallIntegerField(help_text="Unless a price says otherwise.")
    needs_skill = models.SlugField(
        max_length=40, blank=True, help_text="A technician with this skill does it; empty: anybody."
    )
    at_home = models.BooleanField(default=False, help_text="Can be done where the vehicle stands.")
    active = models.BooleanField(default=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(5, 1440)), name="appointments_service_minutes")
        ]

    def __str__(self) -> str:
        return self.name


class ServicePrice(Record):
    """A price, tax included. The narrowest that fits counts: model and shop, model, shop, neither.

    Two prices for the same model and shop never hold on one day (services.catalogue keeps it under the service's
    lock, and a trigger holds it).
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="prices")
    vehicle_model = models.ForeignKey(
        VehicleModel,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: all.",
    )
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: all."
    )
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    minutes = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: the service's own.")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["service", "vehicle_model"], name="appointments_prices_of")]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="appointments_price"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="appointments_price_currency"
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__range=(5, 1440)), name="appointments_price_minutes"
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="appointments_price_dates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.price_minor} {self.currency}"


class ShopState(models.Model):
    """The version key of shops, catalogue and prices: one row, replaced by a trigger at every change."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="appointments_one_shop_state")]

    def __str__(self) -> str:
        return f"catalogue {str(self.version)[:8]}"
