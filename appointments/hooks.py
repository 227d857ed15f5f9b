"""What the workshop plugs into other apps."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from appointments.demo import fill_workshop
from appointments.knowing import WorkshopKnowledge
from appointments.models import (
    Appointment,
    CalendarToken,
    OfferRedemption,
    Status,
    StatusChange,
    WaitlistEntry,
)
from appointments.selectors.bookings import KIND
from appointments.selectors.offers import TIERS
from appointments.selectors.usage import IncludedVisits, OfferVisits
from appointments.services import money
from appointments.services.booking import INCLUDED
from appointments.services.moving import cancel
from appointments.states import CANCELLABLE, LIVE
from chat.ports import About, Line, besides, contexts, knowledge
from core import clock
from core.ports import dashboard_cards, demo_worlds, personal_data
from core.refs import Ref
from garage.ports import TimelineEvent, timeline_sources
from payments.ports import Quote, payables
from sync.ports import Merge, ModelCollection, collections
from tuners.ports import review_rights
from users.models import User
from users.ports import usages

APPOINTMENTS = 70  # appointments/migrations/0002_rules.py says the same


class Booking:
    """How payments sees an appointment."""

    id_field = "booking_id"

    def quote(self, id: UUID, payer: User | None) -> Quote:  # noqa: A002 -- the port's own word
        return money.quote(id, payer)

    def admits(self, id: UUID, token: str) -> bool:  # noqa: A002
        return money.admits(id, token)

    def paid(self, id: UUID) -> bool:  # noqa: A002
        return money.paid(id)

    def refunded(self, id: UUID, amount_minor: int, full: bool) -> None:  # noqa: A002
        money.refunded(id, amount_minor, full=full)

    def disputed(self, id: UUID, open: bool) -> None:  # noqa: A002
        """A visit can't be suspended; if the dispute is lost, payments tells of a refund."""

    def expired(self, id: UUID) -> None:  # noqa: A002
        money.expired(id)


class VisitorsMayReview:
    """Whoever had a finished visit at a tuner's shop may review them."""

    def right(self, author_id: UUID, tuner_id: UUID) -> Ref | None:
        visits = Appointment.objects.filter(
            user_id=author_id, location__tuner_id=tuner_id, status=Status.COMPLETED
        )
        newest = visits.order_by("-start_at").values_list("pk", flat=True).first()
        return Ref("visit", newest) if newest else None


class VisitTalk:
    """The customer talks with the workshop about a visit."""

    def about(self, id: UUID, user_id: UUID) -> About | None:  # noqa: A002 -- the port's own word
        row = Appointment.objects.live().filter(pk=id, user_id=user_id).select_related("location").first()
        if row is None:
            return None
        facts = (
            ("Appointment", row.reference),
            ("When", f"{row.start_at.astimezone(row.location.zone):%a %d %b %Y, %H:%M}"),
            ("Where", str(row.location)),
            ("Status", row.get_status_display()),
            ("Services", ", ".join(line.name for line in row.lines.all())),
        )
        return About(
            title=f"Appointment {row.reference}",
            kind="shop",
            facts=facts,
            link=f"appointments/appointment/{row.pk}/change/",
        )


class VisitsBeside:
    """A customer's bookings, beside their conversation with support; where they live is the workshop's business."""

    title = "Bookings"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = Appointment.objects.live().filter(user_id=user_id).select_related("location")
        return [
            Line(
                f"{row.reference}, {row.start_at.astimezone(row.location.zone):%a %d %b %Y, %H:%M}",
                f"{row.get_status_display()}, {row.location}",
                "appointments.appointment",
                row.pk,
            )
            for row in rows.order_by("-start_at", "-id")[:limit]
        ]


class Visits:
    """Appointments in the story of a vehicle."""

    def events(self, vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
        rows = Appointment.objects.filter(vehicle_id=vehicle_id).select_related("location")
        return [
            TimelineEvent(
                at=row.start_at,
                kind="appointment",
                title=f"Appointment {row.reference}",
                detail=f"{row.location}, {row.get_status_display().lower()}",
                link=f"appointments/appointment/{row.pk}/change/",
            )
            for row in rows.order_by("-start_at")[:limit]
        ]


class WorkshopData:
    """A person's visits, calendar feed, waiting lines and used offers."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "appointments": list(
                Appointment.objects.filter(user_id=user_id).values(
                    "id", "reference", "location__name", "start_at", "end_at", "status", "service_location",
                    "address", "customer_name", "customer_phone", "customer_email", "total_minor", "currency",
                    "notes", "odometer_km", "created_at",
                )
            ),
            "waitlist": list(
                WaitlistEntry.objects.filter(user_id=user_id).values(
                    "location__name", "date_from", "date_to", "state", "created_at"
                )
            ),
            "offers_used": list(
                OfferRedemption.objects.filter(user_id=user_id).values(
                    "offer__title", "amount_minor", "created_at", "returned_at"
                )
            ),
        }  # fmt: skip

    def erase(self, user_id: UUID) -> None:
        """Coming visits are cancelled; past ones stay for the books without address, vehicle and words."""
        rows = Appointment.objects.filter(user_id=user_id)
        for appointment_id in rows.filter(status__in=CANCELLABLE).values_list("pk", flat=True):
            cancel(appointment_id, by=None, reason="Account erased")
        StatusChange.objects.filter(appointment__user_id=user_id).update(reason="")
        StatusChange.objects.filter(actor=user_id).update(actor=None)
        rows.exclude(address="").update(address="removed")
        rows.update(
            customer_name="", customer_phone="", customer_email="", vehicle=None, notes="", odometer_km=None
        )
        CalendarToken.objects.filter(user_id=user_id).delete()
        WaitlistEntry.objects.filter(user_id=user_id).delete()


class WorkshopCard:
    title = "Workshop today"

    def rows(self) -> list[tuple[str, str]]:
        shops = Appointment.objects.values("location").distinct().count()
        if not shops:
            return []
        return [(label, str(number)) for label, number in self._numbers().items()]

    def _numbers(self) -> dict[str, int]:
        now = clock.now()
        today = Appointment.objects.filter(start_at__date=now.date())
        return {
            "Appointments": today.filter(status__in=[*LIVE, Status.COMPLETED]).count(),
            "Wait for the shop": Appointment.objects.filter(status=Status.PENDING).count(),
            "In progress": Appointment.objects.filter(status=Status.IN_PROGRESS).count(),
            "Did not come": today.filter(status=Status.NO_SHOW).count(),
        }

    def chart(self) -> Mapping[str, Any] | None:
        return None


class DemoWorkshop:
    """Two shops, their catalogue, and some visits."""

    def fill(self, world: dict[str, Any]) -> None:
        fill_workshop(world)


payables.register(KIND, Booking())
contexts.register(KIND, VisitTalk())
besides.register("bookings", VisitsBeside())
usages.register(INCLUDED, IncludedVisits())
usages.register(TIERS, OfferVisits())
review_rights.register("visit", VisitorsMayReview())
timeline_sources.register("appointments", Visits())
personal_data.register("appointments", WorkshopData())
dashboard_cards.register("appointments", WorkshopCard())
demo_worlds.register("appointments", DemoWorkshop())
knowledge.register("appointments", WorkshopKnowledge())
collections.register(
    "appointments",
    ModelCollection(
        code=APPOINTMENTS,
        model=Appointment,
        read_only=(
            "reference", "location_id", "vehicle_id", "vehicle_model_id", "start_at", "end_at", "service_location",
            "address", "status", "hold_expires_at", "payment_method", "total_minor", "discount_minor", "due_minor",
            "paid_minor", "fee_minor", "commission_free_minor", "currency", "sequence", "reschedule_count", "notes", "odometer_km", "rev",
            "created_at", "updated_at",
        ),
        owner="user_id",
        merge=Merge.SERVER_WINS,
    ),
)  # fmt: skip
