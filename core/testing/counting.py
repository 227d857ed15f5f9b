"""Statements of a request, as production would run them: without the savepoints and roles of the test itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

OURS = (
    "SAVEPOINT",
    "RELEASE SAVEPOINT",
    "ROLLBACK TO",
    "SET ROLE",
    "SELECT set_config('app.user_id', '', false)",
)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the block tells the database; the list is filled when it ends."""
    told: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield told
    told += [row["sql"] for row in captured.captured_queries if not row["sql"].startswith(OURS)]
