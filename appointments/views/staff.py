"""The desk's own routes: by a staff key with the scope workshop, or a login of the workshop group."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import Appointment
from appointments.selectors.bookings import payments_of
from appointments.selectors.desk import desk_rows, find, statistics
from appointments.serializers.booking import RescheduleInput, WalkInInput
from appointments.serializers.shop import (
    ReassignInput,
    StaffAppointmentSerializer,
    StaffQuery,
    StatsOutput,
    StatsQuery,
    UpdateStatusInput,
)
from appointments.services import moving
from appointments.services.booking import Customer, Desk, book
from core import audit, clock
from core.errors import NotFound
from core.idempotency import Idempotent
from core.pagination import KeysetPagination
from core.permissions import HasScope
from core.rls import as_system
from core.views import GatewayView
from users.authentication import SessionTokenAuthentication
from users.models import User
from users.models.keys import Scope
from users.staff import ApiKeyAuthentication

PAGING = ("cursor", "page_size", "ordering", "count")


class DeskView(Idempotent, GatewayView):
    """Own transactions, so that deeds can be tried again; rows of the key's shops only. Writes are audited."""

    authentication_classes = (ApiKeyAuthentication, SessionTokenAuthentication)
    permission_classes = (HasScope(Scope.WORKSHOP),)

    def rows(self, request: Request) -> QuerySet[Appointment]:
        """Call it as the system."""
        return desk_rows(getattr(request.auth, "locations", frozenset()))

    def find(self, request: Request, pk: UUID) -> Appointment:
        """Raises NotFound."""
        with as_system("staff see their shops' bookings"):
            row = self.rows(request).filter(pk=pk).first()
        if row is None:
            raise NotFound
        return row

    def actor(self, request: Request) -> User | None:
        """The person at the desk; None for a key, which the audit names."""
        return request.user if isinstance(request.user, User) else None

    def audit(self, request: Request, action: str, target: object, **data: Any) -> None:
        with as_system("staff writes are audited"):
            audit.record(action, actor=request.user.pk, target=target, request=request._request, **data)

    def answer(self, request: Request, pk: UUID, *, status: int = 200) -> Response:
        with as_system("staff see their shops' bookings"):
            row = self.rows(request).get(pk=pk)
            context = {"payments": payments_of([pk])}
            return Response(StaffAppointmentSerializer(row, context=context).data, status=status)


class BookingsView(DeskView):
    """The shop's bookings, the latest first; POST books for somebody who stands at the desk or calls."""

    ordering: ClassVar[str] = "-start_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("start_at", "created_at")

    @extend_schema(parameters=[StaffQuery], responses=StaffAppointmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = {key: value for key, value in request.query_params.items() if key not in PAGING}
        form = StaffQuery(data=asked)
        form.is_valid(raise_exception=True)
        pages = KeysetPagination()
        with as_system("staff see their shops' bookings"):
            rows = pages.paginate_queryset(find(self.rows(request), **form.validated_data), request, self)
            context = {"payments": payments_of(row.pk for row in rows)}
            data = StaffAppointmentSerializer(rows, many=True, context=context).data
        return pages.get_paginated_response(data)

    @extend_schema(request=WalkInInput, responses={201: StaffAppointmentSerializer})
    def post(self, request: Request) -> Response:
        with as_system("staff book at any shop and for any vehicle of the catalogue"):
            form = WalkInInput(data=request.data, context={"request": request})
            form.is_valid(raise_exception=True)
            wish = form.to_wish()
        said = form.validated_data
        allowed: frozenset[UUID] = getattr(request.auth, "locations", frozenset())
        if allowed and wish.location.pk not in allowed:
            raise NotFound
        customer = Customer(
            name=said["customer_name"], phone=said["customer_phone"], email=said.get("customer_email", "")
        )
        actor = self.actor(request)
        desk = Desk(actor.pk if actor else None, said.get("bay_id"), said.get("technician_id"))
        made = book(wish, customer, desk=desk)
        self.audit(request, "booking.walk_in", made.appointment.pk)
        return self.answer(request, made.appointment.pk, status=201)


class BookingView(DeskView):
    @extend_schema(responses=StaffAppointmentSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        self.find(request, pk)
        return self.answer(request, pk)


class UpdateStatusView(DeskView):
    """Move a booking to its next state."""

    @extend_schema(request=UpdateStatusInput, responses=StaffAppointmentSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        row = self.find(request, pk)
        form = UpdateStatusInput(data=request.data)
        form.is_valid(raise_exception=True)
        moving.update_status(row.pk, by=self.actor(request), **form.validated_data)
        self.audit(request, "booking.status", pk, status=form.validated_data["status"])
        return self.answer(request, pk)


class ReassignView(DeskView):
    """Another bay or technician at the same time."""

    @extend_schema(request=ReassignInput, responses=StaffAppointmentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        row = self.find(request, pk)
        form = ReassignInput(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        moving.reassign(
            row.pk,
            by=self.actor(request),
            bay_id=said.get("bay_id"),
            technician_id=said.get("technician_id"),
        )
        return self.answer(request, pk)


class MoveView(DeskView):
    """Another time, through the same guard; notice and count don't hold staff."""

    @extend_schema(request=RescheduleInput, responses=StaffAppointmentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        row = self.find(request, pk)
        form = RescheduleInput(data=request.data)
        form.is_valid(raise_exception=True)
        start = form.start_of(form.validated_data, row.location)
        moving.reschedule(row.pk, start, by=self.actor(request), by_staff=True)
        self.audit(request, "booking.move", pk)
        return self.answer(request, pk)


class StatsView(DeskView):
    """How the shops do, between two days (by default the last thirty)."""

    @extend_schema(parameters=[StatsQuery], responses=StatsOutput)
    def get(self, request: Request) -> Response:
        form = StatsQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        today = clock.now().date()
        with as_system("staff see their shops' bookings"):
            answer = statistics(
                self.rows(request),
                location_id=said.get("location_id"),
                first=said.get("date_from", today - timedelta(days=30)),
                last=said.get("date_to", today + timedelta(days=30)),
            )
        return Response(StatsOutput(answer).data)
