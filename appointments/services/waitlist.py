"""Freed times are offered to those who wait, one after the other, first come first.

An offer keeps its time: nobody else can book it until the offer ends, by the clock and without any worker.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from appointments import slots
from appointments.errors import ServiceNotPriced
from appointments.models import Allocation, Appointment, Location, Service, WaitlistEntry, WaitlistOffer
from appointments.selectors.hours import day_bounds, local_day, plan_of, team_of
from appointments.selectors.pricing import job_of, price
from appointments.services.guard import Wanted, claim, guarded, keep, lock
from core import clock
from core.jobs import enqueue
from core.notes import notify
from core.rls import as_system
from users.models import User

OFFER_FREED = "appointments.offer_freed"
WAITING, OPEN = WaitlistEntry.State.WAITING, WaitlistOffer.State.OPEN
PASSED_MOST: Final = 5  # offers that somebody may let pass before the wish counts as gone
LONGEST: Final = 1000  # people of one line that one job looks at
SHORTEST: Final = timedelta(minutes=5)  # nobody can answer an offer that holds for less


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
        _end(entry, WaitlistEntry.State.LEFT, WaitlistOffer.State.PASSED)


def _end(entry: WaitlistEntry, state: str, offers: str) -> None:
    """Close an entry with its open offer; the time that was kept is free."""
    WaitlistEntry.objects.filter(pk=entry.pk).update(state=state)
    Allocation.objects.filter(offer__entry=entry).delete()
    WaitlistOffer.objects.filter(entry=entry, state=OPEN).update(state=offers)
    freed(entry.location_id)


def freed(location_id: UUID) -> None:
    """A time may be free at this shop: look who waits, after the commit."""
    if WaitlistEntry.objects.filter(location_id=location_id, state=WAITING, deleted_at=None).exists():
        enqueue(OFFER_FREED, location_id=str(location_id))


def offer_freed(location_id: UUID) -> int:
    """Offer each free time to the first who wants it, and keep it for them; how many were told.

    A person has one open offer at a shop, however often they wait there. Call it outside of transactions. Raises
    Busy (503).
    """

    def deed() -> int:
        with as_system("the waiting line is everybody's"):
            location = lock(location_id)
            _lapse(location)
            told: set[UUID] = set()
            hopeless: set[tuple[Any, ...]] = set()  # what nothing is free for stays so while times only go
            for entry in _line(location):
                wish = _wish(entry)
                if entry.user_id in told or wish in hopeless:
                    continue
                if _offer(location, entry):
                    told.add(entry.user_id)
                elif not entry.offers.exists():  # whoever let times pass may be choosier than others
                    hopeless.add(wish)
            return len(told)

    return guarded(deed)


def _line(location: Location) -> list[WaitlistEntry]:
    """Who waits and has nothing on offer here, first come first. Wishes of days that are over end."""
    waiting = WaitlistEntry.objects.filter(location=location, state=WAITING, deleted_at=None)
    waiting.filter(date_to__lt=local_day(location, clock.now())).update(state=WaitlistEntry.State.LEFT)
    asked = WaitlistOffer.objects.filter(entry__location=location, state=OPEN)
    rows = waiting.exclude(user__in=asked.values("entry__user")).prefetch_related("services")
    return list(rows.order_by("created_at", "pk")[:LONGEST])


def _wish(entry: WaitlistEntry) -> tuple[Any, ...]:
    services = frozenset(service.pk for service in entry.services.all())
    return services, entry.vehicle_model_id, entry.date_from, entry.date_to


def _lapse(location: Location) -> None:
    """Offers that nobody took in time. Who let many pass waits no longer, so that nobody keeps times for nothing."""
    lapsed = WaitlistOffer.objects.filter(entry__location=location, state=OPEN, expires_at__lte=clock.now())
    for offer in lapsed.select_related("entry"):
        WaitlistOffer.objects.filter(pk=offer.pk).update(state=WaitlistOffer.State.PASSED)
        entry = offer.entry
        if entry.offers.filter(state=WaitlistOffer.State.PASSED).count() >= PASSED_MOST:
            _end(entry, WaitlistEntry.State.LEFT, WaitlistOffer.State.PASSED)
            notify(
                entry.user_id,
                "waitlist_ended",
                "You are off the waiting list",
                f"{location.name} offered you {PASSED_MOST} times that you let pass. Join again whenever you like.",
                waitlist_id=entry.pk,
            )


def _offer(location: Location, entry: WaitlistEntry) -> bool:
    """Offer the first free time that this person did not let pass already; was there one?"""
    refused = set(entry.offers.values_list("start_at", flat=True))
    now = clock.now()
    job, free = _free(location, entry)
    for slot in free:
        # Whoever takes the offer books by the rules of everybody: not later than the shop's notice allows.
        until = min(now + settings.WAITLIST_OFFER, slot.start - timedelta(minutes=location.min_notice))
        if slot.start in refused or until - now < SHORTEST:
            continue
        places = claim(location, job, Wanted(slot.start))
        made = WaitlistOffer.objects.create(entry=entry, start_at=slot.start, expires_at=until)
        keep(location, made, places, job.duration)
        _tell(location, made)
        return True
    return False


def _tell(location: Location, offer: WaitlistOffer) -> None:
    when = offer.start_at.astimezone(location.zone).strftime("%a %d %b, %H:%M")
    until = offer.expires_at.astimezone(location.zone).strftime("%H:%M")
    notify(
        offer.entry.user_id,
        "waitlist_offer",
        f"A time is free on {when}",
        f"{location.name} keeps it for you until {until}. Then it goes to the next who waits.",
        waitlist_id=offer.entry_id,
        offer_id=offer.pk,
    )
    seconds = int((offer.expires_at - clock.now()).total_seconds()) + 1
    enqueue(OFFER_FREED, delay_seconds=seconds, location_id=str(location.pk))


def _free(location: Location, entry: WaitlistEntry) -> tuple[slots.Job, list[slots.Slot]]:
    """What this person wants, and when it could be."""
    now = clock.now()
    first = max(entry.date_from, local_day(location, now))
    nothing = slots.Job(timedelta(0)), list[slots.Slot]()
    if entry.date_to < first:
        return nothing
    services = list(entry.services.all())
    try:
        priced = price(services, location=location, vehicle_model_id=entry.vehicle_model_id, day=first)
    except ServiceNotPriced:
        return nothing
    job = job_of(sum(line.minutes for line in priced), services)
    since, until = day_bounds(location, first, entry.date_to)
    team = team_of(location, since, until, now)
    return job, slots.slots(
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
        _end(entry, WaitlistEntry.State.BOOKED, WaitlistOffer.State.TAKEN)
