"""From the assistant to a person: a support thread with the conversation attached."""

from typing import Final
from uuid import UUID

from chat.assistant.errors import NothingToHandOver
from chat.assistant.models import AssistantMessage, AssistantSession, MessageRole
from chat.assistant.services.conversing import session_of
from chat.models import ThreadKind
from chat.services import append, open_thread, send
from core import audit, clock
from core.rls import as_user
from users.models import User

MOST: Final = 40  # messages
LONGEST: Final = 7000  # characters of the transcript
HEAD: Final = "From the assistant, which handed this conversation over:"
PLEASE: Final = "I would like to talk to a person about this."


def hand_over(user: User, session_id: str, *, message: str) -> tuple[UUID, bool]:
    """(thread, whether it is new). A conversation is handed over once.

    Raises NotFound, NothingToHandOver.
    """
    with as_user(user):
        session = session_of(user, session_id, lock=True)
        if session.thread_id is not None:
            return session.thread_id, False
        text = transcript(user, session)
        if not text:
            raise NothingToHandOver
        thread, _ = open_thread(opener=user.pk, kind=ThreadKind.SUPPORT, subject=session.title or "Assistant")
        thread_id: UUID = thread.pk
        append(thread_id=thread_id, body=f"{HEAD}\n\n{text}")
        send(
            thread_id=thread_id,
            sender_id=user.pk,
            body=message.strip() or PLEASE,
            client_id=f"assistant-{session.pk}",
        )
        session.thread_id, session.handed_over_at = thread_id, clock.now()
        session.save(update_fields=["thread_id", "handed_over_at"])
        audit.record("assistant.handed_over", actor=user.pk, target=f"thread:{thread_id}")
        return thread_id, True


def transcript(user: User, session: AssistantSession) -> str:
    """The newest of what was said, oldest first, as a person reads it."""
    rows = AssistantMessage.objects.visible_to(user).filter(session=session, active=True).exclude(content="")
    lines: list[str] = []
    room = LONGEST
    for role, content in rows.order_by("-seq").values_list("role", "content")[:MOST]:
        who = "Rider" if role == MessageRole.USER else "Assistant"
        line = f"{who}: {content}"
        if len(line) > room:
            lines.append(f"{line[: max(0, room - 1)]}…" if not lines else "…")
            break
        room -= len(line) + 2
        lines.append(line)
    return "\n\n".join(reversed(lines))
