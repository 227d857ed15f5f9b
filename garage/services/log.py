"""Deeds on the owner's log: what a row tells of the odometer, whose file a paper is, and a reminder done."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core import clock
from core.errors import Invalid
from core.files.services import claim
from core.models import FilePurpose
from garage.models import FuelUp, ReadingSource, Reminder, ServiceRecord
from garage.models.vehicle import MAX_ODOMETER_KM
from garage.reminding import next_due
from garage.selectors.vehicles import update_vehicle

SOURCES: dict[Any, ReadingSource] = {ServiceRecord: ReadingSource.SERVICE, FuelUp: ReadingSource.FUEL}


def learn_from(row: Any) -> None:
    """A row with a higher reading than the vehicle's raises the odometer; an older, lower one is history."""
    source = SOURCES.get(type(row))
    if source is None or row.odometer_km is None:
        return
    known = row.vehicle.odometer_km
    if known is None or row.odometer_km > known:
        read_odometer(row.owner_id, row.vehicle_id, row.odometer_km, source)


def read_odometer(owner_id: UUID, vehicle_id: UUID, reading_km: Decimal, source: ReadingSource) -> None:
    """Raise the odometer to a reading; a lower one changes nothing."""
    update_vehicle(owner_id, vehicle_id, {"odometer_km": reading_km}, rev=None, source=source)


def claim_paper(owner_id: UUID, file_id: UUID | None) -> None:
    """Raises Invalid naming file_id."""
    if file_id is not None:
        claim(owner_id, file_id, purpose=FilePurpose.DOCUMENT)


def finish_reminder(reminder: Reminder, *, done_on: date | None, odometer_km: Decimal | None) -> None:
    """Move a repeating reminder to its next due, end any other. `reminder` is locked by the caller.

    Doing it twice on one day at one reading is doing it once.
    """
    day = done_on or clock.now().date()
    reading = odometer_km if odometer_km is not None else reminder.vehicle.odometer_km
    if reminder.due_odometer_km is not None and reminder.every_km and reading is None:
        raise Invalid(fields={"odometer_km": ["Give the reading: the next one is counted from it."]})
    due = next_due(
        done_on=day, done_km=reading, every_months=reminder.every_months, every_km=reminder.every_km
    )
    if due.km is not None and due.km > MAX_ODOMETER_KM:
        raise Invalid(fields={"odometer_km": ["The next one would be due beyond what an odometer shows."]})
    reminder.last_done_on, reminder.last_done_odometer_km = day, reading
    if due.on is None and due.km is None:
        reminder.done_at = reminder.done_at or clock.now()
    else:
        reminder.due_on, reminder.due_odometer_km = due.on, due.km
    reminder.save(
        update_fields=["last_done_on", "last_done_odometer_km", "done_at", "due_on", "due_odometer_km"]
    )
    if odometer_km is not None:
        read_odometer(reminder.owner_id, reminder.vehicle_id, odometer_km, ReadingSource.SERVICE)
