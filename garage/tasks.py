"""Jobs of the garage."""

import logging
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core.errors import DomainError, Unavailable
from garage.services import backups, flashing, reminders

log = logging.getLogger(__name__)

LATER = RetryStrategy(max_attempts=10, exponential_wait=4, retry_exceptions=[Unavailable])


@app.task(name="garage.verify_backup", retry=LATER)
def verify_backup(backup_id: str) -> None:
    backups.verify_backup(UUID(backup_id))


@app.task(name="garage.prepare_flash")
def prepare_flash(job_id: str) -> None:
    """A head start: who asks for the manifest first gets the job ready too, and hears what is wrong."""
    try:
        flashing.prepare_flash(UUID(job_id))
    except DomainError as problem:
        log.warning("flash job %s is not ready: %s", job_id, problem.text)


@app.periodic(cron="*/5 * * * *")
@app.task(name="garage.expire_flashes", queueing_lock="garage.expire_flashes")
def expire_flashes(timestamp: int) -> None:
    """Every five minutes."""
    if ended := flashing.expire_flashes():
        log.info("%s flash jobs ended by the clock", ended)


@app.periodic(cron="30 3 * * *")
@app.task(name="garage.tell_due", queueing_lock="garage.tell_due")
def tell_due(timestamp: int) -> None:
    """Daily: a job that was cut short goes on the next time, and nobody hears twice."""
    if told := reminders.tell_due():
        log.info("told the owners of %s reminders", told)
