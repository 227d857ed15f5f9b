"""Reads of conversations, as their owner sees them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from chat.assistant.models import AssistantMessage, AssistantSession, Feedback
from users.models import User


def listed_sessions(user: User) -> QuerySet[AssistantSession]:
    """Those with something in them."""
    rows: QuerySet[AssistantSession] = AssistantSession.objects.visible_to(user).filter(
        last_message_at__isnull=False
    )
    return rows


def shown_messages(user: User, session: AssistantSession) -> QuerySet[AssistantMessage]:
    """The branch that is shown, with the owner's thumb."""
    thumb = Feedback.objects.filter(message=OuterRef("pk"), deleted_at=None).values("rating")
    rows: QuerySet[AssistantMessage] = (
        AssistantMessage.objects.visible_to(user)
        .filter(session=session, active=True)
        .annotate(feedback=Subquery(thumb))
    )
    return rows


def with_alternatives(user: User, session: AssistantSession, rows: Iterable[AssistantMessage]) -> list[Any]:
    """The rows, each knowing the messages of other branches at its place: same parent, same role."""
    hidden = AssistantMessage.objects.visible_to(user).filter(session=session, active=False)
    places: dict[tuple[UUID | None, str], list[UUID]] = {}
    for pk, parent, role in hidden.order_by("seq").values_list("id", "parent_id", "role"):
        places.setdefault((parent, role), []).append(pk)
    found: list[Any] = list(rows)
    for row in found:
        row.alternatives = places.get((row.parent_id, row.role), [])
    return found


def answer_so_far(user: User, session_id: str, message_id: UUID) -> AssistantMessage | None:
    """An answer of this person in this conversation, as it stands now."""
    found: AssistantMessage | None = (
        AssistantMessage.objects.visible_to(user)
        .filter(pk=message_id, session__session_id=session_id, session__deleted_at=None, role="assistant")
        .first()
    )
    return found
