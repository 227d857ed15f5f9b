"""How long raw samples are kept: as the owner's plan says, or shorter if the owner wants it. Days and trips stay."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Count, Min, Q

from core import clock
from core.rls import as_system
from core.storage import StorageUnavailable
from telematics.codec import BadSegment
from telematics.models import Latest, Segment, Tail
from telematics.services.archiving import archive
from telematics.services.deleting import forget, tombstone_late
from telematics.services.dtcs import purge_reports
from telematics.services.partitions import drop_months
from users.models import User
from users.ports import Shortfall, benefits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from garage.models import Vehicle

log = logging.getLogger(__name__)

BENEFIT: Final = "telemetry_retention_days"
FREE_DAYS: Final = 90
MOST_DAYS: Final = 36_500
AFTER_DELETION: Final = timedelta(days=30)  # a deleted vehicle's samples can be called back so long
AT_ONCE: Final = 500  # vehicles of one transaction


def plan_days(owner: User) -> int:
    """Days that this person's plan keeps raw samples."""
    benefit = benefits.get(BENEFIT)
    value = benefit.value_for(owner) if benefit is not None else None
    return min(MOST_DAYS, max(1, int(value))) if isinstance(value, int | float) else FREE_DAYS


class KeptTelemetry:
    """Raw samples that the person's plan keeps and a smaller one would delete.

    Nobody can make old samples younger, so a refusal would chain people to their plan: they may go, once they have
    been told from when to when and of how many vehicles.
    """

    def shortfall(self, user: User, given: Any, at: datetime) -> Shortfall | None:
        now_days = plan_days(user)
        days = min(MOST_DAYS, max(1, int(given))) if isinstance(given, int | float) else FREE_DAYS
        if days >= now_days:
            return None
        shorter = Q(keep_days=None) | Q(keep_days__gt=days)
        vehicles = Latest.objects.filter(shorter, owner_id=user.pk, vehicle__deleted_at=None).values("pk")
        until = at - timedelta(days=days)
        lost = Segment.objects.filter(
            vehicle_id__in=vehicles, t0__lt=until, t1__gte=at - timedelta(days=now_days)
        ).aggregate(first=Min("t0"), vehicles=Count("vehicle_id", distinct=True))
        if not lost["vehicles"]:
            return None
        many = "1 vehicle" if lost["vehicles"] == 1 else f"{lost['vehicles']} vehicles"
        return Shortfall(
            f"samples of {many} from {lost['first']:%d %b %Y} to {until:%d %b %Y} will be deleted: "
            f"days kept are {days}, now {now_days}. Summaries of days and trips stay.",
            final=False,
        )


def kept_days(latest: Latest, plan: int) -> int:
    return min(plan, latest.keep_days) if latest.keep_days else plan


def retain(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Delete what lies too far back, of all vehicles; months that nobody keeps go whole. How many segments."""
    with as_system("retention is of all vehicles"):
        total = Latest.objects.count()
    gone, done, longest = 0, 0, FREE_DAYS
    after: UUID | None = None
    while True:
        with as_system("retention is of all vehicles"):
            rows = Latest.objects.select_related("vehicle").order_by("pk")
            some = list((rows.filter(pk__gt=after) if after else rows)[:AT_ONCE])
            if not some:
                break
            forget([row.pk for row in some if _is_over(row.vehicle)])
            by_days = _by_days(some)
            archived = {row.pk: row.owner_id for row in some if _is_archived(row)}
            for days, vehicles in by_days.items():
                gone += _cut([one for one in vehicles if one not in archived], days)
            longest = max([longest, *by_days])
        for days, vehicles in by_days.items():
            before = clock.now() - timedelta(days=days)
            gone += sum(_archive(one, archived[one], before) for one in vehicles if one in archived)
        after = some[-1].pk
        done += len(some)
        progress(done, total)
    drop_months(clock.now() - timedelta(days=longest), only_empty=settings.TELEMETRY_ARCHIVE)
    with as_system("retention is of all vehicles"):
        tombstone_late()
    purge_reports()
    return gone


def _by_days(some: Sequence[Latest]) -> dict[int, list[UUID]]:
    owners = {user.pk: user for user in User.objects.filter(pk__in={row.owner_id for row in some})}
    plans = {pk: plan_days(user) for pk, user in owners.items()}
    found: dict[int, list[UUID]] = defaultdict(list)
    for row in some:
        found[kept_days(row, plans.get(row.owner_id, FREE_DAYS))].append(row.pk)
    return found


def _cut(vehicles: Sequence[UUID], days: int) -> int:
    """Whole segments only: an hour more or less does not matter here."""
    before = clock.now() - timedelta(days=days)
    Tail.objects.filter(vehicle_id__in=vehicles, t__lt=before).delete()
    gone, _ = Segment.objects.filter(vehicle_id__in=vehicles, t1__lt=before, t0__lt=before).delete()
    return gone


def _is_archived(row: Latest) -> bool:
    """Not where the owner wants less than the plan keeps, nor of a vehicle that was deleted."""
    return settings.TELEMETRY_ARCHIVE and row.keep_days is None and row.vehicle.deleted_at is None


def _archive(vehicle_id: UUID, owner_id: UUID, before: datetime) -> int:
    """A vehicle that can't be archived now keeps its samples."""
    try:
        return archive(vehicle_id, owner_id, before)
    except (StorageUnavailable, BadSegment):
        log.exception("vehicle %s can't be archived now; its samples are kept", vehicle_id)
        return 0


def _is_over(vehicle: Vehicle) -> bool:
    return vehicle.deleted_at is not None and vehicle.deleted_at < clock.now() - AFTER_DELETION


def keeping(vehicle_id: UUID, owner: User) -> dict[str, int | None]:
    """What the plan allows and what the owner wants of this vehicle."""
    row = Latest.objects.filter(pk=vehicle_id).values_list("keep_days", flat=True).first()
    return {"plan_days": plan_days(owner), "keep_days": row}


def keep(vehicle_id: UUID, owner_id: UUID, days: int | None) -> None:
    """Keep raw samples of this vehicle for so long; None: as the plan allows."""
    Latest.objects.update_or_create(
        pk=vehicle_id, defaults={"keep_days": days}, create_defaults={"keep_days": days, "owner_id": owner_id}
    )
