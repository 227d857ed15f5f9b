import pytest
from django.db import connection

from chat.models import Part
from chat.services import open_thread
from chat.tests.inbox import ask, browser_of, make_staff
from chat.tests.serving import Server
from tests.cast import make_user


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker):
    """One server for the tests of a file; each of them has fresh people."""
    with django_db_blocker.unblock():
        served = Server()
    yield served
    served.stop()


@pytest.fixture
def pair(transactional_db):
    """Alice, Tara and their thread, seen by all processes."""
    alice, tara = make_user("alice"), make_user("tara")
    thread, _ = open_thread(opener=alice.pk, people={tara.pk: Part.TUNER})
    assert not connection.in_atomic_block
    return alice, tara, thread


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def question(alice):
    return ask(alice)


@pytest.fixture
def sue():
    return make_staff("sue", "support")


@pytest.fixture
def page(sue):
    """Sue's browser: support, and nothing else."""
    return browser_of(sue)
