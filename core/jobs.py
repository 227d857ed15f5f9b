"""Work for later: jobs are named, so that a service need not import the task that does it."""

from typing import Any

from procrastinate.contrib.django import app


def enqueue(task: str, /, *, delay_seconds: int = 0, lock: str = "", **arguments: Any) -> None:
    """Enqueue a task by its name in the transaction under way: no commit, no job.

    Jobs of one `lock` run one after the other, in the order in which they were enqueued. Arguments are kept in the database in clear: give ids, never passwords, codes or tokens.
    """
    options: dict[str, Any] = {"schedule_in": {"seconds": delay_seconds}} if delay_seconds else {}
    if lock:
        options["lock"] = lock
    app.configure_task(task, **options).defer(**arguments)
