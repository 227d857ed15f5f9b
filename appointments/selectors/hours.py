"""What the engine in slots.py must know of a shop: three statements at most, whatever the number of bookings."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from appointments.models import Location, ResourceKind
from appointments.slots import Busy, Edge, Place, Plan, Rule, Staffing, Window, local_to_utc

_HOURS = """
SELECT 'rule', weekday::int, NULL::date, opens, closes, valid_from, valid_to, NULL::timestamptz, NULL::timestamptz
  FROM appointments_openingrule WHERE location_id = %(location)s AND deleted_at IS NULL
UNION ALL
SELECT 'exception', NULL, day, opens, closes, NULL, NULL, NULL, NULL
  FROM appointments_openingexception
 WHERE location_id = %(location)s AND deleted_at IS NULL AND day BETWEEN %(first)s AND %(last)s
UNION ALL
SELECT 'closure', NULL, NULL, NULL, NULL, NULL, NULL, starts_at, ends_at
  FROM appointments_closure
 WHERE location_id = %(location)s AND deleted_at IS NULL AND ends_at > %(since)s AND starts_at < %(until)s
"""

# Places are compared as the exclusion constraint does, so that its index answers. Expired holds block nobody, whether or not a worker was there to release them.
_PLACES = """
SELECT r.no, r.id, r.kind, r.skills,
       array_agg(extract(epoch FROM lower(a.period))::bigint) FILTER (WHERE a.id IS NOT NULL),
       array_agg(extract(epoch FROM upper(a.period))::bigint) FILTER (WHERE a.id IS NOT NULL)
  FROM appointments_resource r
  LEFT JOIN appointments_allocation a
    ON a.blocking AND int8range(a.resource_no, a.resource_no, '[]') && int8range(r.no, r.no, '[]')
   AND a.period && tstzrange(%(since)s, %(until)s)
   AND (a.hold_expires_at IS NULL OR a.hold_expires_at > %(now)s)
   AND (a.offer_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM appointments_waitlistoffer o JOIN appointments_waitlistentry e ON e.id = o.entry_id
         WHERE o.id = a.offer_id AND e.user_id = %(mine)s::uuid))
 WHERE r.location_id = %(location)s AND r.active AND r.deleted_at IS NULL
 GROUP BY r.id ORDER BY r.no
"""


@dataclass(frozen=True, slots=True)
class Team:
    """All places of a shop with what blocks them, and the ids of their rows by number."""

    by_kind: dict[str, list[Place]]
    busy: Busy
    ids: dict[int, UUID]

    def staffing(self, *, at_home: bool) -> Staffing:
        """For a visit at the customer's a van stands in for the bay."""
        kind = ResourceKind.PICKUP_VAN if at_home else ResourceKind.BAY
        return Staffing(
            bays=self.by_kind.get(kind, []),
            technicians=self.by_kind.get(ResourceKind.TECHNICIAN, []),
            busy=self.busy,
        )


def plan_of(location: Location, date_from: date, date_to: date) -> Plan:
    """The shop's calendar around these local dates; a day more on both sides, for windows that pass midnight."""
    first, last = date_from - timedelta(days=1), date_to + timedelta(days=1)
    since, until = day_bounds(location, first, last)
    with connection.cursor() as cursor:
        cursor.execute(
            _HOURS,
            {"location": location.pk, "first": first, "last": last, "since": since, "until": until},
        )
        rows = cursor.fetchall()
    rules: list[Rule] = []
    exceptions: dict[date, list[Window]] = {}
    closures: list[tuple[datetime, datetime]] = []
    for kind, weekday, day, opens, closes, valid_from, valid_to, starts_at, ends_at in rows:
        if kind == "rule":
            rules.append(Rule(weekday, Window(opens, closes), valid_from, valid_to))
        elif kind == "closure":
            closures.append((starts_at.astimezone(UTC), ends_at.astimezone(UTC)))
        else:
            exceptions.setdefault(day, []).extend([Window(opens, closes)] if opens is not None else [])
    return Plan(
        zone=location.zone,
        rules=rules,
        exceptions=exceptions,
        closures=closures,
        step=timedelta(minutes=location.slot_step),
        minimum_notice=timedelta(minutes=location.min_notice),
        horizon=timedelta(days=location.horizon_days),
        buffer_before=timedelta(minutes=location.buffer_before),
        buffer_after=timedelta(minutes=location.buffer_after),
    )


def team_of(
    location: Location, since: datetime, until: datetime, now: datetime, *, mine: UUID | None = None
) -> Team:
    """Bays, vans and technicians, and what blocks them in [since, until).

    mine: who asks; a time that is kept for this person (an offer to those who wait) is free for them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACES, {"location": location.pk, "since": since, "until": until, "now": now, "mine": mine}
        )
        rows = cursor.fetchall()
    by_kind: dict[str, list[Place]] = {}
    periods: list[tuple[int, int, int]] = []
    ids: dict[int, UUID] = {}
    for no, row_id, kind, skills, starts, ends in rows:
        by_kind.setdefault(kind, []).append(Place(no, frozenset(skills)))
        ids[no] = row_id
        periods += [(no, start, end) for start, end in zip(starts or (), ends or (), strict=True)]
    return Team(by_kind, Busy(periods), ids)


def day_bounds(location: Location, first: date, last: date) -> tuple[datetime, datetime]:
    """The UTC instants between which the local dates lie, both included."""
    midnight = time(0)
    return (
        local_to_utc(first, midnight, location.zone, Edge.OPEN),
        local_to_utc(last + timedelta(days=1), midnight, location.zone, Edge.CLOSE),
    )


def local_day(location: Any, instant: datetime) -> date:
    """The date that decides: the shop's own."""
    return instant.astimezone(location.zone).date()
