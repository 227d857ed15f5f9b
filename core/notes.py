"""Tell a person something through every way that is plugged in; each enqueues a job in this transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.ports import notifiers


@dataclass(frozen=True, slots=True)
class PlainNote:
    """`kind` is for programs and never changes; `data` holds ids that an app can open."""

    kind: str
    title: str
    body: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def notify(user_id: UUID, kind: str, title: str, body: str = "", **data: Any) -> None:
    """Send one note to one person. Ids in `data` are sent as text."""
    note = PlainNote(kind, title, body, {name: str(value) for name, value in data.items()})
    for way in notifiers.values():
        way.send(user_id, note)
