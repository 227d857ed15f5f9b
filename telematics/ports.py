"""What plugs into the store: whoever derives facts from samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from core.registry import Registry

if TYPE_CHECKING:
    from uuid import UUID

    from telematics.samples import Samples


@runtime_checkable
class Appended(Protocol):
    """Called inside the transaction after new samples were stored: short, without network; its error undoes all.

    t0, t1: the range in ms. `samples`: exactly those that were new, of one source.
    """

    def __call__(self, vehicle_id: UUID, owner_id: UUID, t0: int, t1: int, samples: Samples, /) -> None: ...


@runtime_checkable
class Stirred(Protocol):
    """Called inside the transaction when a range of a vehicle is the first that waits in telematics_dirty: whoever
    makes facts anew is woken once, and finds the ranges that follow by itself.
    """

    def __call__(self, vehicle_id: UUID, /) -> None: ...


@dataclass(frozen=True, slots=True)
class TroubleCode:
    """A code as a device tells it; `status`: stored, pending or permanent."""

    code: str
    status: str = "stored"
    freeze_frame: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class Reported(Protocol):
    """Called inside the transaction for a batch that tells of trouble codes or the warning light (`mil`).

    at: ms, the batch's last instant. `codes`: None where the batch does not speak of codes, empty: there are none.
    """

    def __call__(
        self, vehicle_id: UUID, owner_id: UUID, at: int, codes: list[TroubleCode] | None, mil: bool | None, /
    ) -> None: ...


appended: Registry[Appended] = Registry("appended", Appended)
stirred: Registry[Stirred] = Registry("stirred", Stirred)
reported: Registry[Reported] = Registry("reported", Reported)
