"""Shops: where they are, when they are open, and what they have. Public to read, staff write."""

from collections.abc import Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value

from core.models import Record
from core.querysets import ScopedQuerySet


class PublicQuerySet(ScopedQuerySet[Any]):
    """Everybody may read all live rows, with an account or without."""

    def history_of(self, user: Any) -> "PublicQuerySet":
        return self.all()


def known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("Give the name of a time zone, such as Asia/Kolkata.")


class Location(Record):
    """A shop with its calendar and its policy; times in minutes, shares in basis points (1/100 of a percent)."""

    name = models.CharField(max_length=120)
    tz = models.CharField("time zone", max_length=64, validators=[known_zone])
    address = models.CharField(max_length=300)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    about = models.TextField(max_length=2000, blank=True)
    lat = models.FloatField("latitude", help_text="Degrees.")
    lng = models.FloatField("longitude", help_text="Degrees.")
    currency = models.CharField(max_length=3)
    active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False, help_text="Taken when a booking names no shop.")
    tuner_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The tuner whose shop it is: earns what is paid there, and visitors may review them. "
        "Empty: the house's own.",
    )

    slot_step = models.PositiveSmallIntegerField(default=30, help_text="Minutes between possible starts.")
    min_notice = models.PositiveIntegerField(default=120, help_text="Minutes between booking and start.")
    horizon_days = models.PositiveSmallIntegerField(default=60)
    buffer_before = models.PositiveSmallIntegerField(default=0, help_text="Minutes.")
    buffer_after = models.PositiveSmallIntegerField(default=0, help_text="Minutes.")

    confirm_by_hand = models.BooleanField(default=False, help_text="Bookings wait for staff.")
    deposit_bps = models.PositiveSmallIntegerField(
        default=0, help_text="Part of the total that is due when booking; 0: all of it when paying online."
    )
    cancel_notice = models.PositiveIntegerField(
        default=1440, help_text="Minutes before the start until which cancelling is free."
    )
    late_fee_bps = models.PositiveSmallIntegerField(
        default=0, help_text="Part of the total that is kept of a late cancellation or no-show."
    )
    reschedule_notice = models.PositiveIntegerField(default=120, help_text="Minutes before the start.")
    reschedule_limit = models.PositiveSmallIntegerField(default=3)
    tax_bps = models.PositiveSmallIntegerField(default=0, help_text="Tax included in the prices.")
    commission_bps = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="What the house keeps of each payment at a tuner's shop, hundredths of a percent; "
        "empty: BOOKING_COMMISSION_BPS.",
    )

    kept: Sequence[Any] = ()  # allocations for people who wait; the guard of the calendar reads them

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["lat", "lng"], name="appointments_location_point")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lat__range=(-90, 90), lng__range=(-180, 180)), name="appointments_on_earth"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="appointments_location_currency"
            ),
            models.CheckConstraint(condition=Q(slot_step__range=(5, 1440)), name="appointments_slot_step"),
            models.CheckConstraint(condition=Q(horizon_days__range=(1, 730)), name="appointments_horizon"),
            models.CheckConstraint(
                condition=Q(deposit_bps__lte=10_000, late_fee_bps__lte=10_000, tax_bps__lte=10_000),
                name="appointments_location_shares",
            ),
            models.CheckConstraint(
                condition=Q(commission_bps=None) | Q(commission_bps__lte=10_000),
                name="appointments_location_commission",
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True, deleted_at=None),
                name="appointments_one_default_shop",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    def policy(self) -> dict[str, int]:
        """What a booking made now is held to, whatever the shop decides later."""
        return {
            "cancel_notice": self.cancel_notice,
            "late_fee_bps": self.late_fee_bps,
            "reschedule_notice": self.reschedule_notice,
            "reschedule_limit": self.reschedule_limit,
            "deposit_bps": self.deposit_bps,
        }


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class OpeningRule(Record):
    """A window of every such weekday, local time; several a day leave breaks between them."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="rules")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="At or before the opening: on the next day. 00:00 is 24:00.")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="appointments_weekday"),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="appointments_rule_dates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class OpeningException(Record):
    """Other hours on one date: a window, several by several rows, or none at all (`closed`)."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="exceptions")
    day = models.DateField()
    closed = models.BooleanField(default=False)
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["day", "opens"]
        indexes = [models.Index(fields=["location", "day"], name="appointments_exceptions_on")]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed=True, opens=None, closes=None)
                | Q(closed=False, opens__isnull=False, closes__isnull=False),
                name="appointments_closed_or_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {'closed' if self.closed else f'{self.opens:%H:%M} to {self.closes:%H:%M}'}"


class Closure(Record):
    """Nothing starts or runs in this time."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["location", "ends_at"], name="appointments_closures_on")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointments_closure_order")
        ]

    def __str__(self) -> str:
        return self.reason or f"closed from {self.starts_at:%Y-%m-%d %H:%M}"


class ResourceKind(models.TextChoices):
    BAY = "bay", "Bay"
    TECHNICIAN = "technician", "Technician"
    PICKUP_VAN = "pickup_van", "Van for visits"


class Resource(Record):
    """A bay, a technician or a van. `no` is a number because exclusion constraints need a range of it."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="resources")
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)
    name = models.CharField(max_length=80)
    skills = ArrayField(models.SlugField(max_length=40), default=list, blank=True)
    active = models.BooleanField(default=True)
    no = models.BigIntegerField(
        unique=True,
        editable=False,
        db_default=Func(
            Value("appointments_resource_no"), function="nextval", output_field=models.BigIntegerField()
        ),
    )

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "name"]
        indexes = [models.Index(fields=["location", "kind"], name="appointments_resources_of")]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "name"], condition=Q(deleted_at=None), name="appointments_resource_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
