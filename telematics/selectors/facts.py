"""What the recompute of facts reads: samples once for all that look at the same window, the extent, live rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.models import Q

from telematics.derive.alerts import KINDS, Circle, Fence, Polygon, Rule
from telematics.derive.trips import Plan
from telematics.instants import millis
from telematics.models import AlertRule, EditKind, TripEdit
from telematics.selectors.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from garage.models import Vehicle
    from telematics.derive.fuel import Burn
    from telematics.samples import Samples

# A segment is an hour long at most, so the last one that begins ends within the hour after.
_EXTENT = """
SELECT (extract(epoch FROM min(x.first)) * 1000)::bigint, (extract(epoch FROM max(x.last)) * 1000)::bigint FROM (
  SELECT min(t0) AS first, max(t0) + interval '1 hour' AS last FROM telematics_segment WHERE vehicle_id = %(vehicle)s
  UNION ALL
  SELECT min(t), max(t) FROM telematics_tail WHERE vehicle_id = %(vehicle)s) x"""


def extent_of(vehicle_id: UUID) -> tuple[int, int] | None:
    """Bounds (ms) of everything that is stored of a vehicle; None for nothing. The upper one may be an hour wide."""
    with connection.cursor() as cursor:
        cursor.execute(_EXTENT, {"vehicle": vehicle_id})
        first, last = cursor.fetchone() or (None, None)
    return None if first is None or last is None else (int(first), int(last))


class Reader:
    """Reads some signals of a vehicle; the same window again costs nothing."""

    def __init__(self, vehicle_id: UUID, names: Iterable[str]) -> None:
        self._vehicle_id, self._names = vehicle_id, sorted(names)
        self._kept: dict[tuple[int, int], Samples] = {}

    def read(self, t0: int, t1: int) -> Samples:
        found = self._kept.get((t0, t1))
        if found is None:
            found = self._kept[t0, t1] = read(self._vehicle_id, t0, t1, self._names)
        return found


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A rule that judges samples, as its owner wrote it and as the derivation reads it."""

    row: AlertRule
    judged: Rule

    @property
    def signals(self) -> tuple[str, ...]:
        return KINDS[self.judged.kind].signals


def live_rules(vehicle: Vehicle, known: set[str] | None) -> list[LiveRule]:
    """Active rules over samples of this vehicle that need a signal it has ever told (`known`; None: any)."""
    rows = (
        AlertRule.objects.live()
        .filter(Q(vehicle=None) | Q(vehicle=vehicle), owner_id=vehicle.owner_id, active=True, kind__in=KINDS)
        .select_related("geofence")
        .order_by("pk")
    )
    return [
        LiveRule(row, _judged(row)) for row in rows if known is None or known & set(KINDS[row.kind].signals)
    ]


def _judged(row: AlertRule) -> Rule:
    fence = fence_of(row.geofence) if row.geofence is not None and row.geofence.deleted_at is None else None
    return Rule(row.kind, row.params, fence, row.on_enter, row.on_exit)


def fence_of(row: Any) -> Fence:
    if row.corners:
        return Polygon(tuple((float(lat), float(lon)) for lat, lon in row.corners))
    return Circle(row.lat, row.lon, row.radius_m)


def plan_of(vehicle: Vehicle, burn: Burn) -> Plan:
    """How to cut this vehicle's trips: the usual limits and its owner's edits."""
    edits = list(TripEdit.objects.live().filter(vehicle=vehicle).exclude(kind=EditKind.LABEL))
    joins = tuple((millis(one.t0), millis(one.t1)) for one in edits if one.kind == EditKind.JOIN)
    cuts = tuple(millis(one.t0) for one in edits if one.kind == EditKind.CUT)
    return Plan(
        stop_s=settings.TRIP_STOP_SECONDS, gap_s=settings.TRIP_GAP_SECONDS, burn=burn, joins=joins, cuts=cuts
    )
