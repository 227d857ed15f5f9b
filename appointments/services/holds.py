"""Tidying: holds that ran out are marked so, for lists and calendars."""

from appointments.models import Appointment, Location, Status
from appointments.services.guard import guarded, lock
from appointments.services.waitlist import freed
from core import clock
from core.rls import as_system


def expire_holds() -> int:
    """Release what is overdue, shop by shop; in how many shops."""
    with as_system("the timer acts for all"):
        overdue = Appointment.objects.filter(status=Status.PENDING_PAYMENT, hold_expires_at__lte=clock.now())
        shops = list(Location.objects.filter(pk__in=overdue.values("location")).order_by("pk"))
    for shop in shops:
        guarded(lambda shop=shop: _tidy(shop))  # type: ignore[misc]
    return len(shops)


def _tidy(shop: Location) -> None:
    with as_system("the timer acts for all"):
        lock(shop.pk)
        freed(shop.pk)
