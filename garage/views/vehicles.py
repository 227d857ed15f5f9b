"""Vehicles. List, detail, create and patch answer JSON that PostgreSQL made, in one statement after the login."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.answers import MadeJson
from core.errors import Invalid, NotFound
from core.renderers import wants_camel
from core.serializers import judged
from core.views import caller_id
from garage.models import Vehicle
from garage.selectors.vehicles import Shown, first_vehicles, shown
from garage.serializers.vehicle import LinkDongleInput, VehicleSerializer, VinFactsSerializer, VinQuery
from garage.services import vehicles
from garage.services.deletion import delete_vehicle
from garage.vin import VinError, decode_vin, normalise_vin
from sync.views import SyncedViewSet


class VehicleViewSet(SyncedViewSet):
    model = Vehicle
    collection = "vehicles"
    serializer_class = VehicleSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        pages: Any = self.paginator
        owner_id = caller_id(request)
        rows = pages.first_page(request, self, lambda limit: first_vehicles(owner_id, limit))
        if rows is None:
            return super().list(request, *args, **kwargs)
        envelope = pages.envelope([])
        if wants_camel(request.accepted_media_type):
            return Response(envelope | {"results": [orjson.loads(row.json) for row in rows]})
        links = orjson.dumps(envelope)[len(b'{"results":[]') :]
        return MadeJson(b'{"results":[' + ",".join(row.json for row in rows).encode() + b"]" + links)

    @extend_schema(responses={201: VehicleSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        columns = judged(VehicleSerializer, request.data)
        return self._show(vehicles.create_vehicle(caller_id(request), columns), status=201)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = shown(caller_id(request), kwargs["pk"])
        if found is None:
            raise NotFound
        if request.META.get("HTTP_IF_NONE_MATCH") == (tag := f'"{found.rev}"'):
            return Response(status=304, headers={"ETag": tag})
        return self._show(found)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        columns = judged(VehicleSerializer, request.data, partial=True)
        rev = demanded_rev(request)
        return self._show(vehicles.edit_vehicle(caller_id(request), kwargs["pk"], columns, rev=rev))

    def perform_destroy(self, instance: Vehicle) -> None:
        delete_vehicle(instance)

    @extend_schema(request=LinkDongleInput, responses=VehicleSerializer)
    def link_dongle(self, request: Request, pk: UUID) -> Response:
        wish = judged(LinkDongleInput, request.data)
        return self._show(vehicles.link_dongle(caller_id(request), pk, **wish))

    @extend_schema(request=None, responses=VehicleSerializer)
    def unlink_dongle(self, request: Request, pk: UUID) -> Response:
        return self._show(vehicles.unlink_dongle(caller_id(request), pk))

    def _show(self, row: Shown, *, status: int = 200) -> Response:
        headers = {"ETag": f'"{row.rev}"'}
        if wants_camel(self.request.accepted_media_type):
            return Response(orjson.loads(row.json), status=status, headers=headers)
        return MadeJson(row.json.encode(), status=status, headers=headers)


class DecodeVinView(APIView):
    """What a VIN says, without any network."""

    @extend_schema(parameters=[OpenApiParameter("vin", str, required=True)], responses=VinFactsSerializer)
    def get(self, request: Request) -> Response:
        asked = judged(VinQuery, {"vin": request.query_params.get("vin", "")})
        try:
            facts = decode_vin(normalise_vin(asked["vin"]), today=clock.now().date())
        except VinError as problem:
            raise Invalid(problem.message, fields={"vin": [problem.message]}) from None
        return Response(VinFactsSerializer(asdict(facts)).data)


def demanded_rev(request: Request) -> int | None:
    """The revision that If-Match names; -1, which no row has, for a tag that is not ours; None for any."""
    tag = request.META.get("HTTP_IF_MATCH")
    if not tag or tag == "*":
        return None
    number = tag.strip('"')
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else -1
