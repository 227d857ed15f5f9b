"""The guard of the calendar: one lock for a shop, the rules, the choice of bay and technician, the allocations.

Locks are always taken in the order payments, location, appointment, offer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, OperationalError

from appointments import slots
from appointments.errors import NoSuchPlace, SlotNotOffered, SlotUnavailable, StateConflict
from appointments.models import Allocation, Appointment, Location, Status, WaitlistOffer
from appointments.selectors.hours import Team, day_bounds, local_day, plan_of, team_of
from appointments.services.offers import give_back
from appointments.services.story import tell
from core import clock
from core.errors import Busy
from payments.services.again import PASSING, again, impatient

T = TypeVar("T")
_MEANING: dict[str, type[SlotUnavailable] | type[StateConflict]] = {
    "appointments_no_overlap": SlotUnavailable,
    "appointments_forward_only": StateConflict,
}


def guarded(deed: Callable[[], T]) -> T:
    """Run `deed`, which opens its own transaction: three tries when locks collide.

    Raises SlotUnavailable where the exclusion constraint had the last word, Busy (503) when no try got through.
    """
    try:
        return again(deed)
    except IntegrityError as problem:
        name = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", None)
        if name in _MEANING:
            raise _MEANING[name] from problem
        raise
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None) in PASSING:
            raise Busy(retry_after=1) from problem
        raise


def lock(location_id: UUID) -> Location:
    """The shop, locked until the transaction ends: who holds it decides alone.

    Expired holds, and times that were kept for somebody too long, are gone then, whether or not a worker lives.
    """
    impatient()
    location: Location = Location.objects.select_for_update(no_key=True).get(pk=location_id)
    location.kept = _kept(location)
    for appointment in _expired(location):
        release(appointment, Status.EXPIRED, reason="Not paid in time")
    return location


def _expired(location: Location) -> Any:
    return Appointment.objects.filter(
        location=location, status=Status.PENDING_PAYMENT, hold_expires_at__lte=clock.now()
    ).select_for_update(of=("self",), no_key=True)


def _kept(location: Location) -> list[Allocation]:
    """The places that are kept for people who wait; those whose time is over are let go."""
    rows = Allocation.objects.filter(offer__isnull=False, resource__location=location)
    kept = list(rows.select_related("offer__entry"))
    if over := [row.pk for row in kept if row.hold_expires_at <= clock.now()]:
        Allocation.objects.filter(pk__in=over).delete()
    return [row for row in kept if row.pk not in over]


def release(appointment: Appointment, status: str, *, actor: UUID | None = None, reason: str = "") -> None:
    """End a locked appointment that did not begin: its places are free, its offer can be used again."""
    Allocation.objects.filter(appointment=appointment).delete()
    give_back(appointment)
    old, appointment.status = appointment.status, status
    appointment.hold_expires_at = None
    appointment.ended_at = clock.now()
    appointment.sequence += 1
    appointment.save(update_fields=["status", "hold_expires_at", "ended_at", "sequence"])
    tell(appointment, old, actor=actor, reason=reason)


def demand_bounded(start: datetime) -> None:
    """No calendar reaches there, and arithmetic with it may overflow. Raises SlotNotOffered."""
    if not 2000 <= start.year <= 2200:
        raise SlotNotOffered(slots.Reason.PAST if start.year < 2000 else slots.Reason.TOO_FAR)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A time, and perhaps a bay or technician of one's choice (staff). `lenient`: notice and horizon don't count.

    user_id: for whom; what is kept for this person is theirs to take.
    """

    start: datetime
    at_home: bool = False
    lenient: bool = False
    bay_id: UUID | None = None
    technician_id: UUID | None = None
    user_id: UUID | None = None


def claim(location: Location, job: slots.Job, wanted: Wanted) -> list[tuple[int, UUID]]:
    """The places (number, id) for this job, under the shop's lock: its rules hold and they are free.

    Raises SlotNotOffered (400) with its reason, SlotUnavailable (409), NoSuchPlace (400).
    """
    now = clock.now()
    day = local_day(location, wanted.start)
    plan = plan_of(location, day, day)
    reason = slots.objection(plan, job, wanted.start, now, lenient=wanted.lenient)
    since, until = slots.occupied(plan, job, wanted.start)
    opens, closes = day_bounds(location, day, day)
    if reason is not None:
        raise SlotNotOffered(reason)
    if wanted.user_id is not None:
        _take_offers(location, wanted.user_id, since, until)
    team = team_of(location, min(opens, since), max(closes, until), now)
    staffing = team.staffing(at_home=wanted.at_home)
    span = (slots.seconds(since), slots.seconds(until))
    day_span = (slots.seconds(opens), slots.seconds(closes))
    bay = _pick(team, staffing.bays, span=span, day=day_span, wanted=wanted.bay_id, field="bay_id")
    chosen = [bay]
    if job.skills or wanted.technician_id:
        able = staffing.able(job)
        chosen.append(
            _pick(team, able, span=span, day=day_span, wanted=wanted.technician_id, field="technician_id")
        )
    return [(place.no, team.ids[place.no]) for place in chosen]


def _take_offers(location: Location, user_id: UUID, since: datetime, until: datetime) -> None:
    """What was kept for this person in that time makes room for what they book; a refusal undoes it."""
    taken = [
        row.offer_id
        for row in location.kept
        if row.offer.entry.user_id == user_id and row.period.lower < until and since < row.period.upper
    ]
    if taken:
        WaitlistOffer.objects.filter(pk__in=taken).update(state=WaitlistOffer.State.TAKEN)
        Allocation.objects.filter(offer__in=taken).delete()


def _pick(
    team: Team,
    places: Sequence[slots.Place],
    *,
    span: tuple[int, int],
    day: tuple[int, int],
    wanted: UUID | None,
    field: str,
) -> slots.Place:
    """The free place with the least to do that day; of equal ones the first."""
    if wanted is not None:
        places = [place for place in places if team.ids[place.no] == wanted]
        if not places:
            raise NoSuchPlace(field)
    free = [place for place in places if team.busy.free(place.no, *span)]
    if not free:
        raise SlotUnavailable
    return min(free, key=lambda place: (team.busy.seconds(place.no, *day), place.no))


def allocate(location: Location, appointment: Appointment, places: Sequence[tuple[int, UUID]]) -> None:
    """Block the places for the appointment and the buffers around it; the constraint watches."""
    span = (appointment.start_at, appointment.end_at)
    _block(location, places, span, appointment=appointment, hold_expires_at=appointment.hold_expires_at)


def keep(
    location: Location, offer: WaitlistOffer, places: Sequence[tuple[int, UUID]], duration: timedelta
) -> None:
    """The same for somebody who waits, until their offer ends."""
    span = (offer.start_at, offer.start_at + duration)
    _block(location, places, span, offer=offer, hold_expires_at=offer.expires_at)


def _block(
    location: Location,
    places: Sequence[tuple[int, UUID]],
    span: tuple[datetime, datetime],
    **whose: Any,
) -> None:
    period = (
        span[0] - timedelta(minutes=location.buffer_before),
        span[1] + timedelta(minutes=location.buffer_after),
    )
    Allocation.objects.bulk_create(
        Allocation(resource_id=resource_id, resource_no=no, period=period, **whose)
        for no, resource_id in places
    )
