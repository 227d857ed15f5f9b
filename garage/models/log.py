"""The owner's log: what was done to a vehicle, what it drank, what is due, and the papers."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core import clock
from garage.models.choices import DocumentKind, FuelUnit, ReadingSource
from garage.models.vehicle import MAX_ODOMETER_KM, Vehicle, VehicleRow


def odometer(**extra: Any) -> Any:
    """A column of kilometres, one decimal."""
    return models.DecimalField(max_digits=8, decimal_places=1, **extra)


def odometer_plausible(name: str, column: str = "odometer_km") -> models.CheckConstraint:
    within = Q(**{column: None}) | Q(**{f"{column}__range": (0, MAX_ODOMETER_KM)})
    return models.CheckConstraint(condition=within, name=name)


class CostRow(VehicleRow):
    """A row that may have cost something: integer minor units beside an ISO 4217 currency, both or neither."""

    odometer_km = odometer(null=True, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    notes = models.TextField(max_length=4000, blank=True)

    class Meta:
        abstract = True


def cost_whole(name: str) -> models.CheckConstraint:
    neither = Q(amount_minor=None, currency="")
    both = Q(amount_minor__gte=0, currency__regex=r"^[A-Z]{3}$")
    return models.CheckConstraint(condition=neither | both, name=name)


class Mod(CostRow):
    """A part or change on the vehicle."""

    title = models.CharField(max_length=120)
    part_number = models.CharField(max_length=80, blank=True)
    installed_on = models.DateField(null=True, blank=True)
    removed_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="garage_mods_of_owner")]
        constraints = [cost_whole("garage_mod_cost"), odometer_plausible("garage_mod_odometer")]

    def __str__(self) -> str:
        return self.title


class ServiceRecord(CostRow):
    title = models.CharField(max_length=120)
    done_on = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="garage_services_of_owner"),
            models.Index(fields=["vehicle", "-done_on"], name="garage_services_of_vehicle"),
        ]
        constraints = [cost_whole("garage_service_cost"), odometer_plausible("garage_service_odometer")]

    def __str__(self) -> str:
        return f"{self.title}, {self.done_on}"


class FuelUp(CostRow):
    """A visit to a pump or charger. Consumption is known between two full tanks (selectors/log.py)."""

    filled_on = models.DateField()
    quantity = models.DecimalField(max_digits=7, decimal_places=3)
    unit = models.CharField(max_length=3, choices=FuelUnit.choices, default=FuelUnit.LITRE)
    full_tank = models.BooleanField(default=True)
    missed_previous = models.BooleanField(default=False, help_text="A fuel-up before this one was not noted.")
    station = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = "fuel-up"
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="garage_fuel_of_owner"),
            models.Index(fields=["vehicle", "odometer_km"], name="garage_fuel_of_vehicle"),
        ]
        constraints = [
            cost_whole("garage_fuel_cost"),
            odometer_plausible("garage_fuel_odometer"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="garage_fuel_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} {self.unit}, {self.filled_on}"


class Document(VehicleRow):
    """A paper about the vehicle; its file is core's."""

    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=14, choices=DocumentKind.choices, default=DocumentKind.OTHER)
    file_id = models.UUIDField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    notes = models.TextField(max_length=4000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="garage_documents_of_owner")]

    def __str__(self) -> str:
        return self.title


class Reminder(VehicleRow):
    """Due at a date, at an odometer reading, or at whichever comes first; repeating ones move on when done."""

    title = models.CharField(max_length=120)
    due_on = models.DateField(null=True, blank=True)
    due_odometer_km = odometer(null=True, blank=True)
    every_months = models.PositiveSmallIntegerField(null=True, blank=True)
    every_km = odometer(null=True, blank=True)
    last_done_on = models.DateField(null=True, blank=True)
    last_done_odometer_km = odometer(null=True, blank=True)
    done_at = models.DateTimeField(
        null=True, blank=True, help_text="When a reminder without a repeat was done."
    )
    notes = models.TextField(max_length=4000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="garage_reminders_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(due_on__isnull=False) | Q(due_odometer_km__isnull=False),
                name="garage_reminder_has_a_due",
            ),
            odometer_plausible("garage_reminder_due_odometer", "due_odometer_km"),
        ]

    def __str__(self) -> str:
        return self.title


class ReminderTold(models.Model):
    """The last word that the owner heard of a reminder: how urgent, and which due it was about."""

    reminder = models.OneToOneField(Reminder, on_delete=models.CASCADE, primary_key=True, related_name="told")
    urgency = models.CharField(max_length=8)
    due_on = models.DateField(null=True)
    due_odometer_km = odometer(null=True)
    told_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.urgency}, told at {self.told_at:%Y-%m-%d %H:%M}"


class OdometerEntry(VehicleRow):
    """One reading, in the order in which they became known; only a correction may be lower than the one before.

    Nothing is written as often as a reading, so PostgreSQL checks one key instead of three: `same_owner`, the composite
    one of 0001_initial, says that vehicle and owner are there and belong together. The index below serves the vehicle.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    reading_km = odometer()
    read_at = models.DateTimeField(default=clock.now)
    source = models.CharField(max_length=10, choices=ReadingSource.choices, default=ReadingSource.OWNER)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "odometer entries"
        indexes = [models.Index(fields=["vehicle", "-read_at"], name="garage_readings_of_vehicle")]
        constraints = [odometer_plausible("garage_reading_plausible", "reading_km")]

    def __str__(self) -> str:
        return f"{self.reading_km.normalize():f} km"
