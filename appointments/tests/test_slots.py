"""The laws of availability: offered is bookable, nothing overlaps, and clocks that change surprise nobody."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.slots import (
    Busy,
    Edge,
    Job,
    Place,
    Plan,
    Reason,
    Rule,
    Staffing,
    WallClockError,
    Window,
    grid,
    local_to_utc,
    objection,
    occupied,
    opening_hours,
    seconds,
    slots,
)

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia"]
HOUR = timedelta(hours=1)
NIGHT = Window(time(22), time(6))
DAY = Window(time(9), time(18))


def daily(window, **columns):
    return Plan(
        zone=ZoneInfo(columns.pop("zone", "Europe/Berlin")),
        rules=[Rule(weekday, window) for weekday in range(7)],
        **columns,
    )


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone, day, at, first, last",
    [
        (
            "Europe/Berlin",
            date(2026, 10, 25),
            time(2, 30),
            utc(2026, 10, 25, 0, 30),
            utc(2026, 10, 25, 1, 30),
        ),
        ("America/New_York", date(2026, 11, 1), time(1), utc(2026, 11, 1, 5), utc(2026, 11, 1, 6)),
        (
            "Africa/Cairo",
            date(2024, 10, 31),
            time(23, 30),
            utc(2024, 10, 31, 20, 30),
            utc(2024, 10, 31, 21, 30),
        ),
    ],
)
def test_a_time_that_the_clocks_show_twice(zone, day, at, first, last):
    assert local_to_utc(day, at, ZoneInfo(zone), Edge.OPEN) == first
    assert local_to_utc(day, at, ZoneInfo(zone), Edge.CLOSE) == last
    with pytest.raises(WallClockError, match="ambiguous_time"):
        local_to_utc(day, at, ZoneInfo(zone), Edge.EXACT)


@pytest.mark.parametrize(
    "zone, day, at, moment",
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1)),
        ("America/New_York", date(2026, 3, 8), time(2), utc(2026, 3, 8, 7)),
        ("Africa/Cairo", date(2024, 4, 26), time(0), utc(2024, 4, 25, 22)),  # midnight itself is missing
        ("Pacific/Apia", date(2011, 12, 30), time(9), utc(2011, 12, 30, 10)),  # the whole day is
    ],
)
def test_a_time_that_the_clocks_skip(zone, day, at, moment):
    assert {local_to_utc(day, at, ZoneInfo(zone), edge) for edge in (Edge.OPEN, Edge.CLOSE)} == {moment}
    with pytest.raises(WallClockError, match="missing_time"):
        local_to_utc(day, at, ZoneInfo(zone), Edge.EXACT)


def test_a_night_shift_works_as_long_as_the_night_is():
    lengths = {
        day: sum((closes - opens for opens, closes in opening_hours(daily(NIGHT), day)), timedelta())
        for day in (date(2026, 3, 28), date(2026, 6, 1), date(2026, 10, 24))
    }
    assert list(lengths.values()) == [7 * HOUR, 8 * HOUR, 9 * HOUR]


def test_a_skipped_midnight_opens_when_the_day_begins():
    plan = daily(Window(time(0), time(6)), zone="Africa/Cairo")
    assert opening_hours(plan, date(2024, 4, 26)) == [(utc(2024, 4, 25, 22), utc(2024, 4, 26, 3))]


def test_a_day_that_never_was_has_no_slots():
    plan = daily(DAY, zone="Pacific/Apia")
    assert opening_hours(plan, date(2011, 12, 30)) == []


def test_midnight_as_closing_time_is_the_end_of_the_day():
    plan = daily(Window(time(20), time(0)), zone="Asia/Kolkata")
    assert opening_hours(plan, date(2026, 5, 1)) == [(utc(2026, 5, 1, 14, 30), utc(2026, 5, 1, 18, 30))]


def test_exceptions_replace_the_rules_and_closures_cut_into_them():
    holiday, short = date(2026, 12, 25), date(2026, 12, 24)
    plan = daily(
        DAY,
        step=HOUR,
        exceptions={holiday: [], short: [Window(time(9), time(12))]},
        closures=[(utc(2026, 12, 23, 9), utc(2026, 12, 23, 12))],  # 10:00 to 13:00 in Berlin
    )
    assert grid(plan, HOUR, holiday, holiday) == []
    assert [start.hour for start in grid(plan, HOUR, short, short)] == [8, 9, 10]
    assert [start.hour for start in grid(plan, HOUR, date(2026, 12, 23), date(2026, 12, 23))] == [
        8, 12, 13, 14, 15, 16,
    ]  # fmt: skip


def test_rules_hold_within_their_dates_only():
    summer = Rule(0, DAY, date(2026, 6, 1), date(2026, 8, 31))
    assert [summer.holds(day) for day in (date(2026, 5, 25), date(2026, 6, 1), date(2026, 8, 31), date(2026, 6, 2))] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "start, reason",
    [
        (utc(2026, 6, 1, 9), Reason.PAST),
        (utc(2026, 6, 1, 11), Reason.TOO_SOON),
        (utc(2026, 7, 20, 9), Reason.TOO_FAR),
        (utc(2026, 6, 2, 9, 15), Reason.OFF_GRID),
        (utc(2026, 6, 2, 15, 30), Reason.CLOSED),  # would end at 18:30
        (utc(2026, 6, 2, 2), Reason.CLOSED),
        (utc(2026, 6, 2, 9, 30), None),
    ],
)
def test_every_refusal_has_its_reason(start, reason):
    plan = daily(DAY, minimum_notice=2 * HOUR, horizon=timedelta(days=30))
    assert objection(plan, Job(HOUR), start, utc(2026, 6, 1, 10)) == reason


def test_staff_may_look_past_notice_and_horizon_but_not_past_the_hours():
    plan = daily(DAY, minimum_notice=2 * HOUR, horizon=timedelta(days=1))
    now = utc(2026, 6, 1, 10)
    assert objection(plan, Job(HOUR), utc(2026, 6, 1, 10, 30), now, lenient=True) is None
    assert objection(plan, Job(HOUR), utc(2026, 6, 1, 3), now, lenient=True) == Reason.CLOSED


def test_a_skill_needs_a_technician_who_has_it():
    plan = daily(DAY)
    two_bays = [Place(1), Place(2)]
    team = [Place(11, frozenset({"dyno", "oil"})), Place(12, frozenset({"oil"}))]
    day = date(2026, 6, 2)

    def left(skills, busy=()):
        found = slots(
            plan, Job(HOUR, frozenset(skills)), Staffing(two_bays, team, Busy(busy)),
            date_from=day, date_to=day, now=utc(2026, 6, 1),
        )  # fmt: skip
        return {slot.start.hour: slot.remaining for slot in found if slot.start.minute == 0}

    block = (11, seconds(utc(2026, 6, 2, 8)), seconds(utc(2026, 6, 2, 9)))
    assert left(())[8] == 2
    assert left({"oil"})[8] == 2
    assert left({"dyno"})[8] == 1
    assert 8 not in left({"dyno"}, [block])
    assert left({"dyno"}, [block])[9] == 1
    assert left({"dyno", "welding"}) == {}


windows = st.builds(
    Window,
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)
plans = st.builds(
    daily,
    windows,
    zone=st.sampled_from(ZONES),
    step=st.sampled_from([15, 20, 30, 60]).map(lambda minutes: timedelta(minutes=minutes)),
    minimum_notice=st.sampled_from([timedelta(0), HOUR, timedelta(days=1)]),
    horizon=st.sampled_from([timedelta(days=5), timedelta(days=60)]),
    buffer_before=st.sampled_from([timedelta(0), timedelta(minutes=10)]),
    buffer_after=st.sampled_from([timedelta(0), timedelta(minutes=15)]),
)
# Around the days on which clocks change, and one in between.
days = st.sampled_from(
    [date(2026, 3, 28), date(2026, 3, 7), date(2024, 4, 25), date(2026, 10, 24), date(2026, 7, 1)]
)
jobs = st.integers(1, 8).map(lambda quarters: Job(timedelta(minutes=15 * quarters)))


@settings(max_examples=25, deadline=None)
@given(plans, days, jobs, st.integers(1, 3))
def test_whoever_books_what_is_offered_never_meets_another(plan, day, job, bays):
    """Book the first offer again and again: no two in one bay, all on the grid, in the hours, in time."""
    now = datetime.combine(day, time(0), UTC)
    places = [Place(no) for no in range(bays)]
    taken: list[tuple[int, int, int]] = []
    for _ in range(12):
        staffing = Staffing(places, (), Busy(taken))
        offers = slots(plan, job, staffing, date_from=day, date_to=day + timedelta(days=1), now=now)
        assert [slot.start for slot in offers] == sorted({slot.start for slot in offers})
        if not offers:
            break
        chosen = offers[len(taken) % len(offers)]
        assert objection(plan, job, chosen.start, now) in {None, Reason.PAST}  # offered is bookable
        assert now + plan.minimum_notice <= chosen.start <= now + plan.horizon
        assert any(
            opens <= chosen.start
            and chosen.end <= closes
            and (chosen.start - opens) % plan.step == timedelta(0)
            for one in (day, day + timedelta(days=1))
            for opens, closes in opening_hours(plan, one)
        )
        since, until = map(seconds, occupied(plan, job, chosen.start))
        free = staffing.free_bays(since, until)
        assert len(free) == chosen.remaining
        taken.append((free[0].no, since, until))
    for index, (no, start, end) in enumerate(taken):
        assert not any(o == no and s < end and start < e for o, s, e in taken[index + 1 :])


@settings(max_examples=25, deadline=None)
@given(plans, days, jobs, st.integers(0, 48 * 12))
def test_only_what_is_offered_can_be_booked(plan, day, job, fives):
    now = datetime.combine(day, time(0), UTC) - timedelta(minutes=1)
    start = now + timedelta(minutes=1 + 5 * fives)
    local = start.astimezone(plan.zone).date()
    offers = slots(
        plan, job, Staffing([Place(1)], (), Busy(())),
        date_from=local - timedelta(days=1), date_to=local + timedelta(days=1), now=now,
    )  # fmt: skip
    assert (objection(plan, job, start, now) is None) == (start in {slot.start for slot in offers})


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2005, 1, 1), date(2035, 1, 1)), st.times())
def test_edges_enclose_the_wall_clock(zone, day, at):
    tz = ZoneInfo(zone)
    opens, closes = (local_to_utc(day, at, tz, edge) for edge in (Edge.OPEN, Edge.CLOSE))
    assert opens <= closes
    try:
        exact = local_to_utc(day, at, tz, Edge.EXACT)
    except WallClockError:
        return
    assert opens == exact == closes
    shown = exact.astimezone(tz)
    assert (shown.date(), shown.time()) == (day, at)
