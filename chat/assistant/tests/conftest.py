"""The demo world, for questions about it."""

import pytest

from core.ports import demo_worlds
from core.rls import SYSTEM_ROLE
from core.testing.client import use_role
from tests.cast import login


@pytest.fixture
def world(db):
    use_role(SYSTEM_ROLE)
    filled = {"accounts": []}
    for plug in demo_worlds.values():
        plug.fill(filled)
    return filled


@pytest.fixture
def alice(world):
    return login(world["alice"])


@pytest.fixture
def bob(world):
    return login(world["bob"])


@pytest.fixture(autouse=True)
def _no_pause(settings):
    settings.AI_WORD_PAUSE = 0.0
