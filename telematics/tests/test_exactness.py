"""Any shuffle, split, overlap, repeat and any door gives the same samples; also when all come at the same time."""

import threading

import numpy as np
import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rls import as_system, as_user
from telematics.models import Latest, Segment, Source
from telematics.samples import Samples
from telematics.selectors.read import read
from telematics.services.compaction import compact_day
from telematics.services.store import append, tail_put
from telematics.services.tail import fold
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user

N = 240


def gappy():
    """Four hours of a sample a minute, some signals absent now and then."""
    whole = drive(N, step_ms=60_000)
    rng = np.random.default_rng(5)
    return Samples(
        whole.t,
        {
            name: np.where(rng.random(N) < 0.3, np.nan, values) if name in {"rpm", "throttle"} else values
            for name, values in whole.signals.items()
        },
    )


WHOLE = gappy()
PIECE = st.tuples(st.integers(0, N - 1), st.integers(1, 120), st.integers(1, 3), st.sampled_from("aaat"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECE, min_size=1, max_size=12), fold_at=st.integers(0, 12), seed=st.integers(0, 99))
def test_any_way_of_sending_gives_the_same(pieces, fold_at, seed, bike, alice, db):
    rng = np.random.default_rng(seed)
    vehicle = make_vehicle(alice)
    sent = [WHOLE.take(slice(begin, begin + length * step, step)) for begin, length, step, _ in pieces]
    doors = [tail_put if door == "t" else append for *_, door in pieces]
    everything = list(zip([*sent, WHOLE], [*doors, append], strict=True))
    order = rng.permutation(len(everything) * 2) % len(everything)
    accepted = 0
    for number, place in enumerate(order):
        samples, door = everything[place]
        outcome = door(vehicle.pk, vehicle.owner_id, samples, source=Source.OTHER)
        assert outcome.accepted + outcome.duplicates == len(samples)
        assert outcome.conflicts == 0
        accepted += outcome.accepted
        if number == fold_at:
            fold(vehicle.pk, vehicle.owner_id)
            compact_day(vehicle.pk, vehicle.owner_id, NOON - NOON % 86_400_000)
    assert accepted == N
    assert same(read(vehicle.pk, 0, NOON * 2), WHOLE)
    row = Latest.objects.get(pk=vehicle.pk)
    last = {name: np.flatnonzero(~np.isnan(values))[-1] for name, values in WHOLE.signals.items()}
    assert row.vals == {
        name: [WHOLE.signals[name][place], int(WHOLE.t[place])] for name, place in last.items()
    }


def together(*deeds):
    """All at once, each on a connection of its own; what they raised."""
    gate, raised = threading.Barrier(len(deeds)), []

    def run(deed):
        try:
            gate.wait(10)
            deed()
        except BaseException as problem:
            raised.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", [append, tail_put])
def test_overlapping_uploads_at_the_same_time(door):
    alice = make_user("alice")
    bike = make_vehicle(alice)
    whole = drive(900)
    outcomes = []

    def upload(begin):
        def deed():
            for step in range(0, 600, 100):
                with as_user(alice.pk):
                    piece = whole.take(slice(begin + step, begin + step + 150))
                    put = append if begin != 150 else door
                    outcomes.append(put(bike.pk, alice.pk, piece, source=Source.BATCH))

        return deed

    assert together(*(upload(begin) for begin in (0, 150, 250, 0))) == []
    with as_system("the test looks"):
        assert same(read(bike.pk, 0, NOON * 2), whole)
        assert sum(outcome.accepted for outcome in outcomes) == 900
        assert sum(outcome.conflicts for outcome in outcomes) == 0
        assert Latest.objects.get().t.timestamp() * 1000 == whole.t1


@pytest.mark.django_db(transaction=True)
def test_the_first_batches_of_a_vehicle_at_the_same_time():
    alice = make_user("alice")
    bike = make_vehicle(alice)
    whole = drive(600)

    def deed():
        with as_user(alice.pk):
            append(bike.pk, alice.pk, whole, source=Source.BATCH, digest=b"same body here!!")

    assert together(*[deed] * 4) == []
    with as_system("the test looks"):
        assert Segment.objects.count() == 1
        assert same(read(bike.pk, 0, NOON * 2), whole)


@pytest.mark.django_db(transaction=True)
def test_folding_and_compaction_do_not_lose_what_arrives_meanwhile():
    alice = make_user("alice")
    bike = make_vehicle(alice)
    whole = drive(1200)

    def send(door, begin, size):
        def deed():
            for step in range(begin, begin + 600, size):
                with as_user(alice.pk):
                    door(bike.pk, alice.pk, whole.take(slice(step, step + size)), source=Source.TORQUE)

        return deed

    def tidy():
        for _ in range(6):
            with as_system("as the jobs do"):
                fold(bike.pk, alice.pk)
            with as_system("as the jobs do"):
                compact_day(bike.pk, alice.pk, NOON - NOON % 86_400_000)

    assert together(send(tail_put, 0, 40), send(append, 600, 60), tidy) == []
    with as_system("the test looks"):
        assert same(read(bike.pk, 0, NOON * 2), whole)
