"""The log as CSV. Bodies are text/csv; a staff of spreadsheets needs no JSON."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.fields import VisibleField
from core.parsers import read_bounded
from core.renderers import Json
from core.serializers import StrictSerializer
from garage.models import Vehicle
from garage.serializers.log import (
    DocumentSerializer,
    FuelUpSerializer,
    ModSerializer,
    ReadingInput,
    ReminderSerializer,
    ServiceSerializer,
)
from garage.serializers.vehicle import FlatVehicleSerializer
from garage.services.readings import import_readings
from garage.services.tables import EXPORTED, Imported, export, import_rows, import_vehicles

MAX_BODY = 2 * 1024 * 1024  # bytes
MAX_EXPORT = 50_000  # rows
SERIALIZERS: dict[str, Any] = {
    "service-records": ServiceSerializer,
    "fuel-ups": FuelUpSerializer,
    "mods": ModSerializer,
    "reminders": ReminderSerializer,
    "documents": DocumentSerializer,
}
ONE_VEHICLE = OpenApiParameter("vehicle_id", OpenApiTypes.UUID, description="Only of this vehicle.")


class CsvParser(BaseParser):
    """UTF-8 text, bounded."""

    media_type = "text/csv"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            text = read_bounded(stream, MAX_BODY).decode("utf-8")
        except UnicodeDecodeError:
            raise ParseError("The CSV must be UTF-8.") from None
        if "\x00" in text:
            raise ParseError("A text contains the NUL character.")
        return text


class CsvRenderer(BaseRenderer):
    """Only for content negotiation: the view makes the bytes."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return Json().render(data, None, renderer_context)


class OfVehicle(StrictSerializer):
    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False)


class VehiclesQuery(StrictSerializer):
    skip_errors = serializers.BooleanField(required=False)
    dry_run = serializers.BooleanField(required=False)


class ImportQuery(OfVehicle, VehiclesQuery):
    """The same, and the vehicle of rows that name none."""


class ImportOutput(StrictSerializer):
    """errors: messages by field, by the number of the line."""

    created = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text="Rows whose id was there already.")
    errors = serializers.DictField()  # type: ignore[assignment]  # DRF takes declared fields off the class


class ExportView(APIView):
    """`garage/{kind}/export.csv`."""

    renderer_classes = (Json, CsvRenderer)
    kind = ""

    @extend_schema(
        parameters=[ONE_VEHICLE],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "A header and rows.")},
    )
    def get(self, request: Request) -> HttpResponse:
        form = OfVehicle(data=request.query_params.dict(), context={"request": request})
        form.is_valid(raise_exception=True)
        model, columns = EXPORTED[self.kind]
        rows = model.objects.visible_to(request.user).order_by("created_at", "id")
        if vehicle := form.validated_data.get("vehicle"):
            rows = rows.filter(pk=vehicle.pk) if model is Vehicle else rows.filter(vehicle=vehicle)
        text = export(rows.values(*columns)[:MAX_EXPORT], columns)
        name = f'attachment; filename="{self.kind}.csv"'
        return HttpResponse(
            text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )


class ImportVehiclesView(APIView):
    """`garage/vehicles/import/` with a body of text/csv: all vehicles or none, unless `skip_errors=true`."""

    parser_classes = (CsvParser,)

    @extend_schema(parameters=[VehiclesQuery], request={"text/csv": OpenApiTypes.STR}, responses=ImportOutput)
    def post(self, request: Request) -> Response:
        form = VehiclesQuery(data=request.query_params.dict())
        form.is_valid(raise_exception=True)
        result = import_vehicles(
            user=request.user,
            text=str(request.data or ""),
            serializer=FlatVehicleSerializer,
            **form.validated_data,
        )
        return Response(ImportOutput(result).data)


class ImportView(APIView):
    """`garage/{kind}/import/` with a body of text/csv: all rows or none, unless `skip_errors=true`."""

    parser_classes = (CsvParser,)
    kind = ""

    @extend_schema(parameters=[ImportQuery], request={"text/csv": OpenApiTypes.STR}, responses=ImportOutput)
    def post(self, request: Request) -> Response:
        form = ImportQuery(data=request.query_params.dict(), context={"request": request})
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        vehicle = asked.pop("vehicle", None)
        result = self.bring(
            user=request.user,
            text=str(request.data or ""),
            vehicle_id=vehicle.pk if vehicle else None,
            **asked,
        )
        return Response(ImportOutput(result).data)

    def bring(self, **asked: Any) -> Imported:
        return import_rows(kind=self.kind, serializer=SERIALIZERS[self.kind], **asked)


class ImportReadingsView(ImportView):
    """`garage/odometer-entries/import/`: readings of the past, each between the one before and the one after it.

    A lower one needs the source `correction`.
    """

    def bring(self, **asked: Any) -> Imported:
        return import_readings(serializer=ReadingInput, **asked)
