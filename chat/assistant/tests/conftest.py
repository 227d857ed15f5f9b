"""The demo world, a language model on a real port, and people."""

import pytest
from django.db import transaction

from chat.assistant.providers import breaker
from core.ports import demo_worlds
from core.rls import SYSTEM_ROLE
from core.testing.client import use_role
from tests.cast import login
from tests.standins.openai import OpenAI


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """One demo world for a module, because it takes seconds; undone at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        use_role(SYSTEM_ROLE)
        people = {"accounts": []}
        for plug in demo_worlds.values():
            plug.fill(people)
        yield people
        transaction.set_rollback(True)


@pytest.fixture
def world(filled, db):
    """The same; what a test adds is undone after it."""
    use_role(SYSTEM_ROLE)
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


@pytest.fixture
def model(settings):
    """The house's language model, for as long as the test."""
    service = OpenAI()
    service.says = "Your valve clearance is due at 20,400 km [2]."
    breaker.forget()
    settings.AI_PROVIDER, settings.AI_BASE_URL = "auto", service.url
    settings.AI_API_KEY, settings.AI_MODEL = service.key, "test-model"
    settings.AI_TIMEOUTS = {"connect": 0.5, "first": 1.0, "between": 0.5, "total": 10.0}
    yield service
    service.close()


def text_of(answer):
    return b"".join(answer.streaming_content).decode()
