"""What people think of an answer."""

from uuid import UUID

from chat.assistant.errors import NotAnAnswer
from chat.assistant.models import Feedback, MessageRole
from chat.assistant.services.conversing import message_of, session_of
from core.rls import as_user
from users.models import User


def give_feedback(user: User, session_id: str, message_id: UUID, *, rating: str, comment: str) -> Feedback:
    """Raises NotFound, NotAnAnswer."""
    with as_user(user):
        message = message_of(user, session_of(user, session_id), message_id)
        if message.role != MessageRole.ASSISTANT:
            raise NotAnAnswer
        given: Feedback
        given, _ = Feedback.objects.update_or_create(
            message=message, defaults={"owner": user, "rating": rating, "comment": comment}
        )
        return given
