"""Trips and what follows from them: read, labelled, joined, split."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import NotFound
from core.views import ScopedViewSet
from garage.models import Vehicle
from sync.views import SyncedViewSet
from telematics.instants import moment
from telematics.models import Daily, Trip
from telematics.selectors.economy import economy_of, stops_of
from telematics.serializers.facts import (
    DayOutput,
    DaysOutput,
    EconomyOutput,
    EconomyQuery,
    StopOutput,
    StopsOutput,
    TripEditInput,
    TripSerializer,
)
from telematics.services import edits
from telematics.services.facts import settle_if_dirty
from telematics.views.questions import FROM, TO, asked_range
from telematics.views.reads import owned

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

MOST_DAYS: Final = timedelta(days=731)
MOST_STOPS: Final = 500


class _OfVehicle:
    """Rows of the vehicle that the path names, or one row by its own id. A stranger's vehicle is not there."""

    fresh: ClassVar[bool] = False  # do the rows follow from samples?
    request: Any
    kwargs: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        vehicle_id = kwargs.get("vehicle_id")
        self.vehicle: Any = None
        if vehicle_id is None:
            return
        self.vehicle = Vehicle.objects.visible_to(request.user).filter(pk=vehicle_id).first()
        if self.vehicle is None:
            raise NotFound
        if self.fresh:
            settle_if_dirty(vehicle_id)

    def shape(self, rows: Any) -> QuerySet[Any]:
        vehicle_id = self.kwargs.get("vehicle_id")
        live = rows.filter(vehicle__deleted_at=None)
        return live if vehicle_id is None else live.filter(vehicle_id=vehicle_id)  # type: ignore[no-any-return]

    def owner(self) -> dict[str, Any]:
        return {"owner": self.request.user, "vehicle": self.vehicle}


class OfVehicle(_OfVehicle, SyncedViewSet):
    """Those that phones keep: their list understands `since`."""


class OnServer(_OfVehicle, ScopedViewSet):
    """Those that stay on the server."""


class TripViewSet(OfVehicle):
    """Trips, newest first."""

    model = Trip
    serializer_class = TripSerializer
    collection = "trips"
    ordering = "-start_at"
    fresh = True

    @extend_schema(request=TripEditInput, responses=TripSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Label it, join it with its neighbour, or split it. It stays so whatever samples come later."""
        form = TripEditInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        trip: Trip = self.get_locked()
        if "merge_with" in wish:
            trip = edits.join(trip, wish["merge_with"])
        elif "split_at" in wish:
            trip = edits.cut(trip, wish["split_at"])
        else:
            trip = edits.label(trip, label=wish.get("label", trip.label), note=wish.get("note", trip.note))
        return self._answer(trip)


class StopsView(APIView):
    @extend_schema(parameters=[FROM, TO], responses=StopsOutput)
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        """Between trips, newest first, at most 500."""
        owned(request, vehicle_id)
        settle_if_dirty(vehicle_id)
        rows = stops_of(vehicle_id, *map(moment, asked_range(request)))[:MOST_STOPS]
        return Response({"results": StopOutput(rows, many=True).data, "next": None, "previous": None})


class DailyView(APIView):
    @extend_schema(parameters=[FROM, TO], responses=DaysOutput)
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        """Days in UTC that have samples, oldest first: at most two years, the last ones unless `from` is given."""
        owned(request, vehicle_id)
        settle_if_dirty(vehicle_id)
        first, last = (moment(one).date() for one in asked_range(request))
        rows = Daily.objects.filter(vehicle_id=vehicle_id, day__range=(max(first, last - MOST_DAYS), last))
        found = DayOutput(rows.order_by("day"), many=True).data
        return Response({"results": found, "next": None, "previous": None})


class EconomyView(APIView):
    @extend_schema(parameters=[FROM, TO, EconomyQuery], responses=EconomyOutput)
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        """What it drank, over the trips that begin in the time asked for."""
        owned(request, vehicle_id)
        settle_if_dirty(vehicle_id)
        asked = EconomyQuery(
            data={name: request.query_params[name] for name in _TANK & request.query_params.keys()}
        )
        asked.is_valid(raise_exception=True)
        t0, t1 = map(moment, asked_range(request))
        return Response(EconomyOutput(economy_of(vehicle_id, t0, t1, **asked.validated_data)).data)


_TANK: Final = {"tank_l", "tankL"}
