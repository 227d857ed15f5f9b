"""Waiting devices: told within a second, whoever wrote; nobody keeps a connection meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from core import hub
from core.rls import as_system
from sync.services.live import watch
from sync.tests.testapp.models import Bike, Shop
from sync.views import wait as door
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
WAIT = "/api/v1/sync/wait/"


@pytest.fixture
def alice():
    with as_system("test"):
        alice = make_user("alice")
        Bike.objects.create(owner=alice, nickname="a")
    return alice


def head_of(client):
    return client.post("/api/v1/sync/pull/", {}).json()["cursor"]


def nobody_waits():
    for _ in range(50):
        if not len(watch) and not any(thread.name == "sync-watch" for thread in threading.enumerate()):
            return True
        time.sleep(0.05)
    return False


def test_who_is_behind_is_told_at_once(client_for, alice):
    phone = client_for(alice)
    head = head_of(phone)
    for cursor in ({}, {"cursor": head - 2**26}):
        answer = phone.get(WAIT, cursor)
        assert (answer.status_code, answer.json()) == (200, {"cursor": head})


@pytest.mark.parametrize("write", [
    lambda alice: Bike.objects.create(owner=alice, nickname="b"),
    lambda alice: Bike.objects.update(nickname="c"),
    lambda alice: Shop.objects.create(name="Corner"),
], ids=["a row of hers", "a bulk update", "the catalogue"])  # fmt: skip
def test_news_come_within_a_second(client_for, alice, write):
    phone = client_for(alice)
    head = head_of(phone)

    def waiting():
        try:
            answer = phone.get(WAIT, {"cursor": head})
            return answer.status_code, answer.json()["cursor"] > head, time.monotonic()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(waiting)
        time.sleep(0.3)
        with as_system("somebody else"):
            write(alice)
        wrote = time.monotonic()
        status, newer, came = told.result(10)
    assert (status, newer, came - wrote < 1.5) == (200, True, True)
    assert nobody_waits()


def test_when_nothing_comes_the_answer_is_empty(client_for, alice, monkeypatch):
    monkeypatch.setattr(door, "LONGEST", 0.2)
    phone = client_for(alice)
    answer = phone.get(WAIT, {"cursor": head_of(phone)})
    assert (answer.status_code, answer.content) == (204, b"")
    assert nobody_waits()


def test_a_full_house_says_when_to_come_again(client_for, alice, settings):
    settings.SYNC_WAITERS = 0
    phone = client_for(alice)
    answer = phone.get(WAIT, {"cursor": head_of(phone)})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_refusals(client_for, anyone, alice):
    phone = client_for(alice)
    assert anyone.get(WAIT).status_code == 401
    assert phone.post(WAIT, {}).status_code == 405
    assert phone.get(WAIT, {"cursor": "page"}).json()["code"] == "bad_cursor"
    assert phone.get(WAIT, {"cursor": 2**50}).json()["reason"] == "future"


# -- Pokes


def frames_while(alice, work):
    """What the hub tells Alice's devices about some work, until half a second of silence."""
    found = []
    with hub.waiting([f"user:{alice.pk}"]) as box:
        work()
        while (frame := box.get(timeout=0.8)) is not None:
            found.append(dict(frame))
    return found


@pytest.mark.urls("sync.tests.testapp.urls")
def test_writes_poke_once_and_say_where_the_streams_stand(client_for, alice):
    phone = client_for(alice)

    def work():
        for n in range(3):
            phone.post("/api/v1/test/bikes/", {"nickname": str(n)})
        push = {
            "changes": {
                "test_bikes": {"updated": [{"id": "018f0000-0000-7000-8000-000000000001", "nickname": "x"}]}
            }
        }
        assert phone.post("/api/v1/sync/push/", push).status_code == 200

    found = frames_while(alice, work)
    assert found[-1] == {"type": "SYNC", "cursor": head_of(phone)}
    assert len(found) <= 2
    assert nobody_waits()


@pytest.mark.urls("sync.tests.testapp.urls")
def test_writes_in_flocks_are_told_over_one_connection(client_for, alice, settings):
    settings.SYNC_WATCH_REST = 1.0
    phone = client_for(alice)
    threads = set()
    for name in "abc":
        assert frames_while(alice, lambda name=name: phone.post("/api/v1/test/bikes/", {"nickname": name}))
        threads |= {thread.ident for thread in threading.enumerate() if thread.name == "sync-watch"}
    assert len(threads) == 1
    assert nobody_waits()


@pytest.mark.urls("sync.tests.testapp.urls")
def test_reads_and_refusals_poke_nobody(client_for, alice):
    phone = client_for(alice)

    def work():
        assert phone.get("/api/v1/test/bikes/").status_code == 200
        assert phone.post("/api/v1/test/bikes/", {"odometer_km": -1}).status_code == 400
        assert phone.post("/api/v1/sync/push/", {"push_id": "x"}).status_code == 400

    assert frames_while(alice, work) == []
