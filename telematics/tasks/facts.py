"""Jobs that make facts of samples; each repeats harmlessly."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from telematics.services import facts, importing, maintenance, odometer

PATIENT = RetryStrategy(max_attempts=8, exponential_wait=3)


@app.task(name=facts.SETTLE, retry=PATIENT)
def settle(vehicle_id: str) -> None:
    """Trips, alerts and days of one vehicle, where samples came or went."""
    facts.settle(UUID(vehicle_id))


@app.task(name=odometer.TELL, retry=PATIENT)
def tell_odometer(vehicle_id: str) -> None:
    """Minutes after a batch: the garage learns the last reading of a drive."""
    odometer.tell_last(UUID(vehicle_id))


@app.periodic(cron="*/2 * * * *")
@app.task(name="telematics.sweep", queueing_lock="telematics.sweep")
def sweep(timestamp: int) -> None:
    """Every two minutes: ranges that nobody looked at, such as those of deletions."""
    facts.sweep()


@app.periodic(cron="9 * * * *")
@app.task(name="telematics.look_after", queueing_lock="telematics.look_after")
def look_after(timestamp: int) -> None:
    """Every hour: maintenance that has become due, devices that fell silent."""
    maintenance.tell_due()
    maintenance.tell_silent()


@app.task(name=importing.RUN, retry=PATIENT)
def import_file(job_id: str) -> None:
    """A file of another app becomes samples."""
    importing.run(UUID(job_id))
