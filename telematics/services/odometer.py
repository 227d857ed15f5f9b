"""The garage learns the odometer, which never falls there, and with it its reminders.

While a drive is under way it is told of a kilometre more, at most every five minutes (`telematics_saw` decides); the
last metres, after which no batch comes any more, by a job that waits until the drive has ended.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.db.models import F

from core import clock
from core.jobs import enqueue
from core.rls import as_system, as_user
from garage.models import ReadingSource
from garage.models.vehicle import MAX_ODOMETER_KM
from garage.services.log import read_odometer
from telematics.models import Latest
from telematics.services.packing import lock

if TYPE_CHECKING:
    from uuid import UUID

TELL: Final = "telematics.tell_odometer"
RESTS_S: Final = 300


def kilometres(reading: float) -> float:
    """A reading as people read it: to a hundred metres. Devices count in floats, so 24,800 may come as 24,799.999."""
    return round(reading, 1)


def tell_garage(vehicle_id: UUID, owner_id: UUID) -> None:
    """What `odometer_told` says, to the garage. In a transaction that sees the owner's rows."""
    reading = Latest.objects.filter(pk=vehicle_id).values_list("odometer_told", flat=True).first()
    if reading is not None and reading <= MAX_ODOMETER_KM:
        read_odometer(owner_id, vehicle_id, Decimal(str(kilometres(reading))), ReadingSource.TELEMATICS)


def tell_later(vehicle_id: UUID) -> None:
    """If the garage does not know the last reading: one job for the vehicle, however often this is asked."""
    row = Latest.objects.filter(pk=vehicle_id, vehicle__deleted_at=None)
    odometer, told = row.values_list("odometer", "odometer_told").first() or (None, None)
    if odometer is not None and (told is None or kilometres(odometer) > kilometres(told)):
        enqueue(TELL, delay_seconds=RESTS_S, once=f"{TELL} {vehicle_id}", vehicle_id=str(vehicle_id))


def tell_last(vehicle_id: UUID) -> None:
    """The last reading, whatever it is; told already is well."""
    with as_system("a job knows the vehicle only"):
        rows = Latest.objects.filter(pk=vehicle_id, vehicle__deleted_at=None)
        owner_id = rows.values_list("owner_id", flat=True).first()
    if owner_id is None:
        return
    with as_user(owner_id):
        lock(vehicle_id)
        Latest.objects.filter(pk=vehicle_id, odometer__isnull=False).update(
            odometer_told=F("odometer"), odometer_told_at=clock.now()
        )
        tell_garage(vehicle_id, owner_id)
