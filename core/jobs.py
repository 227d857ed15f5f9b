"""Work for later: jobs are named, so that a service need not import the task that does it."""

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def enqueue(
    task: str, /, *, delay_seconds: int = 0, once: str = "", lock: str = "", **arguments: Any
) -> None:
    """Enqueue a task by its name in the transaction under way: no commit, no job.

    once: while a job of this name waits, no second one is made; it does the work of both.
    lock: jobs of one lock run one after the other, in the order in which they were enqueued.
    Arguments are kept in the database in clear: give ids, never passwords, codes or tokens.
    """
    options: dict[str, Any] = {"schedule_in": {"seconds": delay_seconds}} if delay_seconds else {}
    if lock:
        options["lock"] = lock
    if not once:
        app.configure_task(task, **options).defer(**arguments)
        return
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(task, queueing_lock=once, **options).defer(**arguments)
