"""One piece of samples becomes one segment: packing, its summary, and the one statement that stores it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from telematics.binding import bound_cursor
from telematics.codec import CODEC, LEVEL, encode
from telematics.instants import millis, moment
from telematics.signals import BY_NAME, FIRST_UNKNOWN, MAX_UNKNOWN
from telematics.summary import integral, odometer_ends, plausible_odometer, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from numpy.typing import NDArray

    from telematics.samples import Samples
    from telematics.summary import Summary

_VALUES: Final = ", ".join(
    f"%({name})s::{kind}"
    for name, kind in (
        ("t0", "timestamptz"),
        ("t1", "timestamptz"),
        ("n", "int"),
        ("sent", "int"),
        ("digest", "bytea"),
        ("source", "smallint"),
        ("skew", "int"),
        ("codec", "smallint"),
        ("signals", "smallint[]"),
        ("low", "real[]"),
        ("high", "real[]"),
        ("mean", "real[]"),
        ("last", "real[]"),
        ("count", "int[]"),
        ("odo0", "float8"),
        ("odo1", "float8"),
        ("fuel", "real"),
        ("dist", "real"),
        ("data", "bytea"),
        ("vals", "jsonb"),
        ("odometer", "float8"),
        ("mode", "int"),
    )
)
_APPEND: Final = f"""
SELECT outcome, tell, live, newest, stirs FROM telematics_append(%(vehicle)s::uuid, %(owner)s::uuid, {_VALUES})"""
# The same as a transaction of its own: first whose rows it sees, which the function that follows needs.
_APPEND_ALONE: Final = f"""
SELECT outcome, tell, live, newest, stirs FROM set_config('app.user_id', %(owner)s::text, true) AS me (id),
  LATERAL telematics_append(%(vehicle)s::uuid, me.id::uuid, {_VALUES})"""
_LOCK_ALL: Final = """
SELECT telematics_lock(v.id) FROM (
  SELECT id FROM garage_vehicle WHERE id = ANY (%s::uuid[]) AND owner_id = %s::uuid ORDER BY id OFFSET 0) v"""
_SAW: Final = """
SELECT 0, tell, live, newest, stirs FROM telematics_saw(%(vehicle)s::uuid, %(owner)s::uuid, %(t0)s::timestamptz,
  %(t1)s::timestamptz, %(vals)s::jsonb, %(odometer)s::float8)"""
_LEARN: Final = """
INSERT INTO telematics_latest AS l (vehicle_id, owner_id, vals, extra)
SELECT %(vehicle)s::uuid, %(owner)s::uuid, '{}', (%(names)s::text[])[:%(most)s::int] FROM (
  SELECT telematics_lock(%(vehicle)s::uuid)) locked
ON CONFLICT (vehicle_id) DO UPDATE SET extra = (l.extra || ARRAY(
  SELECT n FROM unnest(%(names)s::text[]) n WHERE n <> ALL (l.extra)))[:%(most)s::int]
RETURNING extra"""


OVERLAPS: Final = -1  # some instants may be stored already: look
NOT_THEIRS: Final = -2  # the owner has no such live vehicle


class Mode(IntEnum):
    """What telematics_append is to believe (its comment says it)."""

    LOOK = 0
    LOOKED = 1
    REPACKED = 2


@dataclass(frozen=True, slots=True)
class Stored:
    """outcome: samples stored, 0 for an upload that is stored already, OVERLAPS or NOT_THEIRS.

    tell: the garage's odometer is to be told; live: a frame is to go out; newest: ms.
    stirs: no range of the vehicle waited for its facts before.
    """

    outcome: int
    tell: bool
    live: bool
    newest: int | None
    stirs: bool


@dataclass(frozen=True, slots=True)
class Packer:
    """Of one vehicle. `ids`: of all signals that its samples may have."""

    vehicle_id: UUID
    owner_id: UUID
    ids: Mapping[str, int]

    def insert(
        self,
        samples: Samples,
        *,
        source: int,
        digest: bytes | None = None,
        skew_ms: int | None = None,
        mode: Mode = Mode.LOOK,
        level: int = LEVEL,
        alone: bool = False,
    ) -> Stored:
        """One segment of at most an hour. Signals without an id or any value are left out.

        `alone`: outside of any transaction, as the owner; stored for good when it returns.
        """
        kept, matrix = _values(samples, self.ids)
        ids = [self.ids[name] for name in kept]
        summary = summarise(samples.t, matrix)
        data = encode(samples.t, ids, matrix, level=level)
        first, last = odometer_ends(samples)
        driven = integral(samples, "speed")
        return _call(
            _APPEND_ALONE if alone else _APPEND,
            {
                **self._seen(samples, kept, summary),
                "n": len(samples),
                "sent": len(samples),
                "digest": digest or digest_of(data),
                "source": source,
                "skew": skew_ms,
                "codec": CODEC,
                "signals": _array(ids),
                "low": _reals(summary.low),
                "high": _reals(summary.high),
                "mean": _reals(summary.mean),
                "last": _reals(summary.last),
                "count": _array(summary.count),
                "odo0": first,
                "odo1": last,
                "fuel": integral(samples, "fuel_rate"),
                "dist": None if driven is None else driven * 1000.0,
                "data": data,
                "mode": int(mode),
            },
        )

    def saw(self, samples: Samples) -> Stored:
        """Samples that are stored elsewhere (the tail) are learnt by heart."""
        kept, matrix = _values(samples, self.ids)
        return _call(_SAW, self._seen(samples, kept, summarise(samples.t, matrix)))

    def _seen(self, samples: Samples, names: list[str], summary: Summary) -> dict[str, Any]:
        last = zip(names, summary.last, summary.last_at, strict=True)
        return {
            "vehicle": self.vehicle_id,
            "owner": self.owner_id,
            "t0": moment(samples.t0),
            "t1": moment(samples.t1),
            "vals": orjson.dumps({name: (value, at) for name, value, at in last}).decode(),
            "odometer": plausible_odometer(samples),
        }


def packer(vehicle_id: UUID, owner_id: UUID, names: Iterable[str]) -> Packer:
    """With the ids of these signals; unknown ones get theirs now, up to MAX_UNKNOWN a vehicle, the others none."""
    ids = {name: BY_NAME[name].id for name in names if name in BY_NAME}
    if unknown := [name for name in names if name not in BY_NAME]:
        with bound_cursor() as cursor:
            cursor.execute(
                _LEARN, {"vehicle": vehicle_id, "owner": owner_id, "names": unknown, "most": MAX_UNKNOWN}
            )
            (extra,) = cursor.fetchone()
        ids |= {name: FIRST_UNKNOWN + place for place, name in enumerate(extra)}
    return Packer(vehicle_id, owner_id, ids)


def digest_of(data: bytes) -> bytes:
    """blake2b-128: which upload a segment came from."""
    return hashlib.blake2b(data, digest_size=16).digest()


def lock(vehicle_id: UUID) -> None:
    """Alone with the samples of this vehicle until the transaction ends."""
    with bound_cursor() as cursor:
        cursor.execute("SELECT telematics_lock(%s::uuid)", [vehicle_id])


def lock_all(owner_id: UUID, vehicles: Iterable[UUID]) -> None:
    """The same for several of a person's vehicles, in one order for all: two uploads never wait in a circle."""
    with bound_cursor() as cursor:
        cursor.execute(_LOCK_ALL, [list(vehicles), owner_id])


def _values(samples: Samples, ids: Mapping[str, int]) -> tuple[list[str], NDArray[np.float64]]:
    """The signals that have an id and a value, and their columns as one matrix."""
    names = [name for name in samples.signals if name in ids]
    if not names:
        return [], np.empty((0, len(samples)))
    matrix = np.stack([samples.signals[name] for name in names])
    there = ~np.isnan(matrix).all(axis=1)
    if there.all():
        return names, matrix
    return [names[row] for row in np.flatnonzero(there).tolist()], matrix[there]


def _array(numbers: Any) -> str:
    """As PostgreSQL writes arrays: a text that it reads itself costs less than the driver's own packing."""
    return f"{{{orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode()}}}"


def _reals(numbers: list[float]) -> str:
    """In single precision: PostgreSQL refuses a `real` that is too small for it."""
    return _array(np.array(numbers, np.float32))


def _call(statement: str, values: dict[str, Any]) -> Stored:
    with bound_cursor() as cursor:
        cursor.execute(statement, values)
        outcome, tell, live, newest, stirs = cursor.fetchone()
    return Stored(outcome, tell, live, None if newest is None else millis(newest), stirs)
