"""What a reader of an answer hears, in this order: Begun, Piece ..., Done."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Begun:
    """The rows are there; `message_id` is the answer's."""

    session_id: str
    question_id: UUID
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Piece:
    """`n`: length of the answer after this piece, in characters; a reader that lost the line asks for `after=n`."""

    text: str
    n: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end, as it was stored. `error_code` says why a partial or failed answer is one."""

    message_id: UUID
    status: str
    content: str
    provider: str
    model: str = ""
    degraded: str = ""
    error_code: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sources: list[dict[str, Any]] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)


Event = Begun | Piece | Done
