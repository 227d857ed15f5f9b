"""The list of what can be booked: three statements beside the shop and the services themselves."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from uuid import UUID

from appointments import slots
from appointments.errors import ServiceNotPriced
from appointments.models import Location, Service
from appointments.selectors.hours import day_bounds, plan_of, team_of
from appointments.selectors.pricing import job_of, price_table
from core import clock


def available(
    location: Location,
    services: Sequence[Service],
    *,
    vehicle_model_id: UUID | None,
    date_from: date,
    date_to: date,
    at_home: bool = False,
    mine: UUID | None = None,
) -> list[slots.Slot]:
    """Slots on these local dates, both included; without services they are one step long. mine: who asks.

    Raises ServiceNotPriced (400) when there is no price on any of the days, OverflowError at the calendar's edges.
    """
    now = clock.now()
    days = [date_from + timedelta(days=number) for number in range((date_to - date_from).days + 1)]
    spans = _spans(location, services, vehicle_model_id, days)
    if not spans:
        raise ServiceNotPriced([service.name for service in services])
    plan = plan_of(location, date_from, date_to)
    since, until = day_bounds(location, date_from, date_to + timedelta(days=1))
    around = (since - plan.buffer_before, until + plan.buffer_after)
    staffing = team_of(location, *around, now, mine=mine).staffing(at_home=at_home)
    found: dict[object, slots.Slot] = {}
    for minutes, first, last in spans:
        job = job_of(minutes, services)
        for slot in slots.slots(plan, job, staffing, date_from=first, date_to=last, now=now):
            found.setdefault(slot.start, slot)
    return list(found.values())


def _spans(
    location: Location, services: Sequence[Service], vehicle_model_id: UUID | None, days: Sequence[date]
) -> list[tuple[int, date, date]]:
    """(minutes, first day, last day) wherever the work has a price: a price may change its duration too."""
    if not services:
        return [(location.slot_step, days[0], days[-1])]
    table = price_table(
        services, location=location, vehicle_model_id=vehicle_model_id, first=days[0], last=days[-1]
    )
    spans = []
    for minutes, group in groupby(days, key=lambda day: table.minutes_on(day, services)):
        run = list(group)
        if minutes is not None:
            spans.append((minutes, run[0], run[-1]))
    return spans
