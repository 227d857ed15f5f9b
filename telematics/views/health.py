"""Trouble codes, alerts and rules, places, maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.errors import Invalid
from sync.views import SyncedViewSet
from telematics.models import (
    Alert,
    AlertKind,
    AlertRule,
    DtcDefinition,
    DtcEvent,
    Geofence,
    MaintenancePlan,
)
from telematics.selectors.dtc import describe
from telematics.serializers.health import (
    DtcSerializer,
    MaintenanceDoneInput,
    MaintenanceSerializer,
    MeaningOutput,
)
from telematics.serializers.rules import AlertRuleSerializer, AlertSerializer, GeofenceSerializer
from telematics.services import dtcs, maintenance, rules
from telematics.views.facts import OfVehicle, OnServer

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

    from telematics.services.maintenance import Reading


class DtcFilter(filters.FilterSet):
    status = filters.CharFilter()
    open = filters.BooleanFilter(field_name="cleared_at", lookup_expr="isnull")


class DtcViewSet(OfVehicle):
    """Trouble codes in words, newest first; `open=true`: those that are present."""

    model = DtcEvent
    serializer_class = DtcSerializer
    collection = "dtcs"
    ordering = "-first_seen"
    filterset_class = DtcFilter

    def shape(self, rows: Any) -> QuerySet[Any]:
        own = DtcDefinition.objects.filter(code=OuterRef("code"), make=Lower(OuterRef("vehicle__make")))
        found = super().shape(rows).select_related("vehicle")
        return found.annotate(own_text=Subquery(own.values("text")[:1]))  # type: ignore[no-any-return]

    @extend_schema(request=None, responses=DtcSerializer)
    def ack(self, request: Request, pk: UUID) -> Response:
        """Seen: it stays in the list, and no badge counts it any more."""
        return self._answer(dtcs.acknowledge(self.get_locked()))


class MeaningView(APIView):
    """What a trouble code says, the make's own words before the generic ones."""

    @extend_schema(parameters=[OpenApiParameter("make", str)], responses=MeaningOutput)
    def get(self, request: Request, code: str) -> Response:
        make = request.query_params.get("make", "")[:80]
        try:
            return Response(MeaningOutput(describe(code, make)).data)
        except ValueError as problem:
            raise Invalid(fields={"code": [str(problem)]}) from None


class AlertFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=AlertKind.choices)
    seen = filters.BooleanFilter(field_name="seen_at", lookup_expr="isnull", exclude=True)


class AlertViewSet(OfVehicle):
    """What rules found, newest first."""

    model = Alert
    serializer_class = AlertSerializer
    collection = "alerts"
    ordering = "-start_at"
    filterset_class = AlertFilter
    fresh = True

    @extend_schema(request=None, responses=AlertSerializer)
    def ack(self, request: Request, pk: UUID) -> Response:
        """The owner has seen it; the second time changes nothing."""
        alert: Alert = self.get_locked()
        if alert.seen_at is None:
            alert.seen_at = clock.now()
            alert.save(update_fields=["seen_at"])
        return self._answer(alert)


class RuleFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()
    kind = filters.ChoiceFilter(choices=AlertKind.choices)


class RuleViewSet(SyncedViewSet):
    """Rules for one vehicle, or for all of the caller's (`vehicle_id` null). A change judges anew from then on."""

    model = AlertRule
    serializer_class = AlertRuleSerializer
    collection = "alert_rules"
    filterset_class = RuleFilter

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        rule: Any = serializer.instance
        serializer.save(**rules.began_anew(rule, dict(serializer.validated_data)))


class GeofenceViewSet(SyncedViewSet):
    model = Geofence
    serializer_class = GeofenceSerializer
    collection = "geofences"

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        rules.fence_moved(serializer.save())

    def perform_destroy(self, instance: Geofence) -> None:
        rules.fence_gone(instance)
        instance.tombstone()


class MaintenanceViewSet(OnServer):
    """Work that comes back by way, months or engine hours."""

    model = MaintenancePlan
    serializer_class = MaintenanceSerializer
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    def shape(self, rows: Any) -> QuerySet[Any]:
        return super().shape(rows).select_related("vehicle")

    def get_serializer_context(self) -> dict[str, Any]:
        known: dict[Any, Reading] = {}

        def reading(plan: MaintenancePlan) -> Reading:
            """All plans of an answer are of one vehicle, so this reads once."""
            if plan.vehicle_id not in known:
                known.update(maintenance.readings_of([plan.vehicle]))
            return known[plan.vehicle_id]

        return {**super().get_serializer_context(), "readings": reading}

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(told_at=None)

    @extend_schema(request=MaintenanceDoneInput, responses=MaintenanceSerializer)
    def done(self, request: Request, pk: UUID) -> Response:
        form = MaintenanceDoneInput(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        plan = maintenance.done(
            self.get_locked(), on=said.get("done_on"), km=said.get("odometer_km"), hours=said.get("hours")
        )
        return self._answer(plan)
