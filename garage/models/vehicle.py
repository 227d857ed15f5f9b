"""A vehicle, and what every row about one has in common."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.models import Record
from garage.models.catalogue import VehicleModel
from garage.models.choices import Aspiration, Connection, FuelType

FIRST_YEAR, LAST_YEAR = 1885, 2100
MAX_ODOMETER_KM = 5_000_000


class Vehicle(Record):
    """Units stand in the names. `vin_notes` are sentences about what the VIN says, kept at each write."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    nickname = models.CharField(max_length=80, blank=True)
    vin = models.CharField("VIN", max_length=17, blank=True)
    vin_notes = ArrayField(models.TextField(), default=list, blank=True, editable=False)
    make = models.CharField(max_length=80)
    model = models.CharField(max_length=80)
    trim = models.CharField(max_length=80, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    license_plate = models.CharField(max_length=20, blank=True)
    odometer_km = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    fuel_type = models.CharField(max_length=10, choices=FuelType.choices, blank=True)
    dongle_id = models.CharField(max_length=64, blank=True)
    dongle_connection_type = models.CharField(max_length=5, choices=Connection.choices, blank=True)
    vehicle_model = models.ForeignKey(
        VehicleModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ecu_family = models.CharField("ECU family", max_length=80, blank=True)
    ecu_hardware = models.CharField("ECU hardware", max_length=80, blank=True)
    ecu_software = models.CharField("ECU software", max_length=80, blank=True)
    ecu_calibration_id = models.CharField("ECU calibration id", max_length=80, blank=True)
    engine_displacement_cc = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    engine_cylinders = models.PositiveSmallIntegerField(null=True, blank=True)
    engine_stroke = models.PositiveSmallIntegerField(null=True, blank=True, help_text="2 or 4.")
    engine_aspiration = models.CharField(max_length=12, choices=Aspiration.choices, blank=True)
    engine_redline_rpm = models.PositiveIntegerField(null=True, blank=True)
    engine_compression = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="x in x:1."
    )
    engine_injector_cc_min = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    mods = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    notes = models.TextField(max_length=4000, blank=True)
    photo_file_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"],
                condition=Q(deleted_at=None),
                name="garage_vehicles_live",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "vin"],
                condition=~Q(vin="") & Q(deleted_at=None),
                name="garage_vehicle_one_live_vin",
            ),
            models.UniqueConstraint(
                fields=["dongle_id"],
                condition=~Q(dongle_id="") & Q(deleted_at=None),
                name="garage_vehicle_one_live_dongle",
            ),
            # For the foreign keys of rows about a vehicle: their owner is the vehicle's.
            models.UniqueConstraint(fields=["id", "owner"], name="garage_vehicle_and_owner"),
            models.CheckConstraint(
                condition=Q(year=None) | Q(year__range=(FIRST_YEAR, LAST_YEAR)),
                name="garage_vehicle_year_plausible",
            ),
            models.CheckConstraint(
                condition=Q(odometer_km=None) | Q(odometer_km__range=(0, MAX_ODOMETER_KM)),
                name="garage_vehicle_odometer_plausible",
            ),
            models.CheckConstraint(
                condition=~Q(dongle_id="") | Q(dongle_connection_type=""), name="garage_vehicle_dongle_whole"
            ),
        ]

    def __str__(self) -> str:
        return self.nickname or f"{self.year or ''} {self.make} {self.model}".strip()


class VehicleRow(Record):
    """A row about a vehicle. `owner` is the vehicle's, which a composite foreign key sees to (0001_initial)."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True
