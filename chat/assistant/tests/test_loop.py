"""Answers whose reader leaves: what they want to save is saved, whoever notices, wherever, and nothing waits for ever."""

import asyncio
import gc
import threading
import time

import pytest
from django.db import connection

from chat.assistant.loop import at_home

pytestmark = pytest.mark.django_db


@pytest.fixture
def saved():
    """The threads in which the end was saved."""
    return []


@pytest.fixture
def begun(saved):
    """Makes events of which one has been read."""

    async def work(run, tell):
        try:
            tell("a word")
            await asyncio.sleep(60)
        finally:
            await asyncio.shield(run(lambda: saved.append(threading.get_ident())))

    def make():
        events = at_home(work)
        assert next(events) == "a word"
        return events

    return make


def wait_for(saved):
    deadline = time.monotonic() + 10
    while not saved:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_reader_who_closes_saves_at_home(begun, saved):
    begun().close()
    assert saved == [threading.get_ident()]


def test_what_the_garbage_collector_finds_is_saved_elsewhere(begun, saved):
    connection.ensure_connection()
    ring = [begun()]
    ring.append(ring)
    with connection.connection.lock:  # it comes in the middle of a statement
        del ring
        gc.collect()
    wait_for(saved)
    assert saved != [threading.get_ident()]


def test_what_another_thread_drops_is_saved_by_none_of_the_two(begun, saved):
    other = threading.Thread(target=begun().close)
    other.start()
    other.join(10)
    assert not other.is_alive()
    wait_for(saved)
    assert saved[0] not in {threading.get_ident(), other.ident}
