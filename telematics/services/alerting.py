"""Alerts written down. The id is made of vehicle, rule and start, so a replay finds its own row again."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from core import clock, hub
from core.notes import notify
from telematics.derive.alerts import KINDS, Event, evaluate
from telematics.derive.alerts.rules import MEMORY_MS, REACH_MS
from telematics.derive.motion import first_place
from telematics.derive.window import settle
from telematics.instants import millis, moment
from telematics.models import Alert
from telematics.selectors.read import read
from telematics.services.trips import SURELY_RAW, bound, touches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from garage.models import Vehicle
    from telematics.selectors.facts import LiveRule, Reader

FRESH: Final = timedelta(minutes=15)  # what is older makes no noise: a week-old upload is no storm
LIVE: Final = timedelta(seconds=60)
PLACE_MS: Final = 60_000
_WORDS: Final = {
    "overspeed": "Overspeed: {value:.0f} km/h",
    "rev_limit": "Rev limit: {value:.0f} 1/min",
    "coolant": "Coolant at {value:.0f} degC",
    "battery:off": "Battery at {value:.1f} V, engine off",
    "battery:running": "Battery at {value:.1f} V, engine running",
    "idling": "Idling for {minutes:.0f} minutes",
    "harsh_accel": "Harsh acceleration: {value:.1f} m/s2",
    "harsh_brake": "Harsh braking: {value:.1f} m/s2",
    "geofence:enter": "Arrived at {place}",
    "geofence:exit": "Left {place}",
    "fuel_drop": "Fuel level fell by {value:.0f} %",
}


def alert_id(vehicle_id: UUID, source: str, start_ms: int, what: str = "") -> UUID:
    """The same event has the same id wherever and whenever it is found. `source`: the rule's id, or a kind."""
    told = f"{vehicle_id}|{source}|{start_ms}|{what}".encode()
    return UUID(bytes=hashlib.blake2b(told, digest_size=16).digest(), version=5)


def renew(
    vehicle: Vehicle,
    rule: LiveRule,
    reader: Reader,
    extent: tuple[int, int],
    change: tuple[int, int],
    *,
    grows: bool,
) -> None:
    """Judge the samples around `change` (ms) anew by one rule."""
    found = settle(
        lambda t0, t1: reader.read(t0, t1).only(rule.signals),
        extent,
        change,
        lambda samples, known: evaluate(rule.judged, samples, known),
        lambda event: event.t0,
        reach_ms=REACH_MS,
        memory_ms=MEMORY_MS,
    )
    since = rule.row.since
    low = max(bound(found.low), since - timedelta(milliseconds=1))
    known = Alert.objects.filter(
        vehicle=vehicle, rule=rule.row, start_at__gt=low, start_at__lt=bound(found.high),
        end_at__gte=bound(min(extent[0], change[0])),
    )  # fmt: skip
    events = [event for event in found.facts if moment(event.t0) >= since]
    judged = {
        alert.pk: alert for alert in known if not ((grows or not touches(alert, change)) and _outlived(alert))
    }
    _write(vehicle, rule, events, judged, reader)


def forget_unjudged(vehicle: Vehicle, rules: Sequence[LiveRule], change: tuple[int, int]) -> None:
    """Alerts of deleted samples (ms) that no rule judges any more: of rules that ended, or began anew since."""
    rows = Alert.objects.live().filter(vehicle=vehicle, kind__in=KINDS)
    for rule in rules:
        rows = rows.exclude(rule=rule.row, start_at__gte=rule.row.since)
    rows.filter(start_at__gte=moment(change[0]), start_at__lte=moment(change[1])).tombstone()


def _write(
    vehicle: Vehicle, rule: LiveRule, events: list[Event], known: dict[UUID, Alert], reader: Reader
) -> None:
    now = clock.now()
    ids = {alert_id(vehicle.pk, str(rule.row.pk), event.t0, event.what): event for event in events}
    stale = [alert for pk, alert in known.items() if pk not in ids and alert.deleted_at is None]
    for pk, event in ids.items():
        columns = _columns(rule, event, reader)
        alert = known.get(pk)
        if alert is None:
            before = next((old for old in stale if _touch(old, event)), None)
            make(
                vehicle, pk, rule=rule.row, kind=rule.row.kind, what=event.what, **columns,
                seen_at=before.seen_at if before else None, quiet=before is not None,
            )  # fmt: skip
        elif alert.deleted_at is not None or any(getattr(alert, name) != columns[name] for name in columns):
            Alert.objects.filter(pk=pk).update(**columns, deleted_at=None)
    if stale:
        Alert.objects.filter(pk__in=[alert.pk for alert in stale]).update(deleted_at=now)


def make(
    vehicle: Vehicle, pk: UUID, *, title: str, start_at: datetime, quiet: bool = False, **columns: Any
) -> bool:
    """A new alert, told to its owner if it is fresh; False when it was there already. In a transaction."""
    alert, made = Alert.objects.get_or_create(
        pk=pk,
        defaults={
            "vehicle": vehicle, "owner_id": vehicle.owner_id, "title": title, "start_at": start_at, **columns,
        },
    )  # fmt: skip
    if not made:
        return False
    age = clock.now() - start_at
    if age < FRESH and not quiet:
        notify(
            vehicle.owner_id, "vehicle_alert", title, str(vehicle), vehicle_id=vehicle.pk, alert_id=pk,
            alert_kind=alert.kind,
        )  # fmt: skip
    if age < LIVE:
        hub.publish(
            f"vehicle:{vehicle.pk}",
            {"type": "ALERT", "vehicleId": vehicle.pk, "alertId": pk, "kind": alert.kind, "title": title},
        )
    return True


def _columns(rule: LiveRule, event: Event, reader: Reader) -> dict[str, Any]:
    place = first_place(
        reader.read(event.t0 - PLACE_MS, event.t0 + PLACE_MS).slice(event.t0, event.t0 + PLACE_MS)
    )
    return {
        "start_at": moment(event.t0),
        "end_at": moment(event.t1),
        "value": event.value,
        "lat": place[0] if place else None,
        "lon": place[1] if place else None,
        "title": title_of(rule, event),
    }


def title_of(rule: LiveRule, event: Event) -> str:
    words = _WORDS.get(f"{rule.row.kind}:{event.what}") or _WORDS[rule.row.kind]
    return words.format(
        value=event.value or 0.0,
        minutes=(event.t1 - event.t0) / 60_000,
        place=rule.row.geofence.name if rule.row.geofence else "",
    )[:160]


def _outlived(alert: Alert) -> bool:
    """Was the sample with which it begins dropped by retention? Then it stays as it is."""
    if alert.start_at > clock.now() - SURELY_RAW:
        return False
    begin = millis(alert.start_at)
    return not len(read(alert.vehicle_id, begin, begin))


def _touch(alert: Alert, event: Event) -> bool:
    """Is it the same thing with another beginning?"""
    return (
        millis(alert.start_at) <= event.t1 and event.t0 <= millis(alert.end_at) and alert.what == event.what
    )
