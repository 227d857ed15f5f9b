"""Writing samples: each instant of a vehicle once, whatever is shuffled, repeated, overlapping or at the same time.

All functions want a transaction around them (a request's, `as_user`, `as_system`) and hold the vehicle's lock to its
end. The first writer of an instant wins; whoever says something else of it is counted as a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from psycopg.types.json import Jsonb

from core import hub
from core.errors import NotFound
from core.rls import as_user
from telematics import ports
from telematics.binding import bound_cursor
from telematics.instants import millis, moment
from telematics.models import Latest
from telematics.samples import HOUR_MS, Samples, conflicting, join
from telematics.selectors.read import read
from telematics.services.odometer import tell_garage
from telematics.services.packing import NOT_THEIRS, OVERLAPS, Mode, Packer, Stored, lock, packer
from telematics.signals import BY_NAME, shown_name

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Outcome", "append", "append_alone", "lock", "tail_put"]

_SINGLE = """
INSERT INTO telematics_tail (vehicle_id, owner_id, t, vals, source)
SELECT %(vehicle)s::uuid, %(owner)s::uuid, x.t, x.vals, %(source)s::smallint
  FROM unnest(%(instants)s::timestamptz[], %(vals)s::jsonb[]) AS x (t, vals)"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """accepted: new instants; duplicates: known before; conflicts: of those, how many were told otherwise.

    latest: ms of the vehicle's newest sample; ignored: unknown signals beyond the MAX_UNKNOWN that are kept.
    """

    accepted: int
    duplicates: int
    conflicts: int
    latest: int | None = None
    ignored: tuple[str, ...] = ()


def append(
    vehicle_id: UUID,
    owner_id: UUID,
    samples: Samples,
    *,
    source: int,
    digest: bytes | None = None,
    skew_ms: int | None = None,
) -> Outcome:
    """Store what is new of `samples`, tell the plugs of `ports.appended`, the garage and whoever watches.

    digest: blake2b-128 of what was sent, so that the very same upload is known again at once. skew_ms: server's
    clock minus the device's. Raises NotFound when the owner has no such live vehicle.
    """
    if not len(samples):
        return Outcome(0, 0, 0, _newest(vehicle_id))
    pack = packer(vehicle_id, owner_id, samples.signals)
    new: list[Samples] = []
    conflicts = 0
    stored: list[Stored] = []
    for piece in samples.hours():
        answer = pack.insert(piece, source=source, digest=digest, skew_ms=skew_ms)
        if answer.outcome == NOT_THEIRS:
            raise NotFound
        if answer.outcome == OVERLAPS:
            known = read(vehicle_id, piece.t0, piece.t1)
            conflicts += conflicting(known, _with_ids(piece, pack))
            unknown = piece.without(known.t)
            if not len(unknown):
                continue
            answer = pack.insert(unknown, source=source, digest=digest, skew_ms=skew_ms, mode=Mode.LOOKED)
            new.append(unknown)
        elif answer.outcome:
            new.append(piece)
        stored.append(answer)
    fresh = _with_ids(join(new), pack)
    if len(fresh):
        _tell(vehicle_id, owner_id, fresh, stored)
    latest = max((one.newest for one in stored if one.newest is not None), default=None)
    return Outcome(
        accepted=len(fresh),
        duplicates=len(samples) - len(fresh),
        conflicts=conflicts,
        latest=_newest(vehicle_id) if latest is None else latest,
        ignored=tuple(name for name in samples.signals if name not in pack.ids),
    )


def append_alone(
    vehicle_id: UUID, owner_id: UUID, samples: Samples, *, source: int, skew_ms: int | None = None
) -> Outcome:
    """The same without a transaction around it: a batch that overlaps nothing is one statement, and stored for good.

    What follows from it is told after that. Should this process end in between, the sweep finds the range that waits
    for its facts; the garage learns of the odometer with the next kilometre.
    """
    if _is_plain(samples):
        pack = packer(vehicle_id, owner_id, samples.signals)
        answer = pack.insert(samples, source=source, skew_ms=skew_ms, alone=True)
        if answer.outcome == NOT_THEIRS:
            raise NotFound
        if answer.outcome != OVERLAPS:
            if answer.stirs or answer.tell or answer.live:
                with as_user(owner_id):
                    _tell(vehicle_id, owner_id, samples, [answer])
            return Outcome(answer.outcome, len(samples) - answer.outcome, 0, answer.newest)
    with as_user(owner_id):
        return append(vehicle_id, owner_id, samples, source=source, skew_ms=skew_ms)


def tail_put(vehicle_id: UUID, owner_id: UUID, samples: Samples, *, source: int) -> Outcome:
    """The same for devices that send samples singly: they wait as rows until `tail.fold_tail` packs them."""
    if not len(samples):
        return Outcome(0, 0, 0, _newest(vehicle_id))
    lock(vehicle_id)
    pack = packer(vehicle_id, owner_id, samples.signals)
    samples, ignored = _with_ids(samples, pack), tuple(set(samples.signals) - set(pack.ids))
    known = read(vehicle_id, samples.t0, samples.t1)
    fresh = samples.without(known.t)
    conflicts = conflicting(known, samples)
    latest = None
    if len(fresh):
        rows = list(fresh.rows())
        with bound_cursor() as cursor:
            cursor.execute(
                _SINGLE,
                {
                    "vehicle": vehicle_id,
                    "owner": owner_id,
                    "source": source,
                    "instants": [moment(instant) for instant, _ in rows],
                    "vals": [Jsonb(values, dumps=orjson.dumps) for _, values in rows],
                },
            )
        stored = pack.saw(fresh)
        latest = stored.newest
        _tell(vehicle_id, owner_id, fresh, [stored])
    return Outcome(
        accepted=len(fresh),
        duplicates=len(samples) - len(fresh),
        conflicts=conflicts,
        latest=_newest(vehicle_id) if latest is None else latest,
        ignored=ignored,
    )


# -- Inside


def _is_plain(samples: Samples) -> bool:
    """Known signals, of less than an hour, and nobody who wants the same transaction."""
    return (
        len(samples) > 0
        and samples.t1 - samples.t0 < HOUR_MS
        and samples.signals.keys() <= BY_NAME.keys()
        and not ports.appended.values()
    )


def _with_ids(samples: Samples, pack: Packer) -> Samples:
    """Without the signals that are not kept."""
    if all(name in pack.ids for name in samples.signals):
        return samples
    return Samples(samples.t, {name: values for name, values in samples.signals.items() if name in pack.ids})


def _tell(vehicle_id: UUID, owner_id: UUID, fresh: Samples, stored: list[Stored]) -> None:
    for plug in ports.appended.values():
        plug(vehicle_id, owner_id, fresh.t0, fresh.t1, fresh)
    if any(one.stirs for one in stored):
        for woken in ports.stirred.values():
            woken(vehicle_id)
    if any(one.tell for one in stored):
        tell_garage(vehicle_id, owner_id)
    if any(one.live for one in stored):
        _show(vehicle_id, fresh)


def _show(vehicle_id: UUID, fresh: Samples) -> None:
    """A live frame of the newest sample, when the transaction commits."""
    _, vals = next(fresh.take(slice(-1, None)).rows())
    shown = {shown_name(name, camels=True): value for name, value in vals.items()}
    hub.publish(
        f"vehicle:{vehicle_id}",
        {"type": "TELEMETRY", "vehicleId": vehicle_id, "t": fresh.t1, "vals": shown},
    )


def _newest(vehicle_id: UUID) -> int | None:
    newest = Latest.objects.filter(pk=vehicle_id).values_list("t", flat=True).first()
    return None if newest is None else millis(newest)
