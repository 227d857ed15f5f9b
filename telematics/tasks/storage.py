"""Jobs of the store."""

import logging
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from telematics.services import archiving, compaction, partitions, retention, tail

log = logging.getLogger(__name__)

# Making and dropping a partition waits three seconds for writers, then gives way to them.
AGAIN = RetryStrategy(max_attempts=10, linear_wait=60)


@app.periodic(cron="* * * * *")
@app.task(name="telematics.fold_tail", queueing_lock="telematics.fold_tail")
def fold_tail(timestamp: int) -> None:
    """Every minute: samples that came singly are packed."""
    if packed := tail.fold_tail():
        log.info("packed %s single samples", packed)


@app.periodic(cron="17 1 * * *")
@app.task(name="telematics.make_months", queueing_lock="telematics.make_months", retry=AGAIN)
def make_months(timestamp: int) -> None:
    """Nightly: partitions ahead, and for what lies outside of them."""
    if made := partitions.make_months():
        log.info("made partitions for %s", ", ".join(map(str, made)))


@app.periodic(cron="37 1 * * *")
@app.task(name="telematics.retain", queueing_lock="telematics.retain", retry=AGAIN)
def retain(timestamp: int) -> None:
    """Nightly: raw samples that have had their time."""
    if gone := retention.retain():
        log.info("%s segments had their time", gone)


@app.task(name=archiving.TIDY, retry=AGAIN)
def tidy_archive(vehicle_id: str, t0: int, t1: int) -> None:
    """What an owner deleted is cut out of the archive."""
    archiving.tidy(UUID(vehicle_id), t0, t1)


@app.periodic(cron="57 2 * * *")
@app.task(name="telematics.compact", queueing_lock="telematics.compact")
def compact(timestamp: int) -> None:
    """Nightly: small segments become hours."""
    before, after = compaction.compact()
    if before:
        log.info("%s segments became %s", before, after)
