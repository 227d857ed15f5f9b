"""The odometer log as CSV, in: readings of a past that stays a line of rising numbers.

Rows find their place between the readings that are known already. One that is lower than the reading before it, or
higher than the one after it, is refused, unless it (or the one after it) says that it corrects. What came with a
table was typed in by its owner, whatever its `source` says: only `correction` means more than that.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from rest_framework.serializers import BaseSerializer

from garage.models import OdometerEntry, ReadingSource, Vehicle
from garage.services.tables import READING_COLUMNS, Caller, Imported, ImportRefused, messages, parse


@dataclass(slots=True)
class Line:
    """The readings of one vehicle in the order of time: (instant, km, does it correct?)."""

    points: list[tuple[datetime, Decimal, bool]] = field(default_factory=list)

    def problem(self, at: datetime, km: Decimal, corrects: bool) -> str:
        """Why this reading has no place here; "" when it has."""
        place = bisect_right(self.points, at, key=lambda point: point[0])
        before = self.points[place - 1] if place else None
        after = self.points[place] if place < len(self.points) else None
        if before and km < before[1] and not corrects:
            return (
                f"The odometer can't fall: it showed {before[1]:f} km on {before[0]:%Y-%m-%d}. "
                "If that was wrong, give this row the source correction."
            )
        if after and km > after[1] and not after[2]:
            return f"It showed only {after[1]:f} km on {after[0]:%Y-%m-%d}, which is later."
        return ""

    def add(self, at: datetime, km: Decimal, corrects: bool) -> None:
        place = bisect_right(self.points, at, key=lambda point: point[0])
        self.points.insert(place, (at, km, corrects))


def import_readings(
    *,
    user: Any,
    text: str,
    serializer: type[BaseSerializer[Any]],
    vehicle_id: UUID | None = None,
    skip_errors: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Add the readings of a CSV, all or none unless `skip_errors`; those that are there already stay as they are.

    The same id, or the same reading of a vehicle at the same instant, is the same reading. Raises Invalid,
    ImportRefused.
    """
    rows = parse(text, READING_COLUMNS)
    result = Imported()
    with transaction.atomic():
        vehicles = Vehicle.objects.visible_to(user).order_by("pk").select_for_update(no_key=True)
        visible = {row.pk: row for row in vehicles}
        for row in rows if vehicle_id else ():
            row.setdefault("vehicle_id", str(vehicle_id))
        context = {"request": Caller(user), "visible_rows": {Vehicle: visible}}
        wishes = _wishes(rows, serializer, context, result)
        fresh = _placed(wishes, result)
        if result.errors and not skip_errors and not dry_run:
            raise ImportRefused(
                fields={"rows": dict(sorted(result.errors.items(), key=lambda one: int(one[0])))}
            )
        result.created = len(fresh)
        if not dry_run:
            OdometerEntry.objects.bulk_create(fresh, batch_size=500)
            _raise_odometers(fresh, visible)
    return result


def _wishes(
    rows: list[dict[str, str]],
    serializer: type[BaseSerializer[Any]],
    context: dict[str, Any],
    result: Imported,
) -> list[tuple[str, OdometerEntry]]:
    """(line, reading) of each row that is well formed, in the order of time."""
    found = []
    for row in rows:
        line = row.pop("")
        form: Any = serializer(data=row, context=context)
        if form.is_valid():
            found.append((line, OdometerEntry(owner=context["request"].user, **form.validated_data)))
        else:
            result.errors[line] = messages(form.errors)
    return sorted(found, key=lambda one: (one[1].read_at, int(one[0])))


def _placed(wishes: list[tuple[str, OdometerEntry]], result: Imported) -> list[OdometerEntry]:
    """Those that are new and have a place; what has none is told in the result."""
    lines, seen = _known({row.vehicle_id for _, row in wishes})
    ids = OdometerEntry.objects.filter(pk__in=[row.pk for _, row in wishes])
    taken = set(ids.values_list("pk", flat=True))
    fresh: list[OdometerEntry] = []
    for line, row in wishes:
        same = (row.vehicle_id, row.read_at, row.reading_km)
        if row.pk in taken or same in seen:
            result.unchanged += 1
            continue
        corrects = row.source == ReadingSource.CORRECTION
        if problem := lines[row.vehicle_id].problem(row.read_at, row.reading_km, corrects):
            result.errors[line] = {"reading_km": [problem]}
            continue
        lines[row.vehicle_id].add(row.read_at, row.reading_km, corrects)
        taken.add(row.pk)
        seen.add(same)
        fresh.append(row)
    return fresh


def _known(vehicles: set[UUID]) -> tuple[dict[UUID, Line], set[tuple[UUID, datetime, Decimal]]]:
    """The lines of these vehicles, and the readings on them."""
    lines: dict[UUID, Line] = defaultdict(Line)
    seen = set()
    rows = OdometerEntry.objects.filter(vehicle_id__in=vehicles, deleted_at=None).order_by(
        "read_at", "created_at", "pk"
    )
    for vehicle_id, at, km, source in rows.values_list("vehicle_id", "read_at", "reading_km", "source"):
        lines[vehicle_id].points.append((at, km, source == ReadingSource.CORRECTION))
        seen.add((vehicle_id, at, km))
    return lines, seen


def _raise_odometers(fresh: list[OdometerEntry], visible: dict[UUID, Vehicle]) -> None:
    """A vehicle shows its newest reading where that is higher, or where a correction came after all that was known."""
    new = {row.pk for row in fresh}
    for vehicle_id in {row.vehicle_id for row in fresh}:
        rows = OdometerEntry.objects.filter(vehicle_id=vehicle_id, deleted_at=None)
        newest = rows.latest("read_at", "created_at", "pk")
        if newest.pk not in new:
            continue
        known = rows.exclude(pk__in=new).aggregate(last=Max("read_at"))["last"]
        corrected = any(
            row.source == ReadingSource.CORRECTION and (known is None or row.read_at >= known)
            for row in fresh
            if row.vehicle_id == vehicle_id
        )
        shown = visible[vehicle_id].odometer_km
        if corrected or shown is None or newest.reading_km > shown:
            Vehicle.objects.filter(pk=vehicle_id).update(odometer_km=newest.reading_km)
