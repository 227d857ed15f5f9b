"""Periods: where the next one ends, and what the rest of one is worth."""

from calendar import monthrange
from datetime import datetime, timedelta

DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
INTERVALS = ("week", *MONTHS)
INTERVAL_CHOICES = [(one, one.title()) for one in INTERVALS]


def period_end(start: datetime, interval: str, anchor_day: int) -> datetime:
    """The end of a period that begins at `start`.

    `anchor_day` (1 to 31) is the day of the month on which the membership began: 31 January, 28 February,
    31 March; a short month does not move those after it.
    """
    if interval == "week":
        return start + 7 * DAY
    months = start.month - 1 + MONTHS[interval]
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(anchor_day, monthrange(year, month)[1]))


def credit(price_minor: int, start: datetime, end: datetime, now: datetime) -> int:
    """What the unused whole days up to the end of a paid period are worth, minor units, rounded down.

    Whole days, so that asking twice on one day is answered the same. A period that was paid ahead has not begun:
    then the days before it count too, at its price.
    """
    whole, left = (end - start) // DAY, (end - now) // DAY
    return price_minor * left // whole if whole > 0 and left > 0 else 0
