"""Each instant once: replays, overlaps, single samples."""

import numpy as np
import pytest

from telematics.models import Segment, Source
from telematics.samples import Samples, join
from telematics.selectors.read import read
from telematics.services.store import append, tail_put
from telematics.services.tail import fold_tail
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_vehicle(alice)


def put(bike, samples, **extra):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH, **extra)


def everything(bike):
    return read(bike.pk, 0, 4_000_000_000_000)


def test_what_is_stored_is_read_back_exactly(bike):
    whole = drive(600)
    outcome = put(bike, whole)
    assert (outcome.accepted, outcome.duplicates, outcome.conflicts) == (600, 0, 0)
    assert outcome.latest == whole.t1
    assert same(everything(bike), whole)


def test_a_replay_changes_nothing(bike):
    whole = drive(600)
    put(bike, whole, digest=b"x" * 16)
    again = put(bike, whole, digest=b"x" * 16)
    other_body = put(bike, whole, digest=b"y" * 16)
    assert (again.accepted, again.duplicates) == (other_body.accepted, other_body.duplicates) == (0, 600)
    assert again.latest == whole.t1
    assert Segment.objects.count() == 1


def test_an_overlap_adds_only_what_is_new_and_counts_contradictions(bike):
    whole = drive(900)
    put(bike, whole.take(slice(0, 600)))
    lying = Samples(whole.t, whole.signals | {"speed": whole.signals["speed"] + (np.arange(900) == 300)})
    outcome = put(bike, lying.take(slice(300, 900)))
    assert (outcome.accepted, outcome.duplicates, outcome.conflicts) == (300, 300, 1)
    assert same(everything(bike), whole)


def test_single_samples_wait_and_are_packed(bike):
    whole = drive(90)
    for number in range(60):
        assert tail_put(bike.pk, bike.owner_id, whole.take(slice(number, number + 1)), source=2).accepted == 1
    assert tail_put(bike.pk, bike.owner_id, whole.take(slice(5, 6)), source=2).duplicates == 1
    assert same(everything(bike), whole.take(slice(0, 60)))
    assert put(bike, whole).accepted == 30
    assert fold_tail(everything=True) == 60
    assert same(everything(bike), whole)
    assert put(bike, whole).accepted == 0


def test_unknown_signals_are_kept_by_their_name(bike):
    whole = drive(10)
    odd = Samples(whole.t, whole.signals | {"clutch_slip": np.arange(10.0), "boostTarget": np.full(10, 1.25)})
    put(bike, odd)
    assert same(everything(bike), odd)


def test_a_week_is_split_into_hours(bike):
    t = NOON + np.arange(500, dtype=np.int64) * 1_200_000
    sparse = Samples(t, {"battery": np.round(12 + np.sin(np.arange(500.0)), 2)})
    assert put(bike, sparse).accepted == 500
    assert Segment.objects.count() == 167
    assert same(everything(bike), sparse)
    assert same(join([everything(bike)]), sparse)
