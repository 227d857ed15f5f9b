"""The law of derived facts: looking again only around what changed gives what looking at everything gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telematics.derive import trips
from telematics.derive.alerts import KINDS, Circle, Rule, evaluate
from telematics.derive.alerts.rules import MEMORY_MS, REACH_MS
from telematics.derive.window import AFTER_ALL, BEFORE_ALL, settle
from telematics.samples import EMPTY, Samples
from telematics.tests.making_drives import T0, course

PLAN = trips.Plan()
HOME = Circle(48.0, 11.0, 400)


@st.composite
def lives(draw):
    """Some hours of a vehicle: cruises, stops, silences, at 1/5 Hz, with everything that rules look at."""
    legs = draw(
        st.lists(
            st.tuples(st.sampled_from((20, 65, 200, 290, 310, 700)), st.sampled_from((0, 0, 40, 90, 140, None))),
            min_size=1, max_size=14,
        )
    )  # fmt: skip
    seed = draw(st.integers(0, 5))
    noise = np.random.default_rng(seed)
    samples = course(*legs)
    if not len(samples):
        return samples
    samples = samples.take(slice(None, None, 5))
    n, s = len(samples), (samples.t - T0) / 1000
    speed = samples.signals["speed"]
    way = np.cumsum(np.where(np.isnan(speed), 0, speed) / 3.6 * 5) / 111_195
    return Samples(
        samples.t,
        {
            "speed": speed + noise.normal(0, 1, n).clip(-2, 2) * (speed > 0),
            "rpm": np.where(speed > 0, speed * 60, 900.0) + noise.normal(0, 50, n),
            "lat": 48.0 + np.where((s // 900) % 2 == 0, way, -way) % 0.01,
            "lon": np.full(n, 11.0),
            "coolant_temp": 90 + 25 * np.sin(s / 200),
            "battery": 12.6 + noise.normal(0, 0.6, n),
            "fuel_level": (70 - s / 300 + 20 * (np.sin(s / 1500) > 0.5)).clip(0, 100),
        },
    )


RULES = {
    "overspeed": Rule("overspeed", {"limit": 85}),
    "rev_limit": Rule("rev_limit", {"limit": 5300}),
    "coolant": Rule("coolant"),
    "battery": Rule("battery", {"off_s": 30, "running_s": 10}),
    "idling": Rule("idling", {"min_s": 60}),
    "harsh_accel": Rule("harsh_accel", {"limit": 0.5}),
    "harsh_brake": Rule("harsh_brake", {"limit": 0.5}),
    "geofence": Rule("geofence", fence=HOME),
    "fuel_drop": Rule("fuel_drop", {"percent": 3}),
}


def find_by(plan):
    return lambda samples, known: trips.find(samples, plan, known=known)


find_trips = find_by(PLAN)


def judge(rule):
    return lambda samples, known: evaluate(rule, samples, known)


PATIENT = trips.Plan(stop_s=250, gap_s=900)
HASTY = trips.Plan(stop_s=400, gap_s=60)
DERIVATIONS = {
    "trips": (find_trips, PLAN.reach_ms, MEMORY_MS),
    **{
        f"trips, {plan.stop_s} and {plan.gap_s} s": (find_by(plan), plan.reach_ms, MEMORY_MS)
        for plan in (PATIENT, HASTY)
    },
    **{kind: (judge(rule), REACH_MS, MEMORY_MS) for kind, rule in RULES.items()},
}


class Store:
    """What the services do, in memory: keep each instant once, and look again around what came."""

    def __init__(self, derive, reach_ms, memory_ms):
        self.samples, self.facts = EMPTY, []
        self.derive, self.reach_ms, self.memory_ms = derive, reach_ms, memory_ms

    def append(self, batch):
        fresh = batch.without(self.samples.t)
        if not len(fresh):
            return
        self.samples = self.samples.merge(fresh)
        found = settle(
            self.samples.slice, (self.samples.t0, self.samples.t1), (fresh.t0, fresh.t1), self.derive,
            lambda fact: fact.t0, reach_ms=self.reach_ms, memory_ms=self.memory_ms,
        )  # fmt: skip
        kept = [fact for fact in self.facts if not found.low < fact.t0 < found.high]
        self.facts = sorted([*kept, *found.facts], key=lambda fact: (fact.t0, getattr(fact, "what", "")))


def batches_of(samples, draw):
    """Any split, any order, some again, some overlapping."""
    n = len(samples)
    edges = sorted(draw(st.lists(st.integers(0, n), max_size=8)))
    parts = [slice(a, b) for a, b in zip([0, *edges], [*edges, n], strict=True)]
    extra = draw(st.lists(st.tuples(st.integers(0, n), st.integers(0, n)), max_size=3))
    parts += [slice(min(pair), max(pair)) for pair in extra]
    return [samples.take(part) for part in draw(st.permutations(parts))]


@pytest.mark.parametrize("what", DERIVATIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_shuffle_split_overlap_and_replay_gives_the_same_facts(what, data):
    derive, reach_ms, memory_ms = DERIVATIONS[what]
    life = data.draw(lives())
    store = Store(derive, reach_ms, memory_ms)
    for batch in batches_of(life, data.draw):
        store.append(batch)
    whole = derive(life, (BEFORE_ALL, AFTER_ALL)).facts
    assert store.facts == sorted(whole, key=lambda fact: (fact.t0, getattr(fact, "what", "")))


def test_every_kind_of_rule_is_under_the_law():
    assert set(RULES) == set(KINDS)


def test_a_year_of_riding_is_not_read_for_one_batch():
    """Forty drives, one a day; a batch on the last day looks at that day alone."""
    days = [course((1800, 60), (700, 0), start=T0 + day * 86_400_000) for day in range(40)]
    life = days[0]
    for day in days[1:]:
        life = life.merge(day)
    asked = []

    def read(t0, t1):
        asked.append(t1 - t0)
        return life.slice(t0, t1)

    found = settle(
        read, (life.t0, life.t1), (days[-1].t0, days[-1].t0 + 60_000), find_trips, lambda fact: fact.t0,
        reach_ms=PLAN.reach_ms, memory_ms=MEMORY_MS,
    )  # fmt: skip
    assert [(fact.t0, fact.t1) for fact in found.facts] == [(days[-1].t0, days[-1].t0 + 1_799_000)]
    assert max(asked) < 2 * 86_400_000
