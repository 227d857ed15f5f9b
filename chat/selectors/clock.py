"""The first-response clock of a conversation, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chat.models import Thread, ThreadStatus

_STEPS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """`state`: none (nothing was promised), due, overdue, met or late."""

    state: str
    words: str = ""


def first_answer(thread: Thread, now: datetime) -> FirstAnswer:
    due, answered = thread.first_response_due_at, thread.first_responded_at
    if due is None:
        return FirstAnswer("none")
    if answered is not None:
        took = f"First answer after {span(answered - thread.created_at)}"
        return (
            FirstAnswer("met", took)
            if answered <= due
            else FirstAnswer("late", f"{took}, {span(answered - due)} late")
        )
    if thread.status == ThreadStatus.RESOLVED:
        return FirstAnswer("none", "Resolved without an answer")
    if now <= due:
        return FirstAnswer("due", f"First answer due in {span(due - now)}")
    return FirstAnswer("overdue", f"First answer overdue by {span(now - due)}")


def span(time: timedelta) -> str:
    """Its two largest units: "2 d 4 h", "3 h 12 min", "under a minute"."""
    left = int(time.total_seconds())
    parts: list[tuple[int, str]] = []
    for seconds, unit in _STEPS:
        number, left = divmod(left, seconds)
        if number or parts:
            parts.append((number, unit))
    shown = [f"{number} {unit}" for number, unit in parts[:2] if number]
    return " ".join(shown) or "under a minute"
