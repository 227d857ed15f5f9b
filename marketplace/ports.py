"""What the marketplace lets higher apps plug in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry

if TYPE_CHECKING:
    from marketplace.models import Purchase, Tune, TuneVersion


@dataclass(frozen=True, slots=True)
class Objection:
    """Why not. `review`: a moderator may let it pass; without it the tuner has to mend the tune."""

    code: str
    message: str
    detail: dict[str, Any] = field(default_factory=dict)
    review: bool = False


@runtime_checkable
class PublishGate(Protocol):
    """All its objections to putting this version on the shelf; none lets it pass.

    `prepare` comes before, outside of transactions: it may take seconds and keep what it finds. It is also called
    as a head start after an upload, so it repeats without harm. Raises Unavailable when it can't look now.
    `objections` reads only, in the transaction that publishes; it runs as the tuner (row-level security).
    """

    def prepare(self, tune: "Tune", version: "TuneVersion") -> None: ...

    def objections(self, tune: "Tune", version: "TuneVersion") -> list[Objection]: ...


@runtime_checkable
class BoughtListener(Protocol):
    """Told of each purchase that was paid, free ones included, in the same transaction, as the system role."""

    def bought(self, purchase: "Purchase") -> None: ...


@runtime_checkable
class TuneBadge(Protocol):
    """Something worth showing on a tune's page: plain JSON values for each of these versions, in bulk.

    Runs as whoever looks; a version without an answer has no badge.
    """

    def badges(self, version_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]: ...


publish_gates: Registry[PublishGate] = Registry("publish_gates", PublishGate)
bought: Registry[BoughtListener] = Registry("bought", BoughtListener)
tune_badges: Registry[TuneBadge] = Registry("tune_badges", TuneBadge)
