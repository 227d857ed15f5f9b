"""The append-only record of what people and staff did."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest

from core import clock
from core.clientip import client_ip, ip_prefix
from core.models import AuditEvent
from core.rls import as_system

MONTHS_AHEAD = 2


def record(
    action: str,
    *,
    actor: UUID | None = None,
    session: UUID | None = None,
    target: object = "",
    outcome: str = "ok",
    request: HttpRequest | None = None,
    **data: Any,
) -> None:
    """Write one event in the transaction under way; never put a secret into `data`."""
    AuditEvent.objects.create(
        actor=actor,
        session=session,
        action=action,
        target=str(target)[:120],
        outcome=outcome,
        ip_prefix=ip_prefix(client_ip(request)) if request is not None else "",
        data=data,
    )


def make_months() -> int:
    """Partitions of the log for this month and the next ones, before they are needed; how many were new.

    An event of a month without one is not lost: it waits in the default partition until its month is made.
    """
    today = clock.now().date()
    ahead = (today.year * 12 + today.month - 1 + number for number in range(MONTHS_AHEAD + 1))
    months = [date(number // 12, number % 12 + 1, 1) for number in ahead]
    return sum(_make_month(month) for month in months)


def _make_month(month: date) -> bool:
    """In a transaction of its own: the default partition is locked for a moment only."""
    with as_system("the log is everybody's"), connection.cursor() as cursor:
        cursor.execute("SELECT core_audit_month(%s)", [month])
        (made,) = cursor.fetchone() or (False,)
    return bool(made)
