"""The one clock. Services take `now` from here, so that a test can hold it still."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_held: ContextVar[datetime | None] = ContextVar("held_clock", default=None)


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _held.get() or datetime.now(UTC)


@contextmanager
def held_at(instant: datetime) -> Iterator[None]:
    """Hold the clock for this thread or task (tests)."""
    token = _held.set(instant)
    try:
        yield
    finally:
        _held.reset(token)
