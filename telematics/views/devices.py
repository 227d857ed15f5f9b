"""Keys of devices and imports of files: how samples come from apps that people already own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from core.links import made_for
from telematics.models import DeviceKey, ImportJob
from telematics.serializers.health import (
    DeviceKeyInput,
    DeviceKeySerializer,
    ImportInput,
    ImportSerializer,
    NewDeviceKeyOutput,
)
from telematics.services import devices, importing
from telematics.views.facts import OnServer

if TYPE_CHECKING:
    from rest_framework.request import Request


class DeviceKeyViewSet(OnServer):
    """What a device may write with. The key itself is answered once, when it is made."""

    model = DeviceKey
    serializer_class = DeviceKeySerializer

    @extend_schema(request=DeviceKeyInput, responses={201: NewDeviceKeyOutput})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        form = DeviceKeyInput(data=request.data)
        form.is_valid(raise_exception=True)
        row, secret = devices.make_key(self.vehicle, **form.validated_data)
        with made_for(request._request):
            shown = {"key": secret, "url": devices.url_of(row.protocol, secret)}
        return Response({**DeviceKeySerializer(row).data, **shown}, status=201)

    def perform_destroy(self, instance: DeviceKey) -> None:
        devices.end_key(instance)


class ImportViewSet(OnServer):
    """Imports, newest first, and how far they are."""

    model = ImportJob
    serializer_class = ImportSerializer

    @extend_schema(request=ImportInput, responses={202: ImportSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        form = ImportInput(data=request.data)
        form.is_valid(raise_exception=True)
        job = importing.start(self.vehicle, **form.validated_data)
        return Response(self.get_serializer(job).data, status=202)
