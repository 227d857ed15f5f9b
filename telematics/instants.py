"""Epoch milliseconds, as devices and answers speak of time, and datetimes, as PostgreSQL does."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS = 946_684_800_000  # 2000-01-01: before it no device of ours was made
LAST_MS = 4_102_444_800_000  # 2100-01-01: beyond what any question may ask for
DAY_MS = 86_400_000


def moment(ms: int) -> datetime:
    """The instant of epoch milliseconds, exactly."""
    return EPOCH + timedelta(milliseconds=ms)


def millis(instant: datetime) -> int:
    """Epoch milliseconds of an instant, rounded down."""
    return (instant - EPOCH) // timedelta(milliseconds=1)
