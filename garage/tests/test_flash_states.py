"""The laws of a flash: only forwards, the same end in any order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garage.flash_states import RANK, TRANSITIONS, after
from garage.models.choices import FlashState as State
from garage.models.choices import FlashStep as Step

RUNS = {
    State.COMPLETED: [
        Step.STARTED,
        Step.PROGRESS,
        Step.PROGRESS,
        Step.VERIFYING,
        Step.VERIFIED,
        Step.COMPLETED,
    ],
    State.FAILED: [Step.STARTED, Step.PROGRESS, Step.FAILED],
    State.RESTORED: [
        Step.STARTED,
        Step.PROGRESS,
        Step.FAILED,
        Step.RESTORE_STARTED,
        Step.PROGRESS,
        Step.RESTORED,
    ],
    State.VERIFYING: [Step.STARTED, Step.PROGRESS, Step.VERIFYING, Step.VERIFIED],
}


def test_every_state_and_step_has_its_place():
    assert set(TRANSITIONS) == set(RANK) == set(State)
    assert all(set(row) <= set(Step) for row in TRANSITIONS.values())


@given(st.sampled_from(State), st.lists(st.sampled_from(Step), max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_words_ever_move_a_job_backwards(state, steps):
    for step in steps:
        new = after(state, step)
        assert new == state or RANK[new] > RANK[state]
        assert after(new, step) == new
        state = new


@given(st.sampled_from(list(RUNS.items())), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_happened_ends_the_same_in_any_order_and_told_twice(run, chance):
    end, steps = run
    told = steps + chance.sample(steps, chance.randint(0, len(steps)))
    chance.shuffle(told)
    for start in (State.QUEUED, State.READY):
        state = start
        for step in told:
            state = after(state, step)
        assert state == end


@pytest.mark.parametrize("cut", [State.CANCELLED, State.EXPIRED])
@pytest.mark.parametrize("end", [State.COMPLETED, State.FAILED, State.RESTORED])
def test_the_phones_outcome_counts_more_than_button_and_clock(cut, end):
    steps = RUNS[end][:]
    random.Random(7).shuffle(steps)
    state = cut
    for step in steps:
        state = after(state, step)
        assert state in {cut, State.FAILED, State.RESTORING, end}
    assert state == end


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.VERIFYING, State.COMPLETED, State.RESTORING])
def test_what_has_begun_cant_be_cancelled(state):
    assert after(state, Step.CANCELLED) == state
