"""Work of the night."""

from procrastinate.contrib.django import app

from sync.services import retention


@app.periodic(cron="23 3 * * *")
@app.task(name="sync.purge_tombstones", queueing_lock="sync.purge_tombstones")
def sync_purge_tombstones(timestamp: int) -> None:
    retention.purge_tombstones()
    retention.nearly_full()


@app.periodic(cron="41 3 * * *")
@app.task(name="sync.purge_pushes", queueing_lock="sync.purge_pushes")
def sync_purge_pushes(timestamp: int) -> None:
    retention.purge_pushes()
