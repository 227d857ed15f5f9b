"""Alice's bike, Bob beside her, and the time of their drives."""

from datetime import UTC, datetime

import pytest

from core import clock
from telematics.tests.making import make_vehicle
from tests.cast import make_user


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_vehicle(alice)


@pytest.fixture
def evening():
    """The clock stands at 2024-01-01T20:00:00Z."""
    with clock.held_at(datetime(2024, 1, 1, 20, tzinfo=UTC)):
        yield
