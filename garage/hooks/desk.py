"""What staff see first, and the garage's lines of a vehicle's timeline."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncDate

from core import clock
from core.ports import dashboard_cards
from garage.models import BackupState, EcuBackup, FlashJob, FlashState, Vehicle
from garage.models.flashing import LIVE
from garage.ports import TimelineEvent, timeline_sources
from garage.selectors.timeline import own_events

DAYS = 14


class GarageCard:
    title = "Garage"

    def rows(self) -> list[tuple[str, str]]:
        week = clock.now() - timedelta(days=7)
        jobs = FlashJob.objects.filter(deleted_at=None)
        unread = EcuBackup.objects.live().filter(state=BackupState.UNREADABLE, created_at__gte=week)
        failed = jobs.filter(state=FlashState.FAILED, created_at__gte=week)
        return [
            ("Vehicles", str(Vehicle.objects.live().count())),
            ("Flashes under way", str(jobs.filter(state__in=LIVE).count())),
            ("Failed this week, not restored", str(failed.count())),
            ("Unreadable backups this week", str(unread.count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        """Flashes a day, of two weeks."""
        today = clock.now().date()
        first = today - timedelta(days=DAYS - 1)
        rows = FlashJob.objects.filter(created_at__date__gte=first).annotate(day=TruncDate("created_at"))
        counted = dict(rows.order_by().values_list("day").annotate(Count("pk")))
        days = [first + timedelta(days=number) for number in range(DAYS)]
        return {
            "labels": [day.strftime("%d.%m.") for day in days],
            "datasets": [{"label": "Flashes", "data": [counted.get(day, 0) for day in days]}],
        }


class GarageTimeline:
    def events(self, vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
        return own_events(vehicle_id, limit)


dashboard_cards.register("garage", GarageCard())
timeline_sources.register("garage", GarageTimeline())
