"""Jobs of safety; each repeats harmlessly."""

import logging
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core.errors import Unavailable
from core.jobs import enqueue
from core.rls import as_system
from safety import services
from safety.errors import NoWords

log = logging.getLogger(__name__)

LATER = RetryStrategy(max_attempts=10, exponential_wait=4, retry_exceptions=[Unavailable])
FEW = RetryStrategy(max_attempts=3, exponential_wait=10, retry_exceptions=[NoWords])


@app.task(name="safety.finish_report", retry=LATER)
def finish_report(report_id: str) -> None:
    """Analyse what was too big to be waited for."""
    services.finish(UUID(report_id))


@app.task(name="safety.analyse_purchase", retry=LATER)
def analyse_purchase(purchase_id: str) -> None:
    """A tune was bought: judge it for the buyer's own vehicle."""
    services.analyse_purchase(UUID(purchase_id))


@app.task(name="safety.find_words", retry=FEW)
def find_words(report_id: str) -> None:
    """Ask the language model, where the house has one."""
    services.find_words(UUID(report_id))


@app.task(name="safety.rerun", lock="safety.rerun")
def rerun(after: str = "") -> None:
    """One batch of live versions that are due; the rest follows as a job of its own."""
    count, last = services.rerun(UUID(after) if after else None)
    if count:
        log.info("%s live versions were judged by ruleset %s", count, services.RULESET_VERSION)
    if last is not None:
        with as_system("the next batch"):
            enqueue("safety.rerun", after=str(last))


@app.periodic(cron="7 * * * *")
@app.task(name="safety.look_for_unchecked", queueing_lock="safety.look_for_unchecked")
def look_for_unchecked(timestamp: int) -> None:
    """Hourly: a new ruleset, a changed fitment or a new definition makes live versions due again.

    Reports that hang in the queue are tried again too.
    """
    if stuck := services.requeue_stuck():
        log.warning("%s queued reports are tried again", stuck)
    with as_system("the next batch"):
        enqueue("safety.rerun")
