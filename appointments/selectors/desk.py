"""What the desk asks: today's work, a customer on the phone, and how it goes."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from appointments.models import Allocation, Appointment, Location, ResourceKind, Status
from appointments.selectors.bookings import whole
from appointments.selectors.hours import day_bounds, local_day
from core import clock


def desk_rows(locations: Iterable[UUID]) -> QuerySet[Appointment]:
    """Bookings of these shops (none named: all) with everything that a desk shows."""
    rows = whole(Appointment.objects.live()).select_related("user", "vehicle", "vehicle_model")
    rows = rows.prefetch_related("allocations__resource")
    wanted = list(locations)
    return rows.filter(location__in=wanted) if wanted else rows


def find(
    rows: QuerySet[Appointment],
    *,
    status: str | None = None,
    date: date | None = None,
    search: str = "",
    location_id: UUID | None = None,
) -> QuerySet[Appointment]:
    """`date` is of each shop's own calendar: the instants between which it lies differ by zone."""
    if status:
        rows = rows.filter(status=status)
    if location_id:
        rows = rows.filter(location_id=location_id)
    if date:
        rows = rows.filter(on_days(date, date))
    for word in search.split()[:6]:
        rows = rows.filter(
            Q(reference__icontains=word)
            | Q(customer_name__icontains=word)
            | Q(customer_phone__icontains=word)
            | Q(customer_email__icontains=word)
            | Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__email__icontains=word)
            | Q(user__phone__icontains=word)
            | Q(vehicle__license_plate__icontains=word)
        )
    return rows


def on_days(first: date, last: date) -> Q:
    """Appointments that start on these local dates of their shop."""
    found = Q(pk=None)
    for location in Location.objects.all():
        try:
            since, until = day_bounds(location, first, last)
        except OverflowError:
            continue
        found |= Q(location=location, start_at__gte=since, start_at__lt=until)
    return found


def kept_on(location: Location, day: date, now: datetime) -> list[Allocation]:
    """Places of this local day that are kept for people who wait, while their offers hold."""
    rows = Allocation.objects.filter(
        offer__isnull=False,
        hold_expires_at__gt=now,
        resource__location=location,
        period__overlap=day_bounds(location, day, day),
    )
    return list(rows.exclude(resource__kind=ResourceKind.TECHNICIAN).select_related("offer__entry__user"))


def statistics(
    rows: QuerySet[Appointment], *, location_id: UUID | None, first: date, last: date
) -> dict[str, Any]:
    """Counts by state, minutes booked, and what completed visits earned, between two local dates."""
    rows = rows.select_related(None).prefetch_related(None).order_by()
    if location_id:
        rows = rows.filter(location_id=location_id)
    spanned = rows.filter(on_days(first, last))
    counted = dict(spanned.values_list("status").annotate(Count("pk")))
    earned = spanned.filter(status=Status.COMPLETED).values_list("currency").annotate(Sum("total_minor"))
    kept = spanned.exclude(status__in=[Status.CANCELLED, Status.EXPIRED])
    minutes = kept.aggregate(sum=Sum(F("end_at") - F("start_at")))["sum"]
    return {
        "by_status": {str(status): counted.get(status, 0) for status in Status.values},
        "total": sum(counted.values()),
        "today": rows.filter(_today()).exclude(status__in=[Status.CANCELLED, Status.EXPIRED]).count(),
        "booked_minutes": int(minutes.total_seconds() // 60) if minutes else 0,
        "revenue": dict(earned),
    }


def _today() -> Q:
    found = Q(pk=None)
    for location in Location.objects.all():
        day = local_day(location, clock.now())
        since, until = day_bounds(location, day, day)
        found |= Q(location=location, start_at__gte=since, start_at__lt=until)
    return found
