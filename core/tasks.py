"""Core's own jobs."""

import logging

from procrastinate.contrib.django import app

from core import audit
from core.files import retention
from core.idempotency import purge_keys

log = logging.getLogger(__name__)


@app.periodic(cron="23 * * * *")
@app.task(name="core.purge_files", queueing_lock="core.purge_files")
def purge_files(timestamp: int) -> None:
    """Hourly: blobs that nobody can reach any more."""
    uploads, files = retention.purge_uploads(), retention.purge_deleted()
    if uploads or files:
        log.info("purged %s uploads and %s deleted files", uploads, files)


@app.periodic(cron="41 * * * *")
@app.task(name="core.purge_idempotency_keys", queueing_lock="core.purge_idempotency_keys")
def purge_idempotency_keys(timestamp: int) -> None:
    """Hourly: answers that were kept for a week."""
    if gone := purge_keys():
        log.info("purged %s idempotency keys", gone)


@app.periodic(cron="13 2 * * *")
@app.task(name="core.make_audit_months", queueing_lock="core.make_audit_months")
def make_audit_months(timestamp: int) -> None:
    """Nightly: partitions of the audit log, two months ahead."""
    if made := audit.make_months():
        log.info("made %s months of the audit log", made)
