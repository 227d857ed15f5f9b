"""Errors have one face: {"error", "code", "fields", "request_id"}. What they are; core/handler.py answers them."""

from typing import Any, ClassVar

from core.logs import request_id
from core.registry import Registry


class DomainError(Exception):
    """A refusal with a stable code. Subclass it in an app's errors.py."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[str] = "This is not possible now."

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.text = message or self.message
        self.fields = fields or {}
        self.retry_after = retry_after
        super().__init__(self.text)


class NotFound(DomainError):
    code, status, message = "not_found", 404, "Not found."


class NotAllowed(DomainError):
    code, status, message = "permission_denied", 403, "You may not do this."


class Invalid(DomainError):
    """Input that only a service can judge; name the field."""

    code, status, message = "invalid", 400, "Some fields are not valid."


class PreconditionFailed(DomainError):
    code, status, message = "precondition_failed", 412, "The record has changed since you read it."


class PayloadTooLarge(DomainError):
    code, status, message = "payload_too_large", 413, "The request body is too large."


class Unavailable(DomainError):
    code, status, message = "unavailable", 503, "Please try again in a moment."


class Busy(Unavailable):
    """Somebody else holds the row for too long; nothing was changed."""

    code, message = "busy", "Too many people are changing this at once. Please try again."


class ValueTaken(DomainError):
    code, status, message = "already_exists", 409, "This value is taken."


# Constraint name -> the error class that its violation means; apps register theirs in hooks or errors.
constraint_errors: Registry[type] = Registry("constraint_errors", type)

CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "server_error",
    503: "unavailable",
}
MESSAGES = {
    400: "The request is not valid.",
    401: "Please log in.",
    403: "You may not do this.",
    404: "Not found.",
    413: "The request body is too large.",
    429: "Too many requests. Please wait a moment.",
    500: "Something went wrong on our side.",
    503: "Please try again in a moment.",
}


def body(error: str, code: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"error": error, "code": code, "fields": fields or {}, "request_id": request_id()}
