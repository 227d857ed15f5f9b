"""What a vehicle said: last, sample by sample, as a chart; how long it is kept, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from core import audit
from core.errors import Invalid, NotFound
from core.renderers import FreeMap, wants_camel
from core.serializers import judged
from core.views import caller_id
from garage.selectors.vehicles import linked_dongle
from telematics.selectors import pages
from telematics.selectors.series import chart
from telematics.serializers.storage import (
    DeletedOutput,
    LatestOutput,
    RetentionShape,
    SamplesOutput,
    SeriesOutput,
)
from telematics.series import AGGREGATES
from telematics.services.deleting import delete_range
from telematics.services.retention import keep, keeping
from telematics.signals import shown_name
from telematics.views.questions import FROM, SIGNALS, TO, asked_range, asked_signals, number
from users.authentication import person

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

MOST_SAMPLES: Final = 5000
MOST_POINTS: Final = 5000
DAY_MS: Final = 86_400_000


def owned(request: Request, vehicle_id: UUID) -> UUID:
    """The caller, whose vehicle it is. Raises NotFound for anybody else's."""
    owner_id = caller_id(request)
    if linked_dongle(owner_id, vehicle_id) is None:
        raise NotFound
    return owner_id


class LatestView(APIView):
    @extend_schema(responses=LatestOutput)
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        owned(request, vehicle_id)
        known = pages.latest(vehicle_id)
        camels = wants_camel(request.accepted_media_type)
        for name in ("vals", "instants"):
            known[name] = FreeMap(
                {shown_name(key, camels=camels): value for key, value in known[name].items()}
            )
        return Response(known)


class SamplesView(APIView):
    """Raw samples in order of time; the cursor is the last instant of a page."""

    @extend_schema(
        parameters=[
            FROM,
            TO,
            SIGNALS,
            OpenApiParameter("limit", int, description=f"At most {MOST_SAMPLES:,}; default 1,000."),
            OpenApiParameter("cursor", str),
        ],
        responses=SamplesOutput,
    )
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        owned(request, vehicle_id)
        t0, t1 = asked_range(request)
        limit = number(request, "limit", default=1000, low=1, high=MOST_SAMPLES)
        cursor = number(request, "cursor", default=-1, low=0, high=10**14)
        found, more = pages.page(
            vehicle_id, max(t0, cursor + 1), t1, limit=limit, signals=asked_signals(request)
        )
        camels = wants_camel(request.accepted_media_type)
        names = {name: shown_name(name, camels=camels) for name in found.signals}
        rows = [
            FreeMap({"t": t} | {names[name]: value for name, value in row.items()}) for t, row in found.rows()
        ]
        return Response({"samples": rows, "next": str(found.t1) if more else None})

    @extend_schema(parameters=[FROM, TO], responses=DeletedOutput)
    def delete(self, request: Request, vehicle_id: UUID) -> Response:
        """Both ends must be given; what follows from the samples is made anew."""
        owner_id = owned(request, vehicle_id)
        t0, t1 = asked_range(request, whole=True)
        gone = delete_range(vehicle_id, owner_id, t0, t1)
        audit.record("telemetry.delete", actor=owner_id, target=vehicle_id, t0=t0, t1=t1, samples=gone)
        return Response({"deleted": gone})


class SeriesView(APIView):
    """Few points of many samples. Without `from` the last 24 hours before `to`."""

    _agg: ClassVar[Any] = OpenApiParameter("agg", str, enum=list(AGGREGATES))

    @extend_schema(
        parameters=[
            FROM,
            TO,
            SIGNALS,
            _agg,
            OpenApiParameter("points", int, description=f"At most {MOST_POINTS:,}; default 500."),
            OpenApiParameter("format", str, enum=["columns"]),
        ],
        responses=SeriesOutput,
    )
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        owned(request, vehicle_id)
        t0, t1 = asked_range(request)
        if "from" not in request.query_params:
            t0 = max(0, t1 - DAY_MS + 1)
        aggregate = request.query_params.get("agg", AGGREGATES[0])
        if aggregate not in AGGREGATES:
            raise Invalid(fields={"agg": [f"One of {', '.join(AGGREGATES)}."]})
        if request.query_params.get("format", "columns") != "columns":
            raise Invalid(fields={"format": ["Only columns."]})
        points = number(request, "points", default=500, low=3, high=MOST_POINTS)
        found = chart(vehicle_id, t0, t1, points=points, signals=asked_signals(request), aggregate=aggregate)
        camels = wants_camel(request.accepted_media_type)
        signals = {shown_name(name, camels=camels): columns for name, columns in found.signals.items()}
        return Response(
            {
                "from_ms": t0,
                "to_ms": t1,
                "resolution_ms": found.resolution_ms,
                "agg": aggregate,
                "source": found.source,
                "t": found.t,
                "signals": FreeMap(signals),
            }
        )


class RetentionView(APIView):
    """How long raw samples of a vehicle are kept."""

    @extend_schema(responses=RetentionShape)
    def get(self, request: Request, vehicle_id: UUID) -> Response:
        owned(request, vehicle_id)
        return Response(keeping(vehicle_id, person(request)))

    @extend_schema(request=RetentionShape, responses=RetentionShape)
    def patch(self, request: Request, vehicle_id: UUID) -> Response:
        owner_id = owned(request, vehicle_id)
        wish = judged(RetentionShape, request.data)
        keep(vehicle_id, owner_id, wish["keep_days"])
        audit.record("telemetry.retention", actor=owner_id, target=vehicle_id, days=wish["keep_days"])
        return Response(keeping(vehicle_id, person(request)))
