"""What core lets other apps plug in."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry


@runtime_checkable
class DashboardCard(Protocol):
    """A number worth showing on the staff start page."""

    title: str

    def rows(self) -> list[tuple[str, str]]: ...

    def chart(self) -> Mapping[str, Any] | None:
        """Chart.js data (labels, datasets), or None for a card without a chart."""
        ...


@runtime_checkable
class Notifier(Protocol):
    """A way to reach a person (push, mail, SMS); `send` enqueues a job, it never touches the network."""

    def send(self, user_id: UUID, note: "Note") -> None: ...


class Note(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def data(self) -> Mapping[str, Any]: ...


@runtime_checkable
class PersonalData(Protocol):
    """What one app holds of a person."""

    def export(self, user_id: UUID) -> Mapping[str, Any]: ...

    def erase(self, user_id: UUID) -> None: ...


@runtime_checkable
class DemoWorld(Protocol):
    """Idempotent demo rows of one app; `world` carries what lower floors made, by name."""

    def fill(self, world: dict[str, Any]) -> None: ...


@runtime_checkable
class Topic(Protocol):
    """May this user listen to `<kind>:<id>` on the hub?"""

    def allows(self, user_id: UUID, id: UUID) -> bool: ...  # noqa: A002 -- the port's own word


@runtime_checkable
class FileHolder(Protocol):
    """An app whose rows point at stored files: a file that is held can't be deleted by its owner."""

    def holds(self, file_id: UUID) -> bool:
        """Asked under the system role: the holding row may belong to somebody else."""
        ...


dashboard_cards: Registry[DashboardCard] = Registry("dashboard_cards", DashboardCard)
notifiers: Registry[Notifier] = Registry("notifiers", Notifier)
personal_data: Registry[PersonalData] = Registry("personal_data", PersonalData)
demo_worlds: Registry[DemoWorld] = Registry("demo_worlds", DemoWorld)
topics: Registry[Topic] = Registry("topics", Topic)
file_holders: Registry[FileHolder] = Registry("file_holders", FileHolder)
