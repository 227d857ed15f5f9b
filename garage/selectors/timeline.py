"""The story of a vehicle, as support reads it: one list from all who know something."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.timezone import localtime

from garage.models import EcuBackup, FlashEvent, FlashJob, FuelUp, Mod, OdometerEntry, ServiceRecord, Vehicle
from garage.ports import TimelineEvent, timeline_sources

MOST = 100


def timeline_of(vehicle_id: UUID, limit: int = MOST) -> list[TimelineEvent]:
    """The newest events of all sources, newest first."""
    found = [event for source in timeline_sources.values() for event in source.events(vehicle_id, limit)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def own_events(vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
    """What the garage itself knows."""
    return [
        *_backups(vehicle_id, limit),
        *_flashes(vehicle_id, limit),
        *_log(vehicle_id, limit),
        *_vehicle(vehicle_id),
    ]


def _newest(model: Any, vehicle_id: UUID, limit: int) -> Any:
    return model.objects.filter(vehicle_id=vehicle_id).order_by("-created_at", "-id")[:limit]


def _backups(vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
    return [
        TimelineEvent(
            at=row.created_at,
            kind="backup",
            title=f"ECU backup: {row.get_state_display()}",
            detail=" ".join(
                part for part in (row.filename, row.family, row.calibration_id, row.detail) if part
            ),
            link=_link(row),
        )
        for row in _newest(EcuBackup, vehicle_id, limit)
    ]


def _flashes(vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
    jobs = [
        TimelineEvent(row.created_at, "flash", f"Flash asked for: {row.label}", row.source_kind, _link(row))
        for row in _newest(FlashJob, vehicle_id, limit)
    ]
    told = FlashEvent.objects.filter(job__vehicle_id=vehicle_id, applied=True).exclude(event="progress")
    events = [
        TimelineEvent(row.at, "flash", f"Flash: {row.get_event_display()}", row.detail, _link(row.job))
        for row in told.select_related("job").order_by("-at")[:limit]
    ]
    return jobs + events


def _log(vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
    return [
        *(
            TimelineEvent(
                row.created_at, "service", f"Service: {row.title}", f"done {row.done_on}", _link(row)
            )
            for row in _newest(ServiceRecord, vehicle_id, limit)
        ),
        *(
            TimelineEvent(row.created_at, "mod", f"Mod: {row.title}", row.part_number, _link(row))
            for row in _newest(Mod, vehicle_id, limit)
        ),
        *(
            TimelineEvent(row.created_at, "fuel", f"Fuel-up: {row}", row.station, _link(row))
            for row in _newest(FuelUp, vehicle_id, limit)
        ),
        *(
            TimelineEvent(row.read_at, "odometer", f"Odometer: {row}", row.get_source_display())
            for row in _newest(OdometerEntry, vehicle_id, limit)
        ),
    ]


def _vehicle(vehicle_id: UUID) -> list[TimelineEvent]:
    row = Vehicle.objects.get(pk=vehicle_id)
    added = TimelineEvent(
        row.created_at, "vehicle", "Added to the garage", localtime(row.created_at).strftime("%A")
    )
    if row.deleted_at is None:
        return [added]
    return [added, TimelineEvent(row.deleted_at, "vehicle", "Deleted by its owner")]


def _link(row: Any) -> str:
    return reverse(f"admin:garage_{row._meta.model_name}_change", args=[row.pk])
