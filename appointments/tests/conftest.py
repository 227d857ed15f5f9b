import pytest

from appointments.tests.making import NOW
from core import clock


@pytest.fixture
def monday():
    """The clock stands at 08:00 in Bengaluru on 1 June 2026."""
    with clock.held_at(NOW):
        yield NOW
