"""Bookings with what belongs to them: a statement a kind, whatever the number."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from appointments.models import Appointment, ShopState
from payments.models import Payment
from payments.selectors import payment_payload

KIND = "booking"


def whole(rows: Any) -> QuerySet[Appointment]:
    """With shop and lines."""
    found: QuerySet[Appointment] = rows.select_related("location").prefetch_related("lines")
    return found


def payments_of(ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """The newest payment of each booking, as clients see it."""
    rows = Payment.objects.filter(subject_kind=KIND, subject_id__in=list(ids)).order_by("created_at", "pk")
    return {row.subject_id: payment_payload(row) for row in rows}


def shop_version() -> str:
    """Changes with every change of shops, services and prices; "" while there are none."""
    version = ShopState.objects.filter(pk=1).values_list("version", flat=True).first()
    return version.hex if version else ""
