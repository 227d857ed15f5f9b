"""Single samples are packed once there is a minute of them, or 600."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orjson import loads

from core.rls import as_system
from telematics.binding import bound_cursor
from telematics.samples import from_rows
from telematics.services.packing import Mode, lock, packer

if TYPE_CHECKING:
    from uuid import UUID

MANY = 600
_RIPE = """
SELECT vehicle_id, owner_id FROM telematics_tail GROUP BY vehicle_id, owner_id
HAVING count(*) >= %s OR min(received_at) < now() - interval '1 minute'"""
_TAKE = """
DELETE FROM telematics_tail WHERE vehicle_id = %s
RETURNING (extract(epoch FROM t) * 1000)::bigint, vals, source"""


def fold_tail(*, everything: bool = False) -> int:
    """Pack the tails that are ripe, or all; each vehicle in a transaction of its own. How many samples."""
    with as_system("devices of many people wait"), bound_cursor() as cursor:
        cursor.execute(_RIPE, [0 if everything else MANY])
        vehicles = cursor.fetchall()
    folded = 0
    for vehicle_id, owner_id in vehicles:
        with as_system("packing of single samples"):
            folded += fold(vehicle_id, owner_id)
    return folded


def fold(vehicle_id: UUID, owner_id: UUID) -> int:
    """Pack all single samples of one vehicle; how many. They stay the same samples: nobody is told."""
    lock(vehicle_id)
    with bound_cursor() as cursor:
        cursor.execute(_TAKE, [vehicle_id])
        rows = cursor.fetchall()
    samples = from_rows((instant, loads(vals)) for instant, vals, _ in rows)
    pack = packer(vehicle_id, owner_id, samples.signals)
    for piece in samples.hours():
        pack.insert(piece, source=rows[0][2], mode=Mode.REPACKED)
    return len(samples)
