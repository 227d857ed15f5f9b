"""Availability, and the bookings of people and guests."""

from contextlib import AbstractContextManager
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from appointments.models import Appointment
from appointments.selectors.availability import available
from appointments.selectors.bookings import payments_of, whole
from appointments.serializers.booking import (
    AppointmentSerializer,
    AvailabilityOutput,
    AvailabilityQuery,
    BookingInput,
    CancelInput,
    GuestAppointmentSerializer,
    GuestBookingInput,
    RescheduleInput,
)
from appointments.services import moving
from appointments.services.booking import Booked, Customer, book, default_shop
from appointments.services.money import admits
from appointments.states import LIVE
from core import clock
from core.errors import Invalid, NotAllowed, NotFound
from core.idempotency import Idempotent
from core.pagination import KeysetPagination
from core.rls import as_anonymous, as_system, as_user
from core.views import GatewayView, ScopedMixin
from sync.views.since import SINCE, SinceMixin
from users.authentication import OptionalTokenAuthentication, person
from users.models import User
from users.phones import BadPhone, normalise_phone

TOKEN = OpenApiParameter("token", str, description="The guest_token of the booking.")
NO_STORE = {"Cache-Control": "no-store"}
BEARER_OR_NOT: Any = [{"bearer": []}, {}]  # for the schema: a login is taken where there is one


class AvailabilityView(APIView):
    """The times that can be booked; nothing else can."""

    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[AvailabilityQuery], responses=AvailabilityOutput, auth=BEARER_OR_NOT)
    def get(self, request: Request) -> Response:
        form = AvailabilityQuery(data=request.query_params, context={"request": request})
        form.is_valid(raise_exception=True)
        data = form.validated_data
        vehicle = data.get("vehicle")
        found = available(
            data.get("location") or default_shop(),
            data["found"],
            vehicle_model_id=vehicle.vehicle_model_id if vehicle else data.get("vehicle_model_id"),
            date_from=data["date_from"],
            date_to=data["date_to"],
            at_home=data["service_location"] == "home",
            mine=request.user.pk,
        )
        return Response(AvailabilityOutput({"available_slots": found}).data)


class OwnRows(ScopedMixin):
    """The caller's own appointments."""

    model = Appointment
    serializer_class: Any = AppointmentSerializer
    lookup_value_converter = "uuid"
    ordering: ClassVar[str] = "-start_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("start_at", "created_at", "updated_at")

    def shape(self, rows: Any) -> QuerySet[Appointment]:
        return whole(rows)


class AppointmentViewSet(OwnRows, GenericViewSet[Appointment]):
    """One own appointment."""

    def retrieve(self, request: Request, pk: UUID) -> Response:
        row = self.get_object()
        tag = f'"{row.rev}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        context = {"payments": payments_of([row.pk])}
        return Response(AppointmentSerializer(row, context=context).data, headers={"ETag": tag})


class WithPayments:
    """A list whose rows show their payments, read by one statement."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        parent: Any = super()
        if kwargs.get("many") and args:
            context = parent.get_serializer_context()
            kwargs["context"] = context | {"payments": payments_of(row.pk for row in args[0])}
        return parent.get_serializer(*args, **kwargs)


class UpcomingView(WithPayments, OwnRows, ListModelMixin, GenericViewSet[Appointment]):
    """Own appointments that are still to come, the next first."""

    ordering = "start_at"

    def shape(self, rows: Any) -> QuerySet[Appointment]:
        return whole(rows).filter(status__in=LIVE, end_at__gt=clock.now())


class BookView(Idempotent, GatewayView):
    """Book a time: 201 with the order to pay, where one is."""

    throttle_scopes = ("booking",)

    @extend_schema(request=BookingInput, responses={201: AppointmentSerializer})
    def post(self, request: Request) -> Response:
        return booked(request)


class AppointmentsView(
    Idempotent, SinceMixin, WithPayments, OwnRows, ListModelMixin, GenericAPIView[Appointment], GatewayView
):
    """Own appointments, the latest first; a POST here is the same booking (an alias, and so not in the schema)."""

    collection = "appointments"
    throttle_scopes = ("booking",)

    @extend_schema(parameters=[SINCE], responses=AppointmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        with as_user(person(request)):
            return self.list(request)

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        return booked(request)


def booked(request: Request) -> Response:
    user = person(request)
    with as_user(user):
        form = BookingInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        wish = form.to_wish()
    made = book(wish, Customer(user=user))
    with as_user(user):
        return Response(_shown(made), status=201)


def _shown(made: Booked) -> Any:
    row = whole(Appointment.objects.all()).get(pk=made.appointment.pk)
    context = {"payments": {row.pk: made.payment} if made.payment else {}}
    return AppointmentSerializer(row, context=context).data


class OwnDeed(Idempotent, GatewayView):
    """A deed on one own appointment."""

    def own(self, request: Request, pk: UUID) -> tuple[User, Appointment]:
        """Raises NotFound."""
        user = person(request)
        with as_user(user):
            row = Appointment.objects.visible_to(user).select_related("location").filter(pk=pk).first()
        if row is None:
            raise NotFound
        return user, row

    def answer(self, user: User, pk: UUID) -> Response:
        with as_user(user):
            row = whole(Appointment.objects.visible_to(user)).get(pk=pk)
            context = {"payments": payments_of([pk])}
            return Response(AppointmentSerializer(row, context=context).data)


class CancelView(OwnDeed):
    """Free the time; what was paid goes back, but for the fee of the policy. Once is enough."""

    @extend_schema(request=CancelInput, responses=AppointmentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        user, row = self.own(request, pk)
        form = CancelInput(data=request.data)
        form.is_valid(raise_exception=True)
        moving.cancel(row.pk, by=user, reason=form.validated_data.get("reason", ""))
        return self.answer(user, pk)


class RescheduleView(OwnDeed):
    """The same appointment at another time."""

    @extend_schema(request=RescheduleInput, responses=AppointmentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        user, row = self.own(request, pk)
        form = RescheduleInput(data=request.data)
        form.is_valid(raise_exception=True)
        moving.reschedule(row.pk, form.start_of(form.validated_data, row.location), by=user)
        return self.answer(user, pk)


# -- Guests


class GuestBookingsView(Idempotent, GatewayView):
    """Book without an account; the answer's `guest_token` opens the booking. A phone-verified person may list
    the bookings that were made with their number.
    """

    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)
    throttle_scopes = ("booking",)
    ordering: ClassVar[str] = "-start_at"

    @extend_schema(request=GuestBookingInput, responses={201: GuestAppointmentSerializer}, auth=BEARER_OR_NOT)
    def post(self, request: Request) -> Response:
        user = request.user if isinstance(request.user, User) else None
        with _context(user):
            form = GuestBookingInput(data=request.data, context={"request": request})
            form.is_valid(raise_exception=True)
            wish = form.to_wish()
        said = form.validated_data
        customer = Customer(
            user, said["customer_name"], said["customer_phone"], said.get("customer_email", "")
        )
        made = book(wish, customer)
        payments = {made.appointment.pk: made.payment} if made.payment else {}
        answer = guest_answer(made.appointment.pk, payments=payments, guest_token=made.token)
        return Response(answer, status=201, headers=NO_STORE)

    @extend_schema(
        parameters=[OpenApiParameter("phone", str, required=True)],
        responses=GuestAppointmentSerializer(many=True),
        auth=BEARER_OR_NOT,
    )
    def get(self, request: Request) -> Response:
        user = request.user
        if not isinstance(user, User):
            raise NotAuthenticated
        try:
            phone = normalise_phone(request.query_params.get("phone", ""))
        except BadPhone as problem:
            raise Invalid(fields={"phone": [str(problem)]}) from None
        if user.phone_verified_at is None or user.phone != phone:
            raise NotAllowed("Prove that this is your phone number first.")
        pages = KeysetPagination()
        with as_system("bookings of a number, for the person who proved to have it"):
            mine = Appointment.objects.live().filter(Q(user=None) | Q(user=user), customer_phone=phone)
            rows = pages.paginate_queryset(whole(mine), request, self)
            context = {"payments": payments_of(row.pk for row in rows)}
            data = GuestAppointmentSerializer(rows, many=True, context=context).data
        return pages.get_paginated_response(data)


class GuestBookingView(GatewayView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[TOKEN], responses=GuestAppointmentSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        demand_token(request, pk)
        return Response(guest_answer(pk), headers=NO_STORE)


class GuestCancelView(Idempotent, GatewayView):
    """A guest cancels by token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[TOKEN], request=CancelInput, responses=GuestAppointmentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        demand_token(request, pk)
        form = CancelInput(data=request.data)
        form.is_valid(raise_exception=True)
        moving.cancel(pk, by=None, reason=form.validated_data.get("reason", ""))
        return Response(guest_answer(pk), headers=NO_STORE)


def demand_token(request: Request, pk: UUID) -> None:
    """Raises NotFound: a wrong token and no booking are the same."""
    with as_system("a guest's token is compared"):
        if not admits(pk, request.query_params.get("token", "")):
            raise NotFound


def guest_answer(pk: UUID, *, payments: dict[UUID, Any] | None = None, guest_token: str = "") -> Any:
    with as_system("the token was proved, or given out just now"):
        row = whole(Appointment.objects.all()).get(pk=pk)
        known = payments_of([pk]) if payments is None else payments
        return GuestAppointmentSerializer(row, context={"payments": known, "guest_token": guest_token}).data


def _context(user: User | None) -> AbstractContextManager[None]:
    return as_user(user) if user else as_anonymous()
