"""When a reminder is due, how urgent it is, and when next. Pure: dates and kilometres in, words out."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

Urgency = Literal["ok", "soon", "due", "overdue"]

DUE_DAYS: Final = 7
SOON_DAYS: Final = 30
DUE_KM: Final = 300
SOON_KM: Final = 1000
_ORDER: Final[tuple[Urgency, ...]] = ("ok", "soon", "due", "overdue")


@dataclass(frozen=True, slots=True)
class Due:
    """A date, a reading in km, or whichever comes first."""

    on: date | None = None
    km: Decimal | None = None


def urgency(due: Due, *, today: date, odometer_km: Decimal | None) -> Urgency:
    """The more urgent of date and distance; a distance counts only where the odometer is known."""
    words: list[Urgency] = ["ok"]
    if due.on is not None:
        words.append(_word((due.on - today).days, DUE_DAYS, SOON_DAYS))
    if due.km is not None and odometer_km is not None:
        words.append(_word(due.km - odometer_km, DUE_KM, SOON_KM))
    return max(words, key=_ORDER.index)


def more_urgent(word: Urgency, than: str) -> bool:
    """Is `word` worse than another one? A word that nobody knows counts as none."""
    return than not in _ORDER or _ORDER.index(word) > _ORDER.index(than)


def how_long(due: Due, *, today: date, odometer_km: Decimal | None) -> str:
    """What is left, or since when it is over: "in 3 days or in 250 km"; empty where nothing is known."""
    said = []
    if due.on is not None:
        said.append(_left((due.on - today).days, "day", "days"))
    if due.km is not None and odometer_km is not None:
        said.append(_left(round(due.km - odometer_km), "km", "km"))
    return " or ".join(said)


def _left(number: int, one: str, many: str) -> str:
    if number == 0:
        return "today" if one == "day" else "now"
    amount = f"{abs(number):,} {one if abs(number) == 1 else many}"
    return f"in {amount}" if number > 0 else f"{amount} ago"


def _word(left: Decimal | int, due: int, soon: int) -> Urgency:
    if left < 0:
        return "overdue"
    return "due" if left <= due else "soon" if left <= soon else "ok"


def next_due(
    *, done_on: date, done_km: Decimal | None, every_months: int | None, every_km: Decimal | None
) -> Due:
    """After it was done; empty for one that does not repeat (or whose reading nobody knows)."""
    return Due(
        on=add_months(done_on, every_months) if every_months else None,
        km=done_km + every_km if every_km and done_km is not None else None,
    )


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
