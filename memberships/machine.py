"""The life of a membership, as pure functions: no clock, no database, no gateway.

    incomplete -> active -> past_due (grace, benefits stay) -> active | halted -> active | cancelled | expired

`tick` says what time alone has done. It counts from the end of the period, not from the moment somebody looks: a
job that comes late, often or never finds the same life (`tick(tick(x, a), b) == tick(x, b)` for a <= b). Every
other function ticks first, so no event sees a state that is over. An event that makes no sense in a state
answers None, and nothing changes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from memberships.states import ENTITLED, LIVE


@dataclass(frozen=True, slots=True)
class Rules:
    """How long an unpaid membership is waited for: before the first payment, in grace, halted."""

    first_payment: timedelta = timedelta(days=4)
    grace: timedelta = timedelta(days=7)
    halted: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Term:
    """What the machine knows of a membership. `plan` and `next_plan` are whatever the caller calls plans."""

    status: str
    created_at: datetime
    plan: Any = None
    next_plan: Any = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    cancel_at_period_end: bool = False
    halted_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def entitled(self) -> bool:
        """Do the benefits hold?"""
        return self.status in ENTITLED

    def ended(self, status: str, at: datetime, reason: str) -> "Term":
        return replace(
            self, status=status, ended_at=at, end_reason=reason, next_plan=None, cancel_at_period_end=False
        )


def tick(term: Term, now: datetime, rules: Rules) -> Term:
    """What time has done to it by `now`."""
    while (later := _next(term, now, rules)) is not None:
        term = later
    return term


def _next(term: Term, now: datetime, rules: Rules) -> Term | None:
    """One step of time; None when none is due."""
    due = _due(term, rules)
    if due is None or now < due:
        return None
    if term.status == "incomplete":
        return term.ended("expired", due, "never_paid")
    if term.status == "halted":
        return term.ended("expired", due, "unpaid")
    if term.status == "past_due":
        return replace(term, status="halted", halted_at=due)
    if term.cancel_at_period_end:
        return term.ended("cancelled", due, "by_member")
    return replace(term, status="past_due")


def _due(term: Term, rules: Rules) -> datetime | None:
    """When time does the next thing to it."""
    if term.status == "incomplete":
        return term.created_at + rules.first_payment
    if term.status == "active":
        return term.period_end
    if term.status == "past_due" and term.period_end:
        return term.period_end + rules.grace
    if term.status == "halted" and term.halted_at:
        return term.halted_at + rules.halted
    return None


def next_start(term: Term, now: datetime, rules: Rules) -> datetime:
    """Where the next paid period begins: after the one before it, unless benefits were off in between."""
    term = tick(term, now, rules)
    return term.period_end if term.period_end and term.entitled else now


def paid(term: Term, now: datetime, rules: Rules, *, start: datetime, end: datetime) -> Term | None:
    """One more period is paid; a scheduled plan takes its place with it. None: there is nothing to pay for."""
    term = tick(term, now, rules)
    if not term.live or end <= start or (term.period_end and end <= term.period_end):
        return None
    return replace(
        term,
        status="active",
        plan=term.next_plan or term.plan,
        next_plan=None,
        period_start=start,
        period_end=end,
        halted_at=None,
        cancel_at_period_end=False,
    )


def upgraded(
    term: Term, now: datetime, rules: Rules, *, plan: Any, end: datetime, start: datetime | None = None
) -> Term | None:
    """A better plan from now on; what was scheduled is off. What was paid is given as credit.

    A whole period that begins now, or (`start`) the one that runs, whose rest was paid for.
    """
    term = tick(term, now, rules)
    if not term.entitled or end <= now:
        return None
    return replace(
        term,
        status="active",
        plan=plan,
        next_plan=None,
        cancel_at_period_end=False,
        period_start=start or now,
        period_end=end,
    )


def downgrade(term: Term, now: datetime, rules: Rules, *, plan: Any) -> Term | None:
    """A smaller plan from the next period on; the present one as wish takes a wish back."""
    term = tick(term, now, rules)
    if term.status != "active":
        return None
    return replace(term, next_plan=None if plan == term.plan else plan)


def cancel(term: Term, now: datetime, rules: Rules) -> Term | None:
    """At the end of what is paid; at once where nothing is."""
    term = tick(term, now, rules)
    if not term.live:
        return None
    if term.status == "active":
        return replace(term, cancel_at_period_end=True, next_plan=None)
    return term.ended("cancelled", now, "by_member")


def resume(term: Term, now: datetime, rules: Rules) -> Term | None:
    """Take a cancellation back while the period lasts."""
    term = tick(term, now, rules)
    if term.status != "active" or not term.cancel_at_period_end:
        return None
    return replace(term, cancel_at_period_end=False)


def failed(term: Term, now: datetime, rules: Rules, *, final: bool) -> Term | None:
    """The gateway could not charge: it will try again, or (`final`) has given up."""
    term = tick(term, now, rules)
    if final and term.entitled:
        return replace(term, status="halted", halted_at=now)
    if not final and term.status == "active":
        return replace(term, status="past_due")
    return None


def end(term: Term, now: datetime, rules: Rules, *, reason: str) -> Term | None:
    """Over now: refunded, charged back, erased, or by staff."""
    term = tick(term, now, rules)
    return term.ended("cancelled", now, reason) if term.live else None
