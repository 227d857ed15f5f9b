"""What the marketplace lets higher apps plug in."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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

    Reads only, in the transaction that publishes; runs as the tuner (row-level security).
    """

    def objections(self, tune: "Tune", version: "TuneVersion") -> list[Objection]: ...


@runtime_checkable
class BoughtListener(Protocol):
    """Told of each purchase that was paid, free ones included, in the same transaction, as the system role."""

    def bought(self, purchase: "Purchase") -> None: ...


publish_gates: Registry[PublishGate] = Registry("publish_gates", PublishGate)
bought: Registry[BoughtListener] = Registry("bought", BoughtListener)
