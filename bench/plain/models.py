"""The tables of the plain peer."""

import uuid

from django.conf import settings
from django.db import models


class Vehicle(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="vehicles")
    nickname = models.CharField(max_length=80, blank=True)
    make = models.CharField(max_length=80)
    model = models.CharField(max_length=80)
    trim = models.CharField(max_length=80, blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    vin = models.CharField(max_length=17, blank=True)
    license_plate = models.CharField(max_length=20, blank=True)
    odometer_km = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    fuel_type = models.CharField(max_length=10, blank=True)
    vin_notes = models.JSONField(default=list, blank=True)
    dongle_id = models.CharField(max_length=64, blank=True)
    dongle_connection_type = models.CharField(max_length=5, blank=True)
    vehicle_model_id = models.UUIDField(null=True, blank=True)
    ecu_family = models.CharField(max_length=80, blank=True)
    ecu_hardware = models.CharField(max_length=80, blank=True)
    ecu_software = models.CharField(max_length=80, blank=True)
    ecu_calibration_id = models.CharField(max_length=80, blank=True)
    engine_displacement_cc = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    engine_cylinders = models.PositiveSmallIntegerField(null=True, blank=True)
    engine_stroke = models.PositiveSmallIntegerField(null=True, blank=True)
    engine_aspiration = models.CharField(max_length=12, blank=True)
    engine_redline_rpm = models.PositiveIntegerField(null=True, blank=True)
    engine_compression = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    engine_injector_cc_min = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    mods = models.JSONField(default=list, blank=True)
    photo = models.URLField(null=True, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at"]),
            models.Index(fields=["owner", "updated_at"], name="plain_vehicle_delta"),
        ]

    def __str__(self) -> str:
        return f"{self.make} {self.model}"


class OdometerEntry(models.Model):
    """The history of readings, as the product keeps it."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="readings")
    reading_km = models.DecimalField(max_digits=8, decimal_places=1)
    read_at = models.DateTimeField(auto_now_add=True)


class Seller(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    business = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.business


class Tune(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="tunes")
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    stage = models.CharField(max_length=8)
    fuel_type = models.CharField(max_length=10, blank=True)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    vin_bound = models.BooleanField(default=False)
    picture = models.CharField(max_length=300, null=True)
    gain_power_kw = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    gain_torque_nm = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    rating = models.FloatField(null=True)
    rating_count = models.PositiveIntegerField(default=0)
    score = models.FloatField(default=0)
    sales_count = models.PositiveIntegerField(default=0)
    version_number = models.PositiveIntegerField(default=1)
    published_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-published_at"])]

    def __str__(self) -> str:
        return self.title


class Fit(models.Model):
    tune = models.ForeignKey(Tune, on_delete=models.CASCADE, related_name="rows")
    make = models.CharField(max_length=80, db_index=True)
    model = models.CharField(max_length=80)
    year_from = models.PositiveSmallIntegerField(null=True)
    year_to = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.make} {self.model} {self.year_from}-{self.year_to}"
