"""Who may watch a vehicle, what the store holds of a person, what staff see first, and the demo's drives."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from core import clock
from core.ports import dashboard_cards, demo_worlds, personal_data, topics
from garage.selectors.vehicles import linked_dongle
from telematics.drives import drive
from telematics.instants import LAST_MS, millis
from telematics.models import Archive, Daily, Latest, Segment, Source, Tail
from telematics.services.archiving import read_archive
from telematics.services.deleting import delete_of
from telematics.services.export import Export, csv_of
from telematics.services.partitions import unplaced
from telematics.services.retention import BENEFIT, KeptTelemetry
from telematics.services.store import append
from users.ports import usages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

DAYS: Final = 14
# Days ago, hour (UTC), minutes.
DEMO_DRIVES: Final = ((6, 2, 22), (4, 3, 14), (2, 12, 31), (1, 3, 16))
DEMO_KM: Final = 19_640.0


class VehicleTopic:
    """Only its owner watches a vehicle."""

    def allows(self, user_id: UUID, id: UUID) -> bool:  # noqa: A002 -- the port's own word
        return linked_dongle(user_id, id) is not None


class TelemetryData:
    """Raw samples (as CSV: a year of them is no list of objects), days, what is known by heart, archived months."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        vehicles = Latest.objects.filter(owner_id=user_id)
        return {
            "telemetry_latest": list(vehicles.values()),
            "telemetry_days": list(Daily.objects.filter(owner_id=user_id).values()),
            "telemetry_samples": {
                str(pk): b"".join(Export(user_id, pk, 0, LAST_MS, None).csv()).decode()
                for pk in vehicles.values_list("pk", flat=True).order_by("pk")
            },
            "telemetry_archive": [
                {
                    "vehicle_id": row.vehicle_id,
                    "month": f"{row.month:%Y-%m}",
                    "samples": b"".join(csv_of(read_archive(row))).decode(),
                }
                for row in Archive.objects.filter(owner_id=user_id, ended_at=None).order_by(
                    "vehicle_id", "month"
                )
            ],
        }

    def erase(self, user_id: UUID) -> None:
        delete_of(user_id)


class TelemetryCard:
    title = "Telemetry"

    def rows(self) -> list[tuple[str, str]]:
        day = clock.now() - timedelta(days=1)
        samples = Segment.objects.filter(t0__gte=day).aggregate(n=Sum("n"))["n"] or 0
        return [
            ("Vehicles heard of today", str(Latest.objects.filter(last_seen__gte=day).count())),
            ("Samples of 24 hours", f"{samples:,}"),
            ("Single samples to be packed", str(Tail.objects.count())),
            ("Warning lights on", str(Latest.objects.filter(mil=True).count())),
            *_alarms(),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        """Segments received a day, of two weeks."""
        today = clock.now().date()
        first = today - timedelta(days=DAYS - 1)
        rows = Segment.objects.filter(t0__date__gte=first, t0__gte=clock.now() - timedelta(days=DAYS))
        counted = dict(rows.annotate(day=TruncDate("t0")).order_by().values_list("day").annotate(Count("t0")))
        days = [first + timedelta(days=number) for number in range(DAYS)]
        return {
            "labels": [day.strftime("%d.%m.") for day in days],
            "datasets": [{"label": "Segments", "data": [counted.get(day, 0) for day in days]}],
        }


def _alarms() -> list[tuple[str, str]]:
    """What staff should not have to look for: segments of months that no job made a partition for."""
    strays = unplaced()
    if not strays:
        return []
    where = ", ".join(f"{month:%Y-%m}" for month, _ in strays[:3]) + (" ..." if len(strays) > 3 else "")
    return [
        ("\N{WARNING SIGN} Segments without a partition", f"{sum(many for _, many in strays):,} ({where})")
    ]


class DemoDrives:
    """A week of Alice's motorcycle. Repeated, it stores nothing twice: the drives of a day are always the same."""

    def fill(self, world: dict[str, Any]) -> None:
        bike = world["alice_vehicle"]
        if Latest.objects.filter(pk=bike.pk).exists():
            return
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        odometer = DEMO_KM
        for ago, hour, minutes in DEMO_DRIVES:
            begins = midnight - timedelta(days=ago) + timedelta(hours=hour)
            seed = crc32(begins.isoformat().encode())
            samples = drive(millis(begins), minutes * 60, seed=seed, odometer_km=odometer)
            odometer = float(samples.signals["odometer"][-1])
            append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


topics.register("vehicle", VehicleTopic())
personal_data.register("telematics", TelemetryData())
dashboard_cards.register("telematics", TelemetryCard())
demo_worlds.register("telematics", DemoDrives())
usages.register(BENEFIT, KeptTelemetry())
