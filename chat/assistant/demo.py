"""Conversations of the demo people, answered by the built-in whatever the settings say."""

from typing import Any, Final

from chat.assistant.builtin import Known, answer
from chat.assistant.cautions import cautions_for, told
from chat.assistant.events import Done
from chat.assistant.models import AssistantSession
from chat.assistant.services.conversing import Ask, Took, ask, finish
from chat.assistant.services.feedback import give_feedback
from chat.assistant.services.training import add_training

MANUAL: Final = (
    "Workshop notes for the R1. The rear axle nut is tightened to 150 Nm, the drain plug to 43 Nm with a new washer. "
    "Chain slack is 45 to 55 mm on the side stand. Cold tyre pressure is 2.5 bar in front and 2.9 bar at the rear. "
    "The engine takes 3.9 litres of 10W-40 with a filter change."
)
TALKS: Final = {
    "alice": (
        ("alice-garage", ("When is my next service?", "How tight is the rear axle nut?")),
        ("alice-codes", ("What does P0301 mean?",)),
    ),
    "bob": (("bob-garage", ("What vehicles do I have?",)),),
    "tara": (("tara-first", ("What can you do?",)),),
}


def fill_assistant(world: dict[str, Any]) -> None:
    """Idempotent. Worlds are filled from the lowest floor up, so questions here meet a garage that is still empty."""
    for name, talks in TALKS.items():
        user = world[name]
        if AssistantSession.objects.filter(owner=user).exists():
            continue
        if name == "alice":
            add_training(owner=user, title="R1 workshop notes", body=MANUAL, session=None)
        else:
            add_training(
                owner=user, title="Preference", body=f"{name.title()} prefers short answers.", session=None
            )
        for session_id, questions in talks:
            for question in questions:
                message_id = _talk(user, session_id, question)
        give_feedback(user, session_id, message_id, rating="up", comment="")


def _talk(user: Any, session_id: str, question: str) -> Any:
    turn = ask(user, Ask(question, session_id))
    reply = answer(user, question, Known(turn.gathered.facts, turn.gathered.texts))
    found = cautions_for(question, reply.text)
    sources = [{"kind": s.kind, "id": s.id, "title": s.title, "url": s.url} for s in reply.sources]
    done = Done(
        turn.begun.message_id,
        "complete",
        reply.text + told(found),
        "builtin",
        sources=sources,
        cautions=[c.code for c in found],
    )
    finish(user, done, Took(5, 20, estimated=False))
    return turn.begun.message_id
