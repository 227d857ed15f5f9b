"""A thing of a higher floor, seen from below: only its kind and its id."""

from typing import NamedTuple
from uuid import UUID


class Ref(NamedTuple):
    kind: str
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
