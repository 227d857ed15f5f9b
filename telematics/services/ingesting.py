"""A judged batch enters the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from core.errors import NotFound
from core.rls import as_user
from garage.errors import DongleTaken
from garage.selectors.vehicles import dongle_is_elsewhere, linked_dongle
from telematics import ports
from telematics.instants import moment
from telematics.models import Latest, Source
from telematics.services.store import append, append_alone

if TYPE_CHECKING:
    from uuid import UUID

    from telematics.ingest.batch import Batch
    from telematics.services.store import Outcome


def accept_alone(vehicle_id: UUID, owner_id: UUID, batch: Batch) -> dict[str, Any]:
    """Store a batch outside of any transaction; what to answer. Durable when this returns. Raises what `accept` does."""
    if batch.dongle_id or batch.codes is not None or batch.mil is not None:
        with as_user(owner_id):
            return accept(vehicle_id, owner_id, batch)
    outcome = append_alone(vehicle_id, owner_id, batch.samples, source=Source.BATCH, skew_ms=batch.skew_ms)
    return _answer(batch, outcome)


def accept(vehicle_id: UUID, owner_id: UUID, batch: Batch) -> dict[str, Any]:
    """Store a batch; what to answer. Durable once the transaction has committed.

    Raises NotFound for a vehicle that is not the owner's, DongleTaken (409) for a dongle of another vehicle.
    """
    if batch.dongle_id:
        linked = linked_dongle(owner_id, vehicle_id)
        if linked is None:
            raise NotFound
        if batch.dongle_id != linked and dongle_is_elsewhere(batch.dongle_id, vehicle_id):
            raise DongleTaken
    outcome = append(vehicle_id, owner_id, batch.samples, source=Source.BATCH, skew_ms=batch.skew_ms)
    if batch.codes is not None or batch.mil is not None:
        report(vehicle_id, owner_id, batch.samples.t1, batch)
    return _answer(batch, outcome)


def _answer(batch: Batch, outcome: Outcome) -> dict[str, Any]:
    return {
        "message": "Telemetry batch accepted",
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates + batch.repeated,
        "conflicts": outcome.conflicts,
        "rejected": [one.shown() for one in batch.rejected],
        "ignored": [*batch.ignored, *outcome.ignored],
        "latest": outcome.latest,
    }


def report(vehicle_id: UUID, owner_id: UUID, at: int, batch: Batch) -> None:
    """Trouble codes and the warning light: to the plugs, and by heart unless something newer is known.

    at: ms. A replay tells the same again; plugs must bear that.
    """
    for plug in ports.reported.values():
        plug(vehicle_id, owner_id, at, batch.codes, batch.mil)
    told: dict[str, Any] = {"dtc_at": moment(at)}
    if batch.codes is not None:
        told["dtc_count"] = len(batch.codes)
    if batch.mil is not None:
        told["mil"] = batch.mil
    rows = Latest.objects.filter(pk=vehicle_id)
    rows.filter(Q(dtc_at=None) | Q(dtc_at__lte=moment(at))).update(**told)
