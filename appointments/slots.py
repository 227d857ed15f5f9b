"""Availability as pure functions: when could this work start here? No Django, no database, no clock of its own.

Instants are UTC; inside the engine they are whole seconds of the epoch, because comparing integers is what it does
all day. Windows are local wall-clock times of the location and belong to the date that they start on.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MAX_DAYS = 62  # of one request


class Edge(StrEnum):
    """Which instant a wall-clock time means where the clocks change."""

    OPEN = "open"  # the first of two; a missing time moves to the transition
    CLOSE = "close"  # the last of two; a missing time moves to the transition
    EXACT = "exact"  # a person's own words: missing or ambiguous times are refused


class WallClockError(ValueError):
    """`reason` is missing_time or ambiguous_time."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def local_to_utc(day: date, at: time, zone: ZoneInfo, edge: Edge) -> datetime:
    """The UTC instant of a wall-clock time; the only place with zone logic.

    Raises WallClockError for Edge.EXACT when the clocks skip that time or show it twice, OverflowError at the edges
    of the calendar.
    """
    first, last = (datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    if first == last:
        return first
    if first < last:  # shown twice
        if edge == Edge.EXACT:
            raise WallClockError("ambiguous_time")
        return first if edge == Edge.OPEN else last
    if edge == Edge.EXACT:
        raise WallClockError("missing_time")
    return _transition(last, first, zone)


def _transition(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second in (before, after] with the new offset."""
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _instant(middle).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return _instant(high)


@dataclass(frozen=True, slots=True)
class Window:
    """Local opening hours of one day. `closes` at or before `opens` is on the next day: 00:00 is 24:00."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Rule:
    """A window of every `weekday` (Monday is 0) from `valid_from` to `valid_to`, both included; None: no bound."""

    weekday: int
    window: Window
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, day: date) -> bool:
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """When a location works. `exceptions` replace the weekly rules of a date (no windows: closed)."""

    zone: ZoneInfo
    rules: Sequence[Rule]
    exceptions: Mapping[date, Sequence[Window]] = field(default_factory=dict)
    closures: Sequence[tuple[datetime, datetime]] = ()
    step: timedelta = timedelta(minutes=30)
    minimum_notice: timedelta = timedelta(0)
    horizon: timedelta = timedelta(days=60)
    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Place:
    """A bay, a van or a technician: its number, and what it can do."""

    no: int
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: how long it takes, and the skills that its technician needs (none: nobody by name)."""

    duration: timedelta
    skills: frozenset[str] = frozenset()


class Busy:
    """Blocked periods of each place; those of one place never overlap, so that one bisection answers."""

    def __init__(self, periods: Iterable[tuple[int, int, int]]) -> None:
        """Takes (place number, first second, second after the last) in any order."""
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}
        for no, start, end in sorted(periods):
            self._starts.setdefault(no, []).append(start)
            self._ends.setdefault(no, []).append(end)

    def free(self, no: int, start: int, end: int) -> bool:
        starts = self._starts.get(no)
        if starts is None:
            return True
        index = bisect_left(starts, end)
        return index == 0 or self._ends[no][index - 1] <= start

    def seconds(self, no: int, start: int, end: int) -> int:
        """How much of [start, end) is blocked."""
        pairs = zip(self._starts.get(no, ()), self._ends.get(no, ()), strict=True)
        return sum(max(0, min(end, until) - max(start, since)) for since, until in pairs)


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who and what could do a job: bays (or vans), and technicians where one is needed."""

    bays: Sequence[Place]
    technicians: Sequence[Place]
    busy: Busy

    def able(self, job: Job) -> list[Place]:
        return [one for one in self.technicians if job.skills <= one.skills]

    def free_bays(self, start: int, end: int) -> list[Place]:
        return [bay for bay in self.bays if self.busy.free(bay.no, start, end)]

    def free_technicians(self, job: Job, start: int, end: int) -> list[Place]:
        return [one for one in self.able(job) if self.busy.free(one.no, start, end)]


@dataclass(frozen=True, slots=True)
class Slot:
    start: datetime
    end: datetime
    remaining: int


class Reason(StrEnum):
    """Why an instant is no slot."""

    PAST = "past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    CLOSED = "closed"
    OFF_GRID = "off_grid"


def opening_hours(plan: Plan, day: date) -> list[tuple[datetime, datetime]]:
    """The windows of a local date as UTC instants, in order; what daylight saving leaves empty is not there."""
    windows = plan.exceptions.get(day)
    if windows is None:
        windows = [rule.window for rule in plan.rules if rule.holds(day)]
    found = []
    for window in windows:
        last_day = day if window.closes > window.opens else day + timedelta(days=1)
        opens = local_to_utc(day, window.opens, plan.zone, Edge.OPEN)
        closes = local_to_utc(last_day, window.closes, plan.zone, Edge.CLOSE)
        if opens < closes:
            found.append((opens, closes))
    return sorted(found)


def grid(plan: Plan, duration: timedelta, date_from: date, date_to: date) -> list[datetime]:
    """Every start that hours, closures and step allow on these local dates, in order, each once."""
    starts: set[datetime] = set()
    day = date_from
    while day <= date_to:
        for opens, closes in opening_hours(plan, day):
            start = opens
            while start + duration <= closes:
                if not _closed(plan, start, start + duration):
                    starts.add(start)
                start += plan.step
        day += timedelta(days=1)
    return sorted(starts)


def _closed(plan: Plan, start: datetime, end: datetime) -> bool:
    return any(since < end and start < until for since, until in plan.closures)


def slots(
    plan: Plan, job: Job, staffing: Staffing, *, date_from: date, date_to: date, now: datetime
) -> list[Slot]:
    """What can be booked on these local dates, both included. Nothing but this list can be booked."""
    earliest, latest = now + plan.minimum_notice, now + plan.horizon
    return [
        Slot(start, start + job.duration, left)
        for start in grid(plan, job.duration, date_from, date_to)
        if earliest <= start <= latest and (left := remaining(plan, job, staffing, start))
    ]


def occupied(plan: Plan, job: Job, start: datetime) -> tuple[datetime, datetime]:
    """What a booking blocks: its time and the buffers around it."""
    return start - plan.buffer_before, start + job.duration + plan.buffer_after


def remaining(plan: Plan, job: Job, staffing: Staffing, start: datetime) -> int:
    """How many of these could still start then."""
    since, until = (seconds(instant) for instant in occupied(plan, job, start))
    bays = len(staffing.free_bays(since, until))
    if not bays or not job.skills:
        return bays
    return min(bays, len(staffing.free_technicians(job, since, until)))


def objection(
    plan: Plan, job: Job, start: datetime, now: datetime, *, lenient: bool = False
) -> Reason | None:
    """Why this start is not on offer, whoever is free; `lenient` leaves notice and horizon to staff."""
    if start <= now and not lenient:
        return Reason.PAST
    if start < now + plan.minimum_notice and not lenient:
        return Reason.TOO_SOON
    if start > now + plan.horizon and not lenient:
        return Reason.TOO_FAR
    day = start.astimezone(plan.zone).date()
    around = (day - timedelta(days=1), day + timedelta(days=1))
    if start in grid(plan, job.duration, *around):
        return None
    fits = any(
        opens <= start and start + job.duration <= closes and not _closed(plan, start, start + job.duration)
        for one in (around[0], day, around[1])
        for opens, closes in opening_hours(plan, one)
    )
    return Reason.OFF_GRID if fits else Reason.CLOSED


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
