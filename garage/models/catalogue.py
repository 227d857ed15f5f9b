"""Types, brands and models that a rider picks from. Public to read, staff and the loader write."""

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models.choices import Aspiration, FuelType


class PublicQuerySet(ScopedQuerySet[Any]):
    """Everybody may read all live rows, with an account or without."""

    def history_of(self, user: Any) -> "PublicQuerySet":
        return self.all()


class CatalogueRow(Record):
    """`code` is the key of the data files: the loader finds its rows by it. Rows made in the admin have own codes."""

    code = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    edited = models.BooleanField(default=False, help_text="Changed by staff: the loader leaves it alone.")

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class VehicleType(CatalogueRow):
    class Meta(CatalogueRow.Meta):
        ordering = ["name"]


class VehicleBrand(CatalogueRow):
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2 of the brand's home.")
    wmi = ArrayField(
        models.CharField(max_length=3), default=list, blank=True, help_text="First three characters of VINs."
    )

    class Meta(CatalogueRow.Meta):
        ordering = ["name"]


class VehicleModel(CatalogueRow):
    """One generation of a model. Columns without a value: nobody is sure."""

    brand = models.ForeignKey(VehicleBrand, on_delete=models.PROTECT, related_name="models")
    vehicle_type = models.ForeignKey(VehicleType, on_delete=models.PROTECT, related_name="+")
    generation = models.CharField(max_length=80, blank=True)
    year_from = models.PositiveSmallIntegerField()
    year_to = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: still made.")
    fuel_type = models.CharField(max_length=10, choices=FuelType.choices, blank=True)
    engine_displacement_cc = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    engine_cylinders = models.PositiveSmallIntegerField(null=True, blank=True)
    engine_stroke = models.PositiveSmallIntegerField(null=True, blank=True, help_text="2 or 4.")
    engine_aspiration = models.CharField(max_length=12, choices=Aspiration.choices, blank=True)
    engine_cooling = models.CharField(max_length=10, blank=True, help_text="air, oil or liquid.")
    engine_compression = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="x in x:1."
    )
    engine_redline_rpm = models.PositiveIntegerField(null=True, blank=True)
    engine_power_kw = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    engine_torque_nm = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    ecu_maker = models.CharField(max_length=80, blank=True)
    ecu_family = models.CharField(max_length=80, blank=True)

    class Meta(CatalogueRow.Meta):
        ordering = ["name", "year_from"]
        indexes = [models.Index(fields=["brand", "name"], name="garage_model_by_brand")]
        constraints = [
            models.CheckConstraint(
                condition=Q(year_from__range=(1885, 2100)), name="garage_model_year_plausible"
            ),
            models.CheckConstraint(
                condition=Q(year_to=None) | Q(year_to__gte=F("year_from")), name="garage_model_years_in_order"
            ),
        ]

    def __str__(self) -> str:
        years = f"{self.year_from}-{self.year_to or ''}"
        return f"{self.name} {self.generation} ({years})".replace("  ", " ")


class CatalogueState(models.Model):
    """The version key of everything above: one row, whose `version` a trigger replaces at every change.

    A random one, not a counter: after a restored backup a counter would name other content by an old number.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="garage_one_catalogue_state")]

    def __str__(self) -> str:
        return f"catalogue {str(self.version)[:8]}"
