"""Where a flash job may go: one table, no database.

What the phone tells is the truth about the ECU, but it may come late, twice or out of order. So a word moves a job
only forwards (`RANK`), a missing word in between is taken as said, and the same words in any order end in the same
state. Clock and cancel button know less than the phone: what it tells after them still counts, unless it would
make the job live again.
"""

from typing import Final

from garage.models.choices import FlashState as State
from garage.models.choices import FlashStep as Step

RANK: Final[dict[State, int]] = {
    State.QUEUED: 0,
    State.READY: 1,
    State.IN_PROGRESS: 2,
    State.VERIFYING: 3,
    State.CANCELLED: 4,
    State.EXPIRED: 4,
    State.FAILED: 5,
    State.RESTORING: 6,
    State.COMPLETED: 7,
    State.RESTORED: 7,
}

_OUTCOMES: Final = {
    Step.COMPLETED: State.COMPLETED,
    Step.FAILED: State.FAILED,
    Step.RESTORED: State.RESTORED,
}
_WRITING: Final = {
    Step.STARTED: State.IN_PROGRESS,
    Step.PROGRESS: State.IN_PROGRESS,
    Step.VERIFYING: State.VERIFYING,
    Step.VERIFIED: State.VERIFYING,
    Step.RESTORE_STARTED: State.RESTORING,
}
_NOT_BEGUN: Final = _OUTCOMES | _WRITING | {Step.CANCELLED: State.CANCELLED}

TRANSITIONS: Final[dict[State, dict[Step, State]]] = {
    State.QUEUED: _NOT_BEGUN,
    State.READY: _NOT_BEGUN,
    State.IN_PROGRESS: _OUTCOMES
    | {
        Step.VERIFYING: State.VERIFYING,
        Step.VERIFIED: State.VERIFYING,
        Step.RESTORE_STARTED: State.RESTORING,
    },
    State.VERIFYING: _OUTCOMES | {Step.RESTORE_STARTED: State.RESTORING},
    State.FAILED: {Step.RESTORE_STARTED: State.RESTORING, Step.RESTORED: State.RESTORED},
    State.RESTORING: {Step.RESTORED: State.RESTORED},
    State.CANCELLED: _OUTCOMES,
    State.EXPIRED: _OUTCOMES,
    State.COMPLETED: {},
    State.RESTORED: {},
}


def after(state: State, step: Step) -> State:
    """The state after this word; the same one when it tells nothing new."""
    return TRANSITIONS[state].get(step, state)
