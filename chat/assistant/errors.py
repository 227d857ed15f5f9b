"""Refusals of the assistant."""

from core.errors import DomainError, Unavailable, constraint_errors


class AnswerRunning(DomainError):
    code, status = "answer_running", 409
    message = "The assistant still writes in this conversation. Wait for it, or cancel it."

    def __init__(self) -> None:
        super().__init__(retry_after=2)


class QuotaUsedUp(DomainError):
    code, status = "assistant_quota", 429
    message = "You have asked as many questions as your plan allows in a day."


class TooMuchTraining(DomainError):
    code, status = "training_full", 409
    message = "There is no room for this text. Delete another one first."


class AssistantUnavailable(Unavailable):
    """Only where the built-in answerer was switched off."""

    code, message = "assistant_unavailable", "The assistant does not answer. Please try again in a moment."


class NothingToHandOver(DomainError):
    code, status, message = "nothing_to_hand_over", 409, "There is nothing in this conversation yet."


class NotAnAnswer(DomainError):
    code, status, message = "not_an_answer", 409, "This is possible with an answer of the assistant only."


class NotAQuestion(DomainError):
    code, status, message = "not_a_question", 409, "Only a question of your own can be edited."


constraint_errors.register("assistant_one_answer_at_a_time", AnswerRunning)
