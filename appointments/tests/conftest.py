"""The shop of the tests, and who comes there."""

import pytest

from appointments.tests.making import NOW, make_bike, make_service, make_shop
from core import clock
from tests.cast import make_user


@pytest.fixture
def monday():
    """The clock stands at 08:00 in Bengaluru on 1 June 2026."""
    with clock.held_at(NOW):
        yield NOW


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_bike(alice)


@pytest.fixture
def oil():
    return make_service()
