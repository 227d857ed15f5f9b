"""The life of a membership under random events in random order, at random times."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from memberships import machine
from memberships.calendar import INTERVALS, credit, period_end
from memberships.machine import Rules, Term
from memberships.states import ENTITLED, LIVE, MEMBERSHIP, REFERRAL, may

RULES = Rules()
START = datetime(2026, 1, 31, 10, tzinfo=UTC)
NEW = Term("incomplete", START, plan="basic")
FEW = limits(max_examples=150, deadline=timedelta(seconds=2))


def pay(term, now):
    start = machine.next_start(term, now, RULES)
    return machine.paid(term, now, RULES, start=start, end=period_end(start, "month", START.day))


EVENTS = {
    "tick": lambda term, now: machine.tick(term, now, RULES),
    "pay": pay,
    "upgrade": lambda term, now: machine.upgraded(
        term, now, RULES, plan="plus", end=now + timedelta(days=31)
    ),
    "downgrade": lambda term, now: machine.downgrade(term, now, RULES, plan="mini"),
    "keep": lambda term, now: machine.downgrade(term, now, RULES, plan=term.plan),
    "cancel": lambda term, now: machine.cancel(term, now, RULES),
    "resume": lambda term, now: machine.resume(term, now, RULES),
    "fails": lambda term, now: machine.failed(term, now, RULES, final=False),
    "gives up": lambda term, now: machine.failed(term, now, RULES, final=True),
    "refund": lambda term, now: machine.end(term, now, RULES, reason="refunded"),
}
stories = st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 45 * 24)), max_size=25)


def lived(story, term=NEW):
    """(before, event, now, after) of each step; hours pass between them."""
    now = START
    for name, hours in story:
        now += timedelta(hours=hours)
        after = EVENTS[name](term, now)
        yield term, name, now, after
        term = after or term


def reachable(old, new):
    seen, todo = {old}, [old]
    while todo:
        for following in MEMBERSHIP[todo.pop()] - seen:
            seen.add(following)
            todo.append(following)
    return new in seen


@FEW
@given(stories)
def test_every_step_is_one_that_the_states_allow(story):
    for before, name, _, after in lived(story):
        if after is None:
            continue
        assert reachable(before.status, after.status), (before.status, name, after.status)
        assert (after.ended_at is not None) == (after.status not in LIVE)
        assert bool(after.end_reason) == (after.status not in LIVE)
        assert after.entitled == (after.status in ENTITLED)
        if after.status in {"active", "past_due", "halted"}:
            assert after.period_start < after.period_end
        if after.status == "halted":
            assert after.halted_at is not None
        if after.cancel_at_period_end:
            assert after.status == "active"


@FEW
@given(stories)
def test_what_has_ended_stays_ended(story):
    for before, name, _, after in lived(story):
        if before.status not in LIVE:
            assert after in {None, before}, name


@FEW
@given(stories)
def test_paid_time_is_never_lost(story):
    """The end of what is paid only ever moves forward, until a refund takes it all."""
    for before, name, _, after in lived(story):
        if after is not None and before.period_end and name != "upgrade":  # that one is given credit for it
            assert after.period_end >= before.period_end


@FEW
@given(stories)
def test_a_payment_of_a_live_membership_brings_benefits(story):
    for before, name, now, after in lived(story):
        if name == "pay":
            alive = machine.tick(before, now, RULES).live
            assert (after is not None) == alive
            if after:
                assert after.status == "active"
                assert after.period_end > now - RULES.grace


@FEW
@given(stories, st.lists(st.integers(0, 400 * 24), min_size=2, max_size=6))
def test_however_often_and_late_time_looks_the_life_is_the_same(story, looks):
    term = NEW
    for _, _, _, after in lived(story):
        term = after or term
    at = START + timedelta(days=45 * 26)
    moments = sorted(at + timedelta(hours=one) for one in looks)
    step_by_step = term
    for moment in moments:
        step_by_step = machine.tick(step_by_step, moment, RULES)
        assert machine.tick(step_by_step, moment, RULES) == step_by_step
    assert step_by_step == machine.tick(term, moments[-1], RULES)


@FEW
@given(stories)
def test_looking_before_an_event_changes_nothing(story):
    for before, name, now, after in lived(story):
        looked = machine.tick(before, now, RULES)
        assert EVENTS[name](looked, now) == after


@FEW
@given(stories)
def test_two_of_the_same_payment_are_one(story):
    """A period that is covered already is refused, whatever came before."""
    for _, name, now, after in lived(story):
        if name == "pay" and after is not None:
            again = machine.paid(after, now, RULES, start=after.period_start, end=after.period_end)
            assert again is None


def test_a_life_in_order():
    term = pay(NEW, START)
    assert (term.status, term.period_end) == ("active", datetime(2026, 2, 28, 10, tzinfo=UTC))
    term = machine.tick(term, term.period_end, RULES)
    assert (term.status, term.entitled) == ("past_due", True)
    late = machine.tick(term, term.period_end + RULES.grace, RULES)
    assert (late.status, late.entitled) == ("halted", False)
    in_grace = pay(term, term.period_end + timedelta(days=3))
    assert (in_grace.period_start, in_grace.period_end.day) == (term.period_end, 31)
    back = pay(late, now := late.halted_at + timedelta(days=2))
    assert (back.status, back.period_start, back.halted_at) == ("active", now, None)
    gone = machine.tick(late, late.halted_at + RULES.halted, RULES)
    assert (gone.status, gone.end_reason) == ("expired", "unpaid")
    assert pay(gone, gone.ended_at) is None


def test_leaving_and_staying():
    term = pay(NEW, START)
    leaving = machine.cancel(term, START, RULES)
    assert (leaving.status, leaving.entitled) == ("active", True)
    assert machine.resume(leaving, START, RULES) == term
    assert machine.resume(term, START, RULES) is None
    gone = machine.tick(leaving, leaving.period_end + timedelta(days=90), RULES)
    assert (gone.status, gone.ended_at, gone.end_reason) == ("cancelled", leaving.period_end, "by_member")
    assert machine.cancel(NEW, START, RULES).status == "cancelled"
    assert machine.tick(NEW, START + RULES.first_payment, RULES).end_reason == "never_paid"


def test_a_smaller_plan_waits_for_the_next_period():
    term = machine.downgrade(pay(NEW, START), START, RULES, plan="mini")
    assert (term.plan, term.next_plan) == ("basic", "mini")
    assert pay(term, START + timedelta(days=20)).plan == "mini"
    assert machine.downgrade(term, START, RULES, plan="basic").next_plan is None
    better = machine.upgraded(
        term, START + timedelta(days=1), RULES, plan="plus", end=START + timedelta(days=40)
    )
    assert (better.plan, better.next_plan, better.period_start) == ("plus", None, START + timedelta(days=1))


@FEW
@given(st.integers(0, 70 * 366 * 24), st.sampled_from(INTERVALS))
def test_periods_keep_their_day(hours, interval):
    at = start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    for _ in range(14):
        following = period_end(at, interval, start.day)
        assert following > at
        if interval != "week":
            assert following.day == start.day or (following + timedelta(days=1)).day == 1
            assert following.time() == start.time()
        at = following


@FEW
@given(st.integers(1, 10**9), st.integers(1, 400), st.integers(0, 500))
def test_credit_is_of_whole_days_and_never_above_the_price(price, days, passed):
    end = START + timedelta(days=days)
    now = START + timedelta(days=passed, hours=5)
    worth = credit(price, START, end, now)
    assert 0 <= worth <= price
    assert credit(price, START, end, START) == price
    assert credit(price, START, end, end) == 0
    assert credit(price, START, end, now + timedelta(hours=20)) <= worth
    assert credit(price, START, end, START - timedelta(days=1)) == price * (days + 1) // days
    if passed < days:
        assert worth == price * (days - passed - 1) // days


def test_states_name_each_other():
    for table in (MEMBERSHIP, REFERRAL):
        assert set.union(*map(set, table.values())) <= set(table)
    assert may(MEMBERSHIP, "active", "past_due")
    assert not may(MEMBERSHIP, "expired", "active")
    assert {field.name for field in fields(Term)} == set(Term.__slots__)
    assert replace(NEW, status="active").live
