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
