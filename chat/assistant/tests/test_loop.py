"""Answers whose reader leaves: what they want to save is saved, whoever notices, wherever, and nothing waits for ever."""

import asyncio
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
def events(saved):
    async def work(run, tell):
        try:
            tell("a word")
            await asyncio.sleep(60)
        finally:
            await asyncio.shield(run(lambda: saved.append(threading.get_ident())))

    made = at_home(work)
    assert next(made) == "a word"
    return made


def wait_for(saved):
    deadline = time.monotonic() + 10
    while not saved:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_reader_who_closes_saves_at_home(events, saved):
    events.close()
    assert saved == [threading.get_ident()]


def test_whoever_is_dropped_in_the_middle_of_a_statement_is_saved_elsewhere(events, saved):
    connection.ensure_connection()
    with connection.connection.lock:  # as the garbage collector may find it
        events.close()
    wait_for(saved)
    assert saved != [threading.get_ident()]


def test_whoever_is_dropped_by_another_thread_is_saved_by_none_of_the_two(events, saved):
    other = threading.Thread(target=events.close)
    other.start()
    other.join(10)
    assert not other.is_alive()
    wait_for(saved)
    assert saved[0] not in {threading.get_ident(), other.ident}
