"""The doors of apps: one vehicle's batch, and several vehicles' at once. Bodies are read raw, never through DRF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.answers import MadeJson
from core.errors import DomainError, Invalid, body
from core.throttling import demand
from core.views import GatewayView, caller_id
from telematics.ingest.batch import read_batch, vehicle_of
from telematics.ingest.body import MAX_BATCH, read_batch_body, read_json
from telematics.instants import millis
from telematics.serializers.storage import BatchesInput, BatchesOutput, BatchInput, BatchOutput
from telematics.services.ingesting import accept, accept_alone
from telematics.services.packing import lock_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rest_framework.request import Request

    from telematics.ingest.batch import Batch

MOST_BATCHES: Final = 100
MAX_BATCHES: Final = 5 * MAX_BATCH  # bytes, unpacked
STRICT = OpenApiParameter("strict", bool, description="All samples or none.")


class BatchView(GatewayView):
    """`telematics/{vehicle_id}/`."""

    # No transaction is opened around what is one statement; where there are more, the service opens one.

    @extend_schema(parameters=[STRICT], request=BatchInput, responses={202: BatchOutput})
    def post(self, request: Request, vehicle_id: UUID) -> Response:
        owner_id = caller_id(request)
        demand("telemetry", f"{owner_id}:{vehicle_id}")  # nobody can use up those of another's vehicle
        given = read_batch_body(request._request)
        batch = _read(vehicle_id, given, strict=is_strict(request))
        # No name of the answer has a second word to recase, so it can go out as bytes.
        return MadeJson(orjson.dumps(accept_alone(vehicle_id, owner_id, batch)), status=202)


class BatchesView(APIView):
    """`telematics/batches/`: what was collected offline, or by a workshop. Each batch stands for itself."""

    @extend_schema(parameters=[STRICT], request=BatchesInput, responses={202: BatchesOutput})
    def post(self, request: Request) -> Response:
        batches = read_json(request._request, MAX_BATCHES).get("batches")
        if not isinstance(batches, list) or not 0 < len(batches) <= MOST_BATCHES:
            raise Invalid(fields={"batches": [f"Give a list of 1 to {MOST_BATCHES} batches."]})
        owner_id, strict = caller_id(request), is_strict(request)
        demand("telemetry", f"{owner_id}:batches")
        lock_all(owner_id, {one for one in map(_vehicle_of, batches) if one is not None})
        return Response({"results": [self._one(owner_id, one, strict=strict) for one in batches]}, status=202)

    def _one(self, owner_id: UUID, given: Any, *, strict: bool) -> dict[str, Any]:
        vehicle_id = None
        try:
            if not isinstance(given, dict):
                raise Invalid("A batch must be an object.")
            vehicle_id = vehicle_of(given)
            with transaction.atomic():
                answer = _take(owner_id, vehicle_id, given, strict=strict)
        except DomainError as problem:
            refusal = body(problem.text, problem.code, problem.fields)
            return {"status": problem.status, "vehicle_id": vehicle_id} | refusal
        return {"status": 202, "vehicle_id": vehicle_id} | answer


def is_strict(request: Request) -> bool:
    return bool(request.META.get("QUERY_STRING")) and request.query_params.get("strict", "") in {"1", "true"}


def _take(owner_id: UUID, vehicle_id: UUID, given: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """Whose vehicle it is is asked by the statement that stores: a request less for the database."""
    return accept(vehicle_id, owner_id, _read(vehicle_id, given, strict=strict))


def _read(vehicle_id: UUID, given: Mapping[str, Any], *, strict: bool) -> Batch:
    return read_batch(given, now=millis(clock.now()), vehicle_id=vehicle_id, strict=strict)


def _vehicle_of(given: Any) -> UUID | None:
    try:
        return vehicle_of(given) if isinstance(given, dict) else None
    except Invalid:
        return None
