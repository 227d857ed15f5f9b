"""Jobs of the workshop; each repeats harmlessly."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from appointments.services import holds, reminders, waitlist

PATIENT = RetryStrategy(max_attempts=8, exponential_wait=3)


@app.task(name="appointments.remind", retry=PATIENT)
def remind(appointment_id: str, sequence: int, kind: str) -> None:
    """One reminder of one version of an appointment."""
    reminders.remind(appointment_id, sequence, kind)


@app.task(name=waitlist.OFFER_FREED, retry=PATIENT)
def offer_freed(location_id: str) -> None:
    """Times of a shop may be free: offer them to those who wait."""
    waitlist.offer_freed(UUID(location_id))


@app.periodic(cron="* * * * *")
@app.task(name="appointments.expire_holds", queueing_lock="appointments.expire_holds")
def expire_holds(timestamp: int) -> None:
    """Once a minute: times that were held and not paid for. Nothing depends on it: an old hold blocks nobody."""
    holds.expire_holds()
