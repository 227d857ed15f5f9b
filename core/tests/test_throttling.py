"""Five a minute are five, also when twenty come at once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from core import throttling
from core.rls import as_system
from core.throttling import LocalCounter, RedisCounter, Throttled, count, demand, forgive, parse_rate
from tests.cast import login, make_user


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.redis)])
def counter(request, settings):
    settings.REDIS_URL = os.environ["REDIS_URL"] if request.param == "redis" else ""
    settings.THROTTLES = settings.THROTTLES | {"test": "5/min", "user": "off", "presign": "5/min"}
    throttling.counter.cache_clear()
    assert isinstance(throttling.counter(), RedisCounter if request.param == "redis" else LocalCounter)
    yield throttling.counter()
    throttling.counter.cache_clear()


def test_twenty_at_once_are_five(counter):
    who = uuid4().hex
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: count("test", who), range(20)))
    assert [allowed for allowed, _ in answers].count(True) == 5
    assert all(1 <= wait <= 60 for allowed, wait in answers if not allowed)
    assert count("test", uuid4().hex)[0]


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_are_five(counter):
    with as_system("test"):
        alice = make_user("alice")
        clients = [login(alice) for _ in range(20)]

    def ask(client):
        try:
            return client.post("/api/v1/files/presign/", {"filename": "a.csv", "content_type": "text/csv"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, clients))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 15
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "throttled"
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_a_window_ends(counter):
    key = uuid4().hex
    assert [counter.hit(key, 0.2)[0] for _ in range(3)] == [1, 2, 3]
    time.sleep(0.25)
    assert counter.hit(key, 0.2)[0] == 1


def test_what_was_innocent_is_taken_back(counter):
    who = uuid4().hex
    for _ in range(12):
        demand("test", who)
        forgive("test", who)
    forgive("test", who)  # never below nothing
    for _ in range(5):
        demand("test", who)
    with pytest.raises(Throttled) as refusal:
        demand("test", who)
    assert 1 <= refusal.value.retry_after <= 60


def test_without_redis_a_read_passes_and_a_code_does_not(settings):
    settings.REDIS_URL, settings.THROTTLES = "redis://127.0.0.1:9/0", settings.THROTTLES | {"test": "1/min"}
    throttling.counter.cache_clear()
    assert [count("test", "x")[0] for _ in range(3)] == [True] * 3
    assert not count("test", "x", closed=True)[0]
    forgive("test", "x")
    throttling.counter.cache_clear()


@pytest.mark.parametrize(
    "rate,parsed",
    [("5/min", (5, 60)), ("10/15min", (10, 900)), ("1/30s", (1, 30)), ("20/h", (20, 3600)), ("off", None)],
)
def test_rates(rate, parsed):
    assert parse_rate(rate) == parsed


@pytest.mark.parametrize("rate", ["", "5", "5/", "x/min", "5/week", "-1/min", "5/min ", "5 / min"])
def test_a_rate_that_is_none_fails_loudly(rate):
    with pytest.raises(ValueError, match="no rate"):
        parse_rate(rate)


def test_stale_windows_are_swept():
    counter = LocalCounter()
    for n in range(10_000):
        counter.hit(str(n), 0.0001)
    time.sleep(0.01)
    counter.hit("last", 60)
    assert len(counter._windows) == 1
