"""Months of the segment table: made ahead, and dropped whole when all of them lies too far back."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime
from typing import Final

from django.db import connection

from core import clock
from core.rls import as_system
from telematics.models import Segment

log = logging.getLogger(__name__)

AHEAD: Final = 3  # months
_NAMES: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'telematics_segment'::regclass ORDER BY c.relname"""
_MONTH: Final = re.compile(r"telematics_segment_y(\d{4})m(\d{2})")


def months() -> list[date]:
    """The months that have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES)
        found = [_MONTH.fullmatch(row[0]) for row in cursor.fetchall()]
    return [date(int(match[1]), int(match[2]), 1) for match in found if match]


def unplaced() -> list[tuple[date, int]]:
    """Months without a partition, and how many segments of each wait in the default one: none, while the job runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT month, segments FROM telematics_unplaced_months()")
        return [(month, int(many)) for month, many in cursor.fetchall()]


def make_months() -> list[date]:
    """The month under way, the next three, and every month whose segments wait in the default partition; the new ones."""
    with as_system("partitions belong to nobody"):
        wanted = [_later(clock.now().date(), ahead) for ahead in range(AHEAD + 1)]
        strays = unplaced()
        if strays:
            log.warning("segments outside of the partitions: %s", {str(day): many for day, many in strays})
        made = []
        for month in sorted({*wanted, *(day for day, _ in strays)} - set(months())):
            with connection.cursor() as cursor:
                cursor.execute("SELECT telematics_make_month(%s::date)", [month])
            made.append(month)
    return made


def drop_months(before: datetime, *, only_empty: bool = False) -> list[date]:
    """Months that ended before an instant go with all their segments; which. `only_empty`: those with any stay."""
    with as_system("partitions belong to nobody"):
        ended = [month for month in months() if _later(month, 1) <= before.date()]
        ended = [month for month in ended if not (only_empty and _has_segments(month))]
        for month in ended:
            with connection.cursor() as cursor:
                cursor.execute("SELECT telematics_drop_month(%s::date)", [month])
    return ended


def _has_segments(month: date) -> bool:
    first, after = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, _later(month, 1)))
    return Segment.objects.filter(t0__gte=first, t0__lt=after).exists()


def _later(day: date, months_ahead: int) -> date:
    years, month = divmod(day.month - 1 + months_ahead, 12)
    return date(day.year + years, month + 1, 1)
