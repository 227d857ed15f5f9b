"""A tune, its immutable versions, and the vehicles that it is made for."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models import FuelType, VehicleModel
from tuners.models import TunerProfile, bayesian


class TuneStatus(models.TextChoices):
    """Moves: marketplace/states.py, kept by a trigger."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "Waiting for moderation"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


class Stage(models.TextChoices):
    BASE = "base", "Base map"
    ECO = "eco", "Eco"
    STAGE_1 = "stage1", "Stage 1"
    STAGE_2 = "stage2", "Stage 2"
    STAGE_3 = "stage3", "Stage 3"
    RACE = "race", "Race only"


class TuneQuerySet(ScopedQuerySet["Tune"]):
    """Published tunes are for everybody, own ones for their tuner, retired ones for those who own them."""

    owner_path = "tuner__user"

    def history_of(self, user: Any) -> "TuneQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        public = Q(status=TuneStatus.PUBLISHED)
        if not user.is_authenticated:
            return public
        from marketplace.models.buying import Entitlement

        held = Entitlement.objects.filter(tune=OuterRef("pk"), user=user).exclude(status="revoked")
        return public | Q(tuner__user=user) | (Q(status=TuneStatus.RETIRED) & Q(Exists(held)))


class Tune(Record):
    """What is sold. The words and the price belong to the tuner, the figures below to triggers and the till."""

    tuner = models.ForeignKey(TunerProfile, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, blank=True)
    description = models.TextField(max_length=10_000, blank=True)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.STAGE_1)
    fuel_type = models.CharField(max_length=10, choices=FuelType.choices, blank=True)
    requirements = models.TextField(
        max_length=4000, blank=True, help_text="Parts that the vehicle needs: exhaust, injectors, fuel."
    )
    gain_power_kw = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    gain_torque_nm = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    price_minor = models.BigIntegerField(default=0, help_text="Minor units of the currency; 0 is free.")
    currency = models.CharField(max_length=3, default="INR")
    vin_bound = models.BooleanField(default=False, help_text="A licence is for one vehicle, by its VIN.")
    pictures = models.JSONField(
        default=list, blank=True, help_text="[{file_id, url}], the first is the cover."
    )
    status = models.CharField(max_length=10, choices=TuneStatus.choices, default=TuneStatus.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True, help_text="First time on the shelf.")
    moderation_reason = models.CharField(max_length=500, blank=True, help_text="What the tuner is told.")
    sales_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rating_sum = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rating_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    score = models.GeneratedField(
        expression=bayesian(),
        output_field=models.FloatField(),
        db_persist=True,
        verbose_name="Bayesian rating",
    )

    objects: ClassVar[Any] = TuneQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tuner", "-created_at", "-id"], name="marketplace_tunes_of"),
            models.Index(
                fields=["created_at"], condition=Q(status="in_review"), name="marketplace_to_moderate"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="marketplace_price_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="marketplace_currency"),
            models.CheckConstraint(condition=~Q(title=""), name="marketplace_tune_named"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review"]) | Q(published_at__isnull=False),
                name="marketplace_published_dated",
            ),
            models.CheckConstraint(
                condition=Q(rating_sum__gte=F("rating_count")) & Q(rating_sum__lte=F("rating_count") * 5),
                name="marketplace_rating_plausible",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def rating(self) -> float | None:
        """The plain mean of the visible reviews, two decimals; None without any."""
        return round(self.rating_sum / self.rating_count, 2) if self.rating_count else None


class FileState(models.TextChoices):
    PENDING = "pending", "Not read yet"
    READABLE = "readable", "Readable"
    UNREADABLE = "unreadable", "Can't be read"


class VersionQuerySet(ScopedQuerySet["TuneVersion"]):
    """Published versions of tunes that one may see; the tuner sees all of theirs."""

    owner_path = "tune__tuner__user"

    def history_of(self, user: Any) -> "VersionQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        seen = Exists(Tune.objects.visible_to(user).filter(pk=OuterRef("tune_id")))
        shown = Q(published_at__isnull=False) & Q(seen)
        return shown | super().scope(user) if user.is_authenticated else shown


class TuneVersion(Record):
    """One file. A trigger keeps file, hash, size, number and words for ever, and what was read once published."""

    tune = models.ForeignKey(Tune, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file_id = models.UUIDField(help_text="Core's stored file; never shown to buyers.")
    filename = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)
    changelog = models.TextField(max_length=4000, blank=True)
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.PENDING)
    format = models.CharField(max_length=20, blank=True)
    family = models.CharField(max_length=80, blank=True)
    signature = models.CharField(max_length=200, blank=True)
    calibration_id = models.CharField(max_length=80, blank=True)
    checksum_ok = models.BooleanField(null=True)
    detail = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = "version"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["tune", "number"], name="marketplace_version_number_once"),
            models.UniqueConstraint(fields=["tune", "sha256"], name="marketplace_version_content_once"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="marketplace_sha256_whole"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="marketplace_version_numbered"),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class FitQuerySet(ScopedQuerySet["Compatibility"]):
    owner_path = "tune__tuner__user"

    def history_of(self, user: Any) -> "FitQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        return Q(Exists(Tune.objects.visible_to(user).filter(pk=OuterRef("tune_id"))))


class Compatibility(Record):
    """One kind of vehicle that the tune is made for. Empty means any; the rule is marketplace/fitment.py."""

    tune = models.ForeignKey(Tune, on_delete=models.CASCADE, related_name="fits")
    vehicle_model = models.ForeignKey(
        VehicleModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    make = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=80, blank=True)
    year_from = models.PositiveSmallIntegerField(null=True, blank=True)
    year_to = models.PositiveSmallIntegerField(null=True, blank=True)
    ecu_family = models.CharField("ECU family", max_length=80, blank=True)
    ecu_hardware = models.CharField("ECU hardware", max_length=80, blank=True)
    ecu_software = models.CharField("ECU software", max_length=80, blank=True)
    calibration_ids = ArrayField(models.CharField(max_length=80), default=list, blank=True, size=50)
    verified = models.BooleanField(default=False, help_text="Staff saw it run on such a vehicle.")

    objects: ClassVar[Any] = FitQuerySet.as_manager()

    class Meta:
        verbose_name = "compatibility"
        verbose_name_plural = "compatibility"
        ordering = ["make", "model", "year_from", "id"]
        indexes = [models.Index(fields=["tune"], condition=Q(deleted_at=None), name="marketplace_fits_of")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(make="") | ~Q(ecu_family=""), name="marketplace_fit_names_something"
            ),
            models.CheckConstraint(condition=~Q(make="") | Q(model=""), name="marketplace_model_has_make"),
            models.CheckConstraint(
                condition=(Q(year_from=None) | Q(year_from__range=(1885, 2100)))
                & (Q(year_to=None) | Q(year_to__range=(1885, 2100)))
                & (Q(year_from=None) | Q(year_to=None) | Q(year_to__gte=F("year_from"))),
                name="marketplace_fit_years",
            ),
        ]

    def __str__(self) -> str:
        years = f"{self.year_from or ''}-{self.year_to or ''}".strip("-")
        return " ".join(part for part in (self.make, self.model, years, self.ecu_family) if part)
