"""What members have booked by their plan: a smaller plan must still give it to the visits that come after it begins.

A visit was promised to the customer at a price, and its time kept from others: it can be cancelled, not cut down.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from appointments.models import Appointment
from appointments.states import LIVE
from users.models import User
from users.ports import Shortfall

NAMED = 5  # visits named in a sentence


def coming(user: User, at: datetime) -> QuerySet[Appointment]:
    """A person's live visits from `at` on."""
    rows: QuerySet[Appointment] = Appointment.objects.filter(user=user, status__in=LIVE, start_at__gte=at)
    return rows.order_by("start_at")


class IncludedVisits:
    """Visits that the membership pays for."""

    def shortfall(self, user: User, given: Any, at: datetime) -> Shortfall | None:
        booked = coming(user, at).filter(payment_method="membership").values_list("lines__code", flat=True)
        missing = sorted(set(booked) - set(given or ()))
        return Shortfall(f"your coming visits use {', '.join(missing)}.") if missing else None


class OfferVisits:
    """Visits with an offer that is for members of some plans only."""

    def shortfall(self, user: User, given: Any, at: datetime) -> Shortfall | None:
        rows = coming(user, at).filter(redemption__returned_at=None, redemption__offer__isnull=False)
        wrong = rows.exclude(redemption__offer__eligible_memberships=[]).exclude(
            redemption__offer__eligible_memberships__overlap=list(given or ())
        )
        names = [
            f"{reference} ({title})"
            for reference, title in wrong.values_list("reference", "redemption__offer__title")[:NAMED]
        ]
        return (
            Shortfall(f"booked with an offer that is not for this plan: {', '.join(names)}.")
            if names
            else None
        )
