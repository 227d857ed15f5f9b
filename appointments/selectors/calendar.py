"""iCalendar (RFC 5545) of appointments: UTC instants, stable UIDs, SEQUENCE up at every change."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from appointments.models import Appointment, Status
from core import clock

KEPT = timedelta(days=30)  # cancelled ones, so that every calendar hears of it
GONE = (Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW)
STATUS = {Status.PENDING: "TENTATIVE", Status.PENDING_PAYMENT: "TENTATIVE"} | dict.fromkeys(GONE, "CANCELLED")


def feed_rows(user_id: UUID) -> QuerySet[Appointment]:
    """A year back, everything to come, and what was cancelled lately."""
    now = clock.now()
    rows: QuerySet[Appointment] = Appointment.objects.live().filter(user_id=user_id)
    rows = rows.filter(start_at__gt=now - timedelta(days=365))
    rows = rows.filter(~Q(status__in=GONE) | Q(ended_at__gt=now - KEPT))
    return rows.select_related("location").prefetch_related("lines").order_by("start_at", "pk")


def calendar(rows: Iterable[Appointment]) -> tuple[str, str]:
    """(the calendar, its ETag)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//RevSync//Appointments//EN", "CALSCALE:GREGORIAN",
             "METHOD:PUBLISH", "X-WR-CALNAME:RevSync"]  # fmt: skip
    for row in rows:
        lines += _event(row)
    lines.append("END:VCALENDAR")
    text = "".join(f"{folded}\r\n" for line in lines for folded in fold(line))
    return text, f'"{sha256(text.encode()).hexdigest()[:32]}"'


def _event(row: Appointment) -> list[str]:
    place = row.address or f"{row.location.name}, {row.location.address}"
    title = ", ".join(line.name for line in row.lines.all()) or "Appointment"
    return [
        "BEGIN:VEVENT",
        f"UID:{row.pk}@revsync",
        f"SEQUENCE:{row.sequence}",
        f"DTSTAMP:{instant(row.updated_at)}",
        f"DTSTART:{instant(row.start_at)}",
        f"DTEND:{instant(row.end_at)}",
        f"STATUS:{STATUS.get(Status(row.status), 'CONFIRMED')}",
        f"SUMMARY:{escape(title)}",
        f"LOCATION:{escape(place)}",
        f"DESCRIPTION:{escape(f'Reference {row.reference}')}",
        "END:VEVENT",
    ]


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escape(text: Any) -> str:
    """Text as RFC 5545 3.3.11 wants it; control characters have no place in a line."""
    text = str(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(char for char in text if char >= " ")


def fold(line: str) -> list[str]:
    """At most 75 octets a line, never inside a character (RFC 5545 3.1)."""
    found, size = [""], 0
    for char in line:
        width = len(char.encode())
        if size + width > 75:
            found.append(" ")
            size = 1
        found[-1] += char
        size += width
    return found
