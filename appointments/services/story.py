"""The story of an appointment: one line for every step."""

from uuid import UUID

from appointments.models import Appointment, StatusChange
from core import clock


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
