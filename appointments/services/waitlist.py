"""Freed times are offered to those who wait, one after the other, first come first."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings

from appointments import slots
from appointments.errors import ServiceNotPriced
from appointments.models import Appointment, Location, Service, WaitlistEntry, WaitlistOffer
from appointments.selectors.hours import day_bounds, local_day, plan_of, team_of
from appointments.selectors.pricing import job_of, price
from core import clock
from core.jobs import enqueue
from core.notes import notify
from core.rls import as_system
from users.models import User

OFFER_FREED = "appointments.offer_freed"
WAITING = WaitlistEntry.State.WAITING


def join(
    *,
    user: User,
    location: Location,
    services: Sequence[Service],
    date_from: date,
    date_to: date,
    vehicle_model: Any = None,
) -> WaitlistEntry:
    """Wait for a time. In the transaction under way."""
    with as_system("waiting lines are written by the desk alone"):
        entry: WaitlistEntry = WaitlistEntry.objects.create(
            user=user, location=location, vehicle_model=vehicle_model, date_from=date_from, date_to=date_to
        )
        entry.services.set(services)
        freed(location.pk)
    return entry


def leave(entry: WaitlistEntry) -> None:
    """Wait no longer; what was on offer goes to the next."""
    with as_system("waiting lines are written by the desk alone"):
        WaitlistEntry.objects.filter(pk=entry.pk).update(state=WaitlistEntry.State.LEFT)
        WaitlistOffer.objects.filter(entry=entry, state="open").update(state="passed")
        freed(entry.location_id)


def freed(location_id: UUID) -> None:
    """A time may be free at this shop: look who waits, after the commit."""
    if WaitlistEntry.objects.filter(location_id=location_id, state=WAITING, deleted_at=None).exists():
        enqueue(OFFER_FREED, location_id=str(location_id))


def offer_freed(location_id: UUID) -> int:
    """Offer each free time to the first who wants it and has no open offer; how many were told.

    A time that is on offer to one person is not offered to another until that one lets it pass.
    """
    with as_system("the waiting line is everybody's"):
        location = Location.objects.select_for_update(no_key=True).get(pk=location_id)
        now = clock.now()
        lapsed = WaitlistOffer.objects.filter(
            entry__location=location, state=WaitlistOffer.State.OPEN, expires_at__lte=now
        )
        lapsed.update(state=WaitlistOffer.State.PASSED)
        waiting = WaitlistEntry.objects.filter(location=location, state=WAITING, deleted_at=None)
        waiting = waiting.exclude(offers__state=WaitlistOffer.State.OPEN).order_by("created_at", "pk")
        on_offer = set(
            WaitlistOffer.objects.filter(
                entry__location=location, state=WaitlistOffer.State.OPEN
            ).values_list("start_at", flat=True)
        )
        return sum(_offer(location, entry, on_offer) for entry in waiting[:50])


def _offer(location: Location, entry: WaitlistEntry, on_offer: set[Any]) -> int:
    refused = set(entry.offers.values_list("start_at", flat=True))
    start = next(
        (slot.start for slot in _free(location, entry) if slot.start not in refused | on_offer), None
    )
    if start is None:
        return 0
    now = clock.now()
    made = WaitlistOffer.objects.create(entry=entry, start_at=start, expires_at=now + settings.WAITLIST_OFFER)
    on_offer.add(start)
    when = start.astimezone(location.zone).strftime("%a %d %b, %H:%M")
    notify(
        entry.user_id,
        "waitlist_offer",
        f"A time is free on {when}",
        f"{location.name}. Book it soon: then it goes to the next who waits.",
        waitlist_id=entry.pk,
        offer_id=made.pk,
    )
    seconds = int(settings.WAITLIST_OFFER.total_seconds()) + 1
    enqueue(OFFER_FREED, delay_seconds=seconds, location_id=str(location.pk))
    return 1


def _free(location: Location, entry: WaitlistEntry) -> list[slots.Slot]:
    now = clock.now()
    first = max(entry.date_from, local_day(location, now))
    if entry.date_to < first:
        return []
    services = list(entry.services.all())
    try:
        priced = price(services, location=location, vehicle_model_id=entry.vehicle_model_id, day=first)
    except ServiceNotPriced:
        return []
    job = job_of(sum(line.minutes for line in priced), services)
    since, until = day_bounds(location, first, entry.date_to)
    team = team_of(location, since, until, now)
    return slots.slots(
        plan_of(location, first, entry.date_to),
        job,
        team.staffing(at_home=False),
        date_from=first,
        date_to=entry.date_to,
        now=now,
    )


def settle_wish(appointment: Appointment) -> None:
    """Who has booked waits no longer for a time of that day at that shop."""
    if appointment.user_id is None:
        return
    day = local_day(appointment.location, appointment.start_at)
    rows = WaitlistEntry.objects.filter(
        user_id=appointment.user_id,
        location_id=appointment.location_id,
        state=WAITING,
        date_from__lte=day,
        date_to__gte=day,
    )
    for entry in rows:
        WaitlistOffer.objects.filter(entry=entry, state="open").update(state="taken")
        WaitlistEntry.objects.filter(pk=entry.pk).update(state=WaitlistEntry.State.BOOKED)
