"""Work that comes back: when it is due by way, date and engine hours, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from django.db.models import F, Sum

from core import clock
from core.rls import as_system
from garage.reminding import add_months
from telematics.models import Alert, AlertKind, AlertRule, Daily, Latest, MaintenancePlan
from telematics.services.alerting import alert_id, make
from telematics.services.dtcs import muted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from garage.models import Vehicle

Urgency = Literal["ok", "soon", "due"]
SILENT_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Reading:
    """Of a vehicle now: odometer in km, engine hours since we hear of it, the day."""

    km: float | None
    hours: float
    today: date


@dataclass(frozen=True, slots=True)
class Due:
    """None where the plan does not count that way. `left_*` below zero: overdue."""

    urgency: Urgency
    due_on: date | None
    due_km: float | None
    due_hours: float | None
    left_days: int | None
    left_km: float | None
    left_hours: float | None


def due_of(plan: MaintenancePlan, reading: Reading) -> Due:
    """The most urgent of the three ways to count."""
    due_on = add_months(plan.last_done_on, plan.every_months) if plan.every_months else None
    due_km = plan.last_done_km + plan.every_km if plan.every_km else None
    due_hours = plan.last_done_hours + plan.every_hours if plan.every_hours else None
    left_days = (due_on - reading.today).days if due_on else None
    left_km = due_km - reading.km if due_km is not None and reading.km is not None else None
    left_hours = due_hours - reading.hours if due_hours is not None else None
    words: list[Urgency] = [
        _word(left_days, plan.lead_days),
        _word(left_km, plan.lead_km),
        _word(left_hours, plan.lead_hours),
    ]
    worst = max(words, key=("ok", "soon", "due").index)
    return Due(worst, due_on, due_km, due_hours, left_days, left_km, left_hours)


def _word(left: float | None, lead: int) -> Urgency:
    if left is None:
        return "ok"
    return "due" if left <= 0 else "soon" if left <= lead else "ok"


def readings_of(vehicles: Iterable[Vehicle]) -> dict[UUID, Reading]:
    """In two statements for any number of vehicles."""
    rows = {vehicle.pk: vehicle for vehicle in vehicles}
    told = dict(Latest.objects.filter(pk__in=rows).values_list("pk", "odometer"))
    ran = dict(
        Daily.objects.filter(vehicle_id__in=rows)
        .values_list("vehicle_id")
        .annotate(s=Sum(F("drive_s") + F("idle_s")))
    )
    today = clock.now().date()
    return {
        pk: Reading(
            _higher(told.get(pk), None if vehicle.odometer_km is None else float(vehicle.odometer_km)),
            (ran.get(pk) or 0) / 3600,
            today,
        )
        for pk, vehicle in rows.items()
    }


def _higher(*readings: float | None) -> float | None:
    return max((one for one in readings if one is not None), default=None)


def done(
    plan: MaintenancePlan, *, on: date | None = None, km: float | None = None, hours: float | None = None
) -> MaintenancePlan:
    """The work was done; it counts anew from there. `plan` is locked by the caller."""
    reading = readings_of([plan.vehicle])[plan.vehicle_id]
    plan.last_done_on = on or reading.today
    plan.last_done_km = km if km is not None else reading.km or 0.0
    plan.last_done_hours = hours if hours is not None else reading.hours
    plan.told_at = None
    plan.save(update_fields=["last_done_on", "last_done_km", "last_done_hours", "told_at"])
    return plan


def tell_due() -> int:
    """Tell the owners of work that has become due or will soon; how many were told. Each due is told once."""
    with as_system("plans of all owners are looked at"):
        plans = list(
            MaintenancePlan.objects.live()
            .filter(told_at=None, vehicle__deleted_at=None)
            .select_related("vehicle")
            .order_by("pk")
        )
        readings = readings_of({plan.vehicle for plan in plans})
        return sum(_tell(plan, due_of(plan, readings[plan.vehicle_id])) for plan in plans)


def _tell(plan: MaintenancePlan, due: Due) -> bool:
    if due.urgency == "ok" or muted(plan.vehicle, AlertKind.MAINTENANCE):
        return False
    now = clock.now()
    MaintenancePlan.objects.filter(pk=plan.pk).update(told_at=now)
    source = f"{AlertKind.MAINTENANCE}|{plan.pk}|{plan.last_done_on}|{plan.last_done_km}"
    return make(
        plan.vehicle, alert_id(plan.vehicle_id, source, 0), kind=AlertKind.MAINTENANCE, what=due.urgency,
        start_at=now, end_at=now, title=f"{plan.title} is due{' soon' if due.urgency == 'soon' else ''}"[:160],
    )  # fmt: skip


def tell_silent() -> int:
    """Tell the owners of devices that were not heard for as long as their rule says; once a silence."""
    now = clock.now()
    told = 0
    with as_system("rules of all owners are looked at"):
        rules = AlertRule.objects.live().filter(kind=AlertKind.SILENT, active=True).order_by("pk")
        for rule in rules:
            days = float(rule.params.get("days", SILENT_DAYS))
            quiet = Latest.objects.filter(
                owner_id=rule.owner_id, last_seen__lt=now - timedelta(days=days), vehicle__deleted_at=None
            ).select_related("vehicle")
            if rule.vehicle_id:
                quiet = quiet.filter(pk=rule.vehicle_id)
            for latest in quiet:
                pk = alert_id(latest.pk, str(rule.pk), int(latest.last_seen.timestamp() * 1000))
                if Alert.objects.filter(pk=pk).exists():
                    continue
                told += make(
                    latest.vehicle, pk, rule=rule, kind=AlertKind.SILENT, start_at=now, end_at=now,
                    title=f"No word from the device for {(now - latest.last_seen).days} days",
                )  # fmt: skip
    return told
