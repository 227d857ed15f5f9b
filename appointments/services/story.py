"""The story of an appointment: one line for every step, and the last one ends the talk about it."""

from uuid import UUID

from appointments.models import Appointment, StatusChange
from appointments.selectors.bookings import KIND
from appointments.states import STATES
from chat.services import close_context
from core import clock
from core.refs import Ref


def tell(appointment: Appointment, old: str, *, actor: UUID | None = None, reason: str = "") -> None:
    """Add the step to the present status, in the transaction of the fact."""
    StatusChange.objects.create(
        at=clock.now(),
        appointment=appointment,
        old=old,
        new=appointment.status,
        actor=actor,
        reason=reason[:300],
    )
    if appointment.status != old and not STATES[appointment.status]:
        words = f"Appointment {appointment.reference}: {appointment.get_status_display().lower()}."
        close_context(Ref(KIND, appointment.pk), words=words)
