"""Deadlocks and lock time-outs are answered by trying the whole transaction again."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

T = TypeVar("T")
PASSING = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock time-out
TRIES = 3


def again(deed: Callable[[], T]) -> T:
    """Run `deed`, which opens its own transaction, up to three times; inside a transaction only once."""
    for attempt in range(1, TRIES + 1):
        try:
            return deed()
        except OperationalError as problem:
            state = getattr(problem.__cause__, "sqlstate", None)
            if state not in PASSING or attempt == TRIES or connection.in_atomic_block:
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable")


def impatient() -> None:
    """In this transaction no lock is waited for longer than three seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '3s'")
