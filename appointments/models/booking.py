"""A booking: what was agreed, the places that it blocks, its history and its reminders."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from appointments.models.catalogue import Service
from appointments.models.places import Location, Resource
from core import clock
from core.ids import uuid7
from core.models import Record
from core.querysets import ScopedQuerySet
from garage.models import Vehicle, VehicleModel


class Status(models.TextChoices):
    """Moves: appointments/states.py, kept by a trigger."""

    PENDING_PAYMENT = "pending_payment", "Waiting for payment"
    PENDING = "pending", "Waiting for the shop"
    CONFIRMED = "confirmed", "Confirmed"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "Did not come"
    EXPIRED = "expired", "Not paid in time"


class ServicePlace(models.TextChoices):
    SHOP = "shop", "At the shop"
    HOME = "home", "At the customer's"


class PaymentMethod(models.TextChoices):
    CASH = "cash", "At the counter"
    RAZORPAY = "razorpay", "Online"
    MEMBERSHIP = "membership", "Included in the membership"


class Source(models.TextChoices):
    APP = "app", "App"
    GUEST = "guest", "Guest"
    STAFF = "staff", "Desk"


class ByUser(ScopedQuerySet[Any]):
    owner_path = "user"


class ByVisitor(ScopedQuerySet[Any]):
    owner_path = "appointment__user"


class Appointment(Record):
    """A visit. Guests have no user: a token, kept as its SHA-256, opens theirs.

    `sequence` counts changes that a calendar must learn of; `policy` is the shop's of the day of booking. All that
    is charged is in minor units; `due_minor` is what had to be paid to hold the time, `paid_minor` what is here.
    Who earns it and what the house keeps of it are those of the day of booking, too.
    """

    reference = models.CharField(max_length=12, unique=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    customer_name = models.CharField(max_length=120, blank=True)
    customer_phone = models.CharField(max_length=16, blank=True, help_text="E.164")
    customer_email = models.EmailField(blank=True)
    guest_token_hash = models.CharField(max_length=64, blank=True, editable=False)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    vehicle_model = models.ForeignKey(
        VehicleModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    service_location = models.CharField(max_length=4, choices=ServicePlace.choices, default=ServicePlace.SHOP)
    address = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices)
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    payment_method = models.CharField(
        max_length=10, choices=PaymentMethod.choices, default=PaymentMethod.CASH
    )
    total_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    due_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0, help_text="Kept of a late cancellation or no-show.")
    payee_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text="The tuner who earns it; empty: the house."
    )
    commission_bps = models.PositiveSmallIntegerField(
        default=0, help_text="What the house keeps of each payment, hundredths of a percent."
    )
    commission_free_minor = models.BigIntegerField(
        default=0, help_text="The commission that a member was spared; part of the discount."
    )
    currency = models.CharField(max_length=3)
    policy = models.JSONField(default=dict)
    sequence = models.PositiveIntegerField(default=0)
    reschedule_count = models.PositiveSmallIntegerField(default=0)
    notes = models.TextField(max_length=2000, blank=True)
    source = models.CharField(max_length=6, choices=Source.choices, default=Source.APP)
    odometer_km = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-start_at", "-id"], name="appointments_of_user"),
            models.Index(fields=["location", "start_at", "id"], name="appointments_at_location"),
            models.Index(
                fields=["hold_expires_at"],
                condition=Q(status="pending_payment"),
                name="appointments_holds",
            ),
            models.Index(
                fields=["customer_phone"], condition=~Q(customer_phone=""), name="appointments_by_phone"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(end_at__gt=F("start_at")), name="appointments_times_order"),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, discount_minor__gte=0, fee_minor__gte=0, paid_minor__gte=0)
                & Q(due_minor__range=(0, F("total_minor"))),
                name="appointments_amounts",
            ),
            models.CheckConstraint(
                condition=Q(commission_bps__lte=10_000)
                & Q(commission_free_minor__range=(0, F("discount_minor"))),
                name="appointments_commission",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="appointments_status_known"),
            models.CheckConstraint(
                condition=~Q(status="pending_payment") | Q(hold_expires_at__isnull=False),
                name="appointments_hold_dated",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(customer_name=""), name="appointments_somebody_comes"
            ),
            models.CheckConstraint(
                condition=~Q(service_location="home") | ~Q(address=""), name="appointments_home_address"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def who(self) -> str:
        return self.customer_name or (str(self.user) if self.user else "")


class AppointmentLine(models.Model):
    """One service as it was priced that day; `tax_minor` is part of `price_minor`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="lines")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    minutes = models.PositiveSmallIntegerField()
    price_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[Any] = ByVisitor.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price_minor__gte=0) & Q(discount_minor__range=(0, F("price_minor"))),
                name="appointments_line_amounts",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Allocation(models.Model):
    """A place that an appointment blocks, buffers included; whatever code forgets, no two overlap.

    Or one that is kept for somebody who waits, as long as the offer holds: `hold_expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="allocations"
    )
    offer = models.ForeignKey(
        "WaitlistOffer", on_delete=models.CASCADE, null=True, blank=True, related_name="places"
    )
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+")
    resource_no = models.BigIntegerField()
    period = DateTimeRangeField()
    blocking = models.BooleanField(default=True)
    hold_expires_at = models.DateTimeField(null=True, blank=True, help_text="From then on it blocks nobody.")

    objects: ClassVar[Any] = ByVisitor.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["appointment"], name="appointments_allocations_of"),
            models.Index(
                fields=["hold_expires_at"], condition=Q(offer__isnull=False), name="appointments_kept_places"
            ),
        ]
        constraints = [
            ExclusionConstraint(
                name="appointments_no_overlap",
                expressions=[
                    (
                        Func(
                            F("resource_no"),
                            F("resource_no"),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(blocking=True),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="appointments_period_whole",
            ),
            models.CheckConstraint(
                condition=Q(appointment__isnull=False, offer=None)
                | Q(appointment=None, offer__isnull=False, hold_expires_at__isnull=False),
                name="appointments_place_for_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource} for {self.appointment or self.offer}"


class StatusChange(models.Model):
    """One step of an appointment's story. `actor` null: a timer, a guest or a staff key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=clock.now, db_default=Now())
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="changes")
    old = models.CharField(max_length=16, blank=True)
    new = models.CharField(max_length=16)
    actor = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = ByVisitor.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["appointment", "at"], name="appointments_changes_of")]

    def __str__(self) -> str:
        return f"{self.old or 'new'} to {self.new}"


class Reminder(models.Model):
    """One message about one version of an appointment; a changed `sequence` makes it void."""

    class Channel(models.TextChoices):
        NOTE = "note", "Push and mail by the person's own settings"
        EMAIL = "email", "E-mail"
        SMS = "sms", "SMS"

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", "Booked"
        DAY_BEFORE = "day_before", "A day before"
        HOURS_BEFORE = "hours_before", "Two hours before"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="reminders")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    channel = models.CharField(max_length=5, choices=Channel.choices)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByVisitor.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "sequence", "kind", "channel"], name="appointments_reminder_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.get_channel_display()}"


class CalendarToken(models.Model):
    """Opens one person's calendar feed; kept as its SHA-256, dead once revoked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="appointments_one_live_feed"
            )
        ]

    def __str__(self) -> str:
        return f"calendar feed of {self.created_at:%Y-%m-%d}"
