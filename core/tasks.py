"""Core's own jobs."""

import logging

from procrastinate.contrib.django import app

from core.files import retention

log = logging.getLogger(__name__)


@app.periodic(cron="23 * * * *")
@app.task(name="core.purge_files", queueing_lock="core.purge_files")
def purge_files(timestamp: int) -> None:
    """Hourly: blobs that nobody can reach any more."""
    uploads, files = retention.purge_uploads(), retention.purge_deleted()
    if uploads or files:
        log.info("purged %s uploads and %s deleted files", uploads, files)
