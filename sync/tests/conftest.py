"""The test app's routes, and numbers at once where the test never commits."""

from collections.abc import Callable

import pytest

from sync.testing import number_at_once
from tests.cast import make_user


@pytest.fixture
def numbered(db: None) -> Callable[[], None]:
    """Every statement of this test, and of its requests, gets its numbers as a commit would give them."""
    number_at_once()
    return number_at_once


@pytest.fixture
def alice(numbered):
    return make_user("alice")


@pytest.fixture
def phone(client_for, alice):
    return client_for(alice)
