"""Due dates and distances."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage.reminding import Due, add_months, next_due, urgency

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "due, word",
    [
        (Due(), "ok"),
        (Due(on=date(2026, 11, 19)), "overdue"),
        (Due(on=TODAY), "due"),
        (Due(on=date(2026, 11, 27)), "due"),
        (Due(on=date(2026, 11, 28)), "soon"),
        (Due(on=date(2026, 12, 20)), "soon"),
        (Due(on=date(2026, 12, 21)), "ok"),
        (Due(km=Decimal(9999)), "overdue"),
        (Due(km=Decimal(10300)), "due"),
        (Due(km=Decimal(11000)), "soon"),
        (Due(km=Decimal("11000.1")), "ok"),
        (Due(on=date(2027, 6, 1), km=Decimal(10100)), "due"),
    ],
)
def test_the_more_urgent_of_both_counts(due, word):
    assert urgency(due, today=TODAY, odometer_km=Decimal(10000)) == word


def test_without_an_odometer_only_the_date_counts():
    assert urgency(Due(date(2026, 12, 1), Decimal(1)), today=TODAY, odometer_km=None) == "soon"


def test_next_due():
    done = {"done_on": date(2026, 1, 31), "done_km": Decimal(10000)}
    assert next_due(**done, every_months=1, every_km=Decimal(5000)) == Due(date(2026, 2, 28), Decimal(15000))
    assert next_due(**done, every_months=None, every_km=None) == Due()
    assert next_due(done_on=TODAY, done_km=None, every_months=None, every_km=Decimal(1)) == Due()


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 240))
def test_months_add_up(day, months):
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and add_months(later, 0).month == later.month)
