"""What the house keeps of a booking at a tuner's shop, and whom it is spared: decided once, when it is booked."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from appointments.models import Appointment, Location, Status
from payments.ledger import WHOLE, split
from users.models import User
from users.ports import benefits

FREE = "commission_free_bookings"  # the benefit: how many a period
PERIOD = "membership_period_start"  # when the person's period began
RETURNED = (Status.CANCELLED, Status.EXPIRED)  # bookings that came to nothing leave their number


@dataclass(frozen=True, slots=True)
class Commission:
    """`off_minor` of the price are spared to a member; then the rate is 0 and the payee gets what they would get."""

    payee_id: UUID | None = None
    bps: int = 0
    off_minor: int = 0


def decide(location: Location, user: User | None, total_minor: int) -> Commission:
    """The commission of a booking of this price that is being made, in its transaction.

    The house's own shops have none: there it earns all. The commission is a part of the price, so a member who books
    without it pays that much less.
    """
    if location.tuner_id is None:
        return Commission()
    bps = rate_of(location)
    part = split(total_minor, [WHOLE - bps, bps])[1]
    if part and user is not None and _free_left(user):
        return Commission(location.tuner_id, 0, part)
    return Commission(location.tuner_id, bps)


def rate_of(location: Location) -> int:
    """The shop's own rate, else the house's; hundredths of a percent."""
    own = location.commission_bps
    return int(settings.BOOKING_COMMISSION_BPS if own is None else own)


def _free_left(user: User) -> bool:
    """Has this member one more booking without commission in the present period? Alone until the transaction ends."""
    allowed, period = benefits.get(FREE), benefits.get(PERIOD)
    number = int((allowed.value_for(user) if allowed else None) or 0)
    since = period.value_for(user) if period and number else None
    if since is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"commission-free:{user.pk}"]
        )
    used = Appointment.objects.filter(user=user, commission_free_minor__gt=0, created_at__gte=since)
    return used.exclude(status__in=RETURNED).count() < number
