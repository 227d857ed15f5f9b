"""Refusals of chat, with codes that never change."""

from core.errors import DomainError, Invalid, NotAllowed, NotFound


class ThreadAbsent(NotFound):
    message = "There is no such thread."


class MessageAbsent(NotFound):
    message = "There is no such message."


class Blocked(DomainError):
    code, status = "chat_blocked", 403
    message = "One of you has blocked the other."


class NotYours(NotAllowed):
    message = "Only who wrote a message may change it."


class EditClosed(DomainError):
    code, status, message = "chat_edit_closed", 409, "This message can't be changed any more."


class ReplyAbsent(Invalid):
    def __init__(self) -> None:
        super().__init__(fields={"reply_to": ["There is no such message in this thread."]})


class NoSuchPerson(Invalid):
    def __init__(self) -> None:
        super().__init__(fields={"participants": ["There is no such person."]})


class NoSuchUser(Invalid):
    def __init__(self) -> None:
        super().__init__(fields={"user_id": ["There is no such person."]})
