"""Many at once: batches and readers of one vehicle in threads, and the facts of one order stand there."""

import random
from threading import Thread

import pytest
from django.db import connections

from core.rls import as_system, as_user
from telematics.models import AlertRule, Dirty, Source
from telematics.services import facts
from telematics.services.store import append
from telematics.tests.making import make_vehicle
from telematics.tests.test_facts import LONG_AGO, known, life, wipe
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_threads_that_send_and_read_at_once_end_in_the_same_facts():
    alice = make_user("alice")
    with as_system("test"):
        bike = make_vehicle(alice)
        AlertRule.objects.create(owner=alice, kind="overspeed", params={"limit": 90}, since=LONG_AGO)
        append(bike.pk, alice.pk, life(), source=Source.BATCH)
    facts.settle(bike.pk)
    with as_system("test"):
        whole = known(bike)
        wipe(bike)
    parts = [slice(a, a + 90) for a in range(0, 650, 65)]  # each overlaps the next
    problems = []

    def send(seed):
        try:
            for part in random.Random(seed).sample(parts, len(parts)):
                with as_user(alice):
                    append(bike.pk, alice.pk, life().take(part), source=Source.BATCH)
                if seed % 2:
                    facts.settle_if_dirty(bike.pk)
        except Exception as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [Thread(target=send, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    facts.settle(bike.pk)
    with as_system("test"):
        assert known(bike) == whole
        assert not Dirty.objects.exists()
