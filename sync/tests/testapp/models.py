"""A parent, its children, a shared thing with members, something that only the server writes, a catalogue."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.models import Record
from core.querysets import ScopedQuerySet


class Owned(Record):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[Any] = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True


class Bike(Owned):
    nickname = models.CharField(max_length=40)
    vin = models.CharField(max_length=17, blank=True)
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1, default=0)
    colour = models.CharField(max_length=20, blank=True)
    serviced_at = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["owner", "vin"], condition=~Q(vin="") & Q(deleted_at=None), name="synctest_vin_once"
            ),
            CheckConstraint(condition=~Q(nickname="cursed"), name="synctest_no_curse"),
        ]
        indexes = [models.Index(fields=["owner", "id"], name="synctest_bike_scan")]


class Part(Record):
    bike = models.ForeignKey(Bike, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=40)

    class Parts(ScopedQuerySet["Part"]):
        owner_path = "bike__owner"

    objects: ClassVar[Any] = Parts.as_manager()


class Invoice(Owned):
    amount_minor = models.IntegerField(default=0)


class Log(Owned):
    text = models.CharField(max_length=80)


class Ride(Record):
    title = models.CharField(max_length=40)

    class Rides(ScopedQuerySet["Ride"]):
        def scope(self, user: Any) -> Q:
            return Q(pk__in=Seat.objects.filter(user_id=user.pk, left_at=None).values("ride_id"))

    objects: ClassVar[Any] = Rides.as_manager()


class Seat(Record):
    ride = models.ForeignKey(Ride, on_delete=models.CASCADE, related_name="+")
    user_id = models.UUIDField()
    left_at = models.DateTimeField(null=True)

    class Seats(ScopedQuerySet["Seat"]):
        owner_path = "user_id"

    objects: ClassVar[Any] = Seats.as_manager()


class Shop(Record):
    name = models.CharField(max_length=40)
    city = models.CharField(max_length=40, blank=True)

    class Shops(ScopedQuerySet["Shop"]):
        def scope(self, user: Any) -> Q:
            return Q()

    objects: ClassVar[Any] = Shops.as_manager()
