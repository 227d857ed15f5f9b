"""Refusals of sync, each with its stable code (docs/sync.md says what a client does about them)."""

from typing import Any

from core.errors import DomainError


class SyncRefusal(DomainError):
    """`extra` stands under `fields`, as everywhere, and at the top of the answer too, as the protocol promises."""

    def __init__(
        self, message: str | None = None, *, fields: dict[str, Any] | None = None, **extra: Any
    ) -> None:
        super().__init__(message, fields={**(fields or {}), **extra})
        self.extra = extra


class BadRequest(SyncRefusal):
    code, status, message = "bad_request", 400, "The request is not valid."


class BadCursor(SyncRefusal):
    code, status, message = "bad_cursor", 400, "This cursor was not made for this request."

    def __init__(self) -> None:
        super().__init__(fields={"cursor": ["Give the cursor of the last answer, or none to start again."]})


class UnknownCollection(SyncRefusal):
    code, status, message = "unknown_collection", 400, "There is no such collection."

    def __init__(self, name: str) -> None:
        super().__init__(fields={"collections": [f"There is no collection {name[:60]!r}."]})


class Conflict(SyncRefusal):
    code, status, message = "conflict", 409, "Records have changed on the server. Pull, then push again."


class ResyncRequired(SyncRefusal):
    code, status, message = "resync_required", 410, "Pull again without a cursor, as a replacement."

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class PushTooLarge(SyncRefusal):
    code, status, message = "push_too_large", 413, "Send fewer records at once, parents first."

    def __init__(self, max_records: int) -> None:
        super().__init__(max_records=max_records)


class IdempotencyMismatch(SyncRefusal):
    code, status, message = "idempotency_mismatch", 422, "This push id was used with another content."


class UnsupportedSchemaVersion(SyncRefusal):
    code, status, message = "unsupported_schema_version", 426, "Please update the app."

    def __init__(self, oldest: int, newest: int) -> None:
        super().__init__(supported={"oldest": oldest, "newest": newest})
