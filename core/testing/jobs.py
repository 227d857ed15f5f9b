"""Do the jobs that a test enqueued, in its own transaction."""

import inspect
from typing import Any

import orjson
from django.db import connection
from procrastinate.contrib.django import app


def run_jobs(*, rounds: int = 5) -> list[str]:
    """Do all open jobs, those that they enqueue included, as a worker would; the names of what was done."""
    done: list[str] = []
    for _ in range(rounds):
        jobs = _open_jobs()
        if not jobs:
            return done
        for job_id, name, arguments in jobs:
            task: Any = app.tasks[name]
            outcome = task.func(**arguments)
            assert not inspect.isawaitable(outcome), f"{name} is asynchronous"
            with connection.cursor() as cursor:
                cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
            done.append(name)
    raise AssertionError(f"jobs go on for ever: {done}")


def _open_jobs() -> list[tuple[int, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args::text FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        rows = cursor.fetchall()
    return [(row[0], row[1], orjson.loads(row[2])) for row in rows]
