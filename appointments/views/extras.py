"""Offers, the waiting line, and calendars."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from appointments.models import Appointment, Offer, WaitlistEntry
from appointments.selectors.calendar import calendar, feed_rows
from appointments.selectors.offers import offers_for
from appointments.serializers.shop import (
    CalendarTokenOutput,
    OfferQuery,
    OfferSerializer,
    WaitlistInput,
    WaitlistSerializer,
)
from appointments.services import waitlist
from appointments.services.feeds import make_feed, owner_of_feed, revoke_feed
from core.errors import NotFound
from core.geo import MAX_RADIUS_KM, Near
from core.idempotency import Idempotent
from core.rls import as_system
from core.views import ScopedMixin
from users.authentication import OptionalTokenAuthentication, person

BEARER_OR_NOT: Any = [{"bearer": []}, {}]  # for the schema: a login is taken where there is one


class OffersView(ScopedMixin, ListModelMixin, GenericViewSet[Offer]):
    """What the caller could use now: by plan, for a vehicle of theirs, near a point."""

    model = Offer
    serializer_class = OfferSerializer
    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)
    ordering: ClassVar[str] = "expires_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("expires_at", "created_at")

    def shape(self, rows: Any) -> QuerySet[Offer]:
        asked = self.request.query_params
        form = OfferQuery(
            data={name: asked[name] for name in OfferQuery().fields if name in asked},
            context={"request": self.request},
        )
        form.is_valid(raise_exception=True)
        said = form.validated_data
        near = None
        if "lat" in said:
            near = Near(said["lat"], said["lng"], said.get("radius_km", MAX_RADIUS_KM))
        found = offers_for(Offer.objects.all(), self.request.user, vehicle=said.get("vehicle"), near=near)
        return found.prefetch_related("locations", "vehicle_types")

    @extend_schema(parameters=[OfferQuery], auth=BEARER_OR_NOT)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)


class WaitlistView(
    Idempotent, ScopedMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[WaitlistEntry]
):
    """Times that somebody waits for, with what was offered."""

    model = WaitlistEntry
    serializer_class = WaitlistSerializer
    lookup_value_converter = "uuid"
    ordering: ClassVar[str] = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at",)

    def shape(self, rows: Any) -> QuerySet[WaitlistEntry]:
        return rows.prefetch_related("services", "offers")  # type: ignore[no-any-return]

    @extend_schema(request=WaitlistInput, responses={201: WaitlistSerializer})
    def create(self, request: Request) -> Response:
        form = WaitlistInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        entry = waitlist.join(user=person(request), **form.validated_data)
        return Response(self.get_serializer(self.get_queryset().get(pk=entry.pk)).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        waitlist.leave(self.get_object())
        return Response(status=204)


class FeedTokenView(APIView):
    """The address of one's calendar feed: a new one ends the old one, DELETE ends it without a new one."""

    @extend_schema(request=None, responses={201: CalendarTokenOutput})
    def post(self, request: Request) -> Response:
        token = make_feed(person(request))
        url = request.build_absolute_uri(f"{reverse('appointments-feed')}?token={token}")
        answer = CalendarTokenOutput({"url": url}).data
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        revoke_feed(person(request))
        return Response(status=204)


class AnyType(APIView):
    """A view whose answer is no JSON: calendars ask for text/calendar, or for anything."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)


ICS = {(200, "text/calendar"): OpenApiTypes.STR}


class FeedView(AnyType):
    """All appointments of the person to whom the token belongs, for a calendar program that subscribes."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="appointments_calendar_feed",
        parameters=[OpenApiParameter("token", str, required=True)],
        responses=ICS,
    )
    def get(self, request: Request) -> HttpResponse:
        with as_system("whoever has the feed's token may read it"):
            owner = owner_of_feed(request.query_params.get("token", ""))
            if owner is None:
                raise NotFound
            return ics(request._request, calendar(feed_rows(owner)), "appointments.ics")


class FileView(AnyType):
    """One own appointment as a file for a calendar."""

    @extend_schema(operation_id="appointments_calendar_file", responses=ICS)
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        rows = Appointment.objects.visible_to(request.user).select_related("location")
        row = rows.prefetch_related("lines").filter(pk=pk).first()
        if row is None:
            raise NotFound
        return ics(request._request, calendar([row]), f"{row.reference}.ics")


def ics(request: HttpRequest, found: tuple[str, str], filename: str) -> HttpResponse:
    """(text, tag) as an answer; 304 for whoever has it already."""
    text, tag = found
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return HttpResponse(text, content_type="text/calendar; charset=utf-8", headers=headers)
