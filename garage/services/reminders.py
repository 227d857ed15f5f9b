"""Owners hear of what is due: once when it comes near, once more when it is over."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q

from core import clock
from core.ids import NIL
from core.notes import notify
from core.rls import as_system
from garage.models import Reminder, ReminderTold
from garage.reminding import DUE_DAYS, DUE_KM, Due, Urgency, how_long, more_urgent, urgency

BATCH: Final = 500
TELL: Final[tuple[Urgency, ...]] = ("due", "overdue")


def tell_due() -> int:
    """Tell of every live reminder that is due or overdue and was not told so yet; how many were told.

    Repeating tells nothing: what was told stands beside the reminder, written with the note in one transaction. A
    reminder that moved on (done, edited) is due anew.
    """
    today, last, told = clock.now().date(), NIL, 0
    while True:
        with as_system("the reminders of all owners"):
            rows = _near(today, after=last)
            told += sum(_tell(row, today) for row in rows)
        if len(rows) < BATCH:
            return told
        last = rows[-1].pk


def _near(today: date, *, after: UUID) -> list[Reminder]:
    """The next ones that may be due, in order of their ids; locked, those that somebody edits now are left out."""
    near = Q(due_on__lte=today + timedelta(days=DUE_DAYS)) | Q(
        due_odometer_km__lte=F("vehicle__odometer_km") + DUE_KM
    )
    rows: Any = Reminder.objects.live().filter(near, pk__gt=after, done_at=None, vehicle__deleted_at=None)
    rows = rows.filter(owner__is_active=True, owner__deleted_at=None).select_related("vehicle", "told")
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])


def _tell(reminder: Reminder, today: date) -> bool:
    due = Due(reminder.due_on, reminder.due_odometer_km)
    reading = reminder.vehicle.odometer_km
    word = urgency(due, today=today, odometer_km=reading)
    if word not in TELL or not more_urgent(word, _heard(reminder, due)):
        return False
    ReminderTold.objects.update_or_create(
        reminder=reminder,
        defaults={"urgency": word, "due_on": due.on, "due_odometer_km": due.km, "told_at": clock.now()},
    )
    notify(
        reminder.owner_id,
        f"reminder_{word}",
        f"{reminder.title} is {word}",
        f"{reminder.vehicle}: {how_long(due, today=today, odometer_km=reading)}.",
        reminder_id=reminder.pk,
        vehicle_id=reminder.vehicle_id,
    )
    return True


def _heard(reminder: Reminder, due: Due) -> str:
    """What the owner heard of this due; of another one it does not count."""
    told: ReminderTold | None = getattr(reminder, "told", None)
    if told is None or (told.due_on, told.due_odometer_km) != (due.on, due.km):
        return ""
    return told.urgency
