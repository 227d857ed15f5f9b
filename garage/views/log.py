"""The owner's log: plain owned things, and what can be computed from them."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.views import caller_id
from garage.models import Document, DocumentKind, FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord
from garage.selectors import log as reads
from garage.serializers.log import (
    ChartsOutput,
    CostsOutput,
    DocumentSerializer,
    DoneInput,
    FuelUpSerializer,
    ModSerializer,
    OdometerSerializer,
    ReminderSerializer,
    ServiceSerializer,
    SpanQuery,
)
from garage.services import log
from sync.views import SyncedViewSet


class VehicleFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()


class DocumentFilter(VehicleFilter):
    kind = filters.ChoiceFilter(choices=DocumentKind.choices)


class LogViewSet(SyncedViewSet):
    """Rows of one kind about all of the caller's vehicles; `vehicle_id` picks one."""

    filterset_class = VehicleFilter

    def shape(self, rows: Any) -> QuerySet[Any]:
        return rows.select_related("vehicle")  # type: ignore[no-any-return]

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        super().perform_create(serializer)
        log.learn_from(serializer.instance)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        super().perform_update(serializer)
        if serializer.instance is not None and "odometer_km" in serializer.validated_data:
            log.learn_from(serializer.instance)


class ModViewSet(LogViewSet):
    model = Mod
    serializer_class = ModSerializer
    collection = "mods"


class ServiceViewSet(LogViewSet):
    model = ServiceRecord
    serializer_class = ServiceSerializer
    collection = "service_records"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "done_on")


class FuelUpViewSet(LogViewSet):
    model = FuelUp
    serializer_class = FuelUpSerializer
    collection = "fuel_ups"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "filled_on")

    def shape(self, rows: Any) -> QuerySet[FuelUp]:
        return reads.with_consumption(super().shape(rows))  # type: ignore[no-any-return]


class DocumentViewSet(LogViewSet):
    model = Document
    serializer_class = DocumentSerializer
    collection = "documents"
    filterset_class = DocumentFilter

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        log.claim_paper(caller_id(self.request), serializer.validated_data.get("file_id"))
        super().perform_create(serializer)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        log.claim_paper(caller_id(self.request), serializer.validated_data.get("file_id"))
        super().perform_update(serializer)


class ReminderViewSet(LogViewSet):
    model = Reminder
    serializer_class = ReminderSerializer
    collection = "reminders"

    @extend_schema(request=DoneInput, responses=ReminderSerializer)
    def done(self, request: Request, pk: UUID) -> Response:
        form = DoneInput(data=request.data)
        form.is_valid(raise_exception=True)
        reminder: Reminder = self.get_locked()
        facts = {"done_on": None, "odometer_km": None} | form.validated_data
        log.finish_reminder(reminder, **facts)
        return self._answer(self.get_queryset().get(pk=pk))


class OdometerViewSet(LogViewSet):
    """Readings in the order in which they became known. They are written with the vehicle and its log."""

    model = OdometerEntry
    serializer_class = OdometerSerializer
    collection = "odometer_entries"
    ordering = "-read_at"


class SpanView(APIView):
    """One vehicle between two days."""

    def span(self, request: Request) -> tuple[UUID, Any, Any]:
        form = SpanQuery(data=request.query_params.dict(), context={"request": request})
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        return asked["vehicle"].pk, asked["date_from"], asked["date_to"]


class CostsView(SpanView):
    @extend_schema(parameters=[SpanQuery], responses=CostsOutput)
    def get(self, request: Request) -> Response:
        return Response(CostsOutput(reads.costs_of(*self.span(request))).data)


class ChartsView(SpanView):
    @extend_schema(parameters=[SpanQuery], responses=ChartsOutput)
    def get(self, request: Request) -> Response:
        return Response(ChartsOutput(reads.charts_of(*self.span(request))).data)
