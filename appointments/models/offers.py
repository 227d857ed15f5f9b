"""Who waits for a time, and who pays less."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from appointments.models.booking import Appointment, ByUser
from appointments.models.catalogue import Service
from appointments.models.places import Location, PublicQuerySet
from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models import VehicleModel, VehicleType


class WaitlistEntry(Record):
    """Somebody who wants a time between two local dates of a shop that has none left."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        BOOKED = "booked", "Booked"
        LEFT = "left", "Left the list"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    services = models.ManyToManyField(Service, related_name="+")
    vehicle_model = models.ForeignKey(
        VehicleModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    date_from = models.DateField()
    date_to = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        verbose_name_plural = "waitlist entries"
        indexes = [
            models.Index(
                fields=["location", "created_at", "id"],
                condition=Q(state="waiting", deleted_at=None),
                name="appointments_waiting_at",
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(date_to__gte=F("date_from")), name="appointments_wait_dates")
        ]

    def __str__(self) -> str:
        return f"{self.user} from {self.date_from} to {self.date_to}"


class WaitlistOffer(models.Model):
    """A freed time, kept for one person until `expires_at`; who lets it pass makes room for the next."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TAKEN = "taken", "Taken"
        PASSED = "passed", "Let pass"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.CASCADE, related_name="offers")
    start_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()

    class OfEntry(ScopedQuerySet["WaitlistOffer"]):
        owner_path = "entry__user"

    objects: ClassVar[Any] = OfEntry.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "start_at"], name="appointments_offered_once"),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(state="open"), name="appointments_one_open_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m-%d %H:%M} for {self.entry}"


class Offer(Record):
    """A discount with limits. Empty lists: for everybody, everywhere, for all vehicles."""

    title = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    terms = models.TextField(max_length=2000, blank=True)
    starts_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    eligible_memberships = ArrayField(
        models.SlugField(max_length=40), default=list, blank=True, help_text="Plan codes."
    )
    locations = models.ManyToManyField(Location, blank=True, related_name="+")
    vehicle_types = models.ManyToManyField(VehicleType, blank=True, related_name="+")
    percent_bps = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Hundredths of a percent; or an amount."
    )
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="Of the amount.")
    limit_total = models.PositiveIntegerField(null=True, blank=True)
    limit_per_user = models.PositiveIntegerField(default=1)
    redeemed_count = models.PositiveIntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)

    objects: ClassVar[Any] = PublicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent_bps__range=(1, 10_000), amount_minor=None)
                | Q(percent_bps=None, amount_minor__gt=0, currency__regex=r"^[A-Z]{3}$"),
                name="appointments_offer_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("starts_at")), name="appointments_offer_dates"
            ),
            models.CheckConstraint(
                condition=Q(limit_total=None) | Q(redeemed_count__lte=F("limit_total")),
                name="appointments_offer_limit",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class OfferRedemption(models.Model):
    """One use of an offer, by one appointment; given back when that is cancelled or not paid."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="redemptions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="redemption")
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)
    returned_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        indexes = [models.Index(fields=["offer", "user"], name="appointments_redeemed_by")]

    def __str__(self) -> str:
        return f"{self.offer} for {self.appointment}"
