"""The caller's devices."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.views import ScopedMixin
from users.authentication import logged_in
from users.models import UserDevice
from users.serializers.security import DeviceInput, DeviceName, DeviceSerializer
from users.services import devices
from users.views.base import checked, plain


class DeviceList(ScopedMixin, ListAPIView[UserDevice]):
    model = UserDevice
    serializer_class = DeviceSerializer
    ordering = "-created_at"
    ordering_fields = ("created_at", "last_seen_at")

    @extend_schema(request=DeviceInput, responses={200: DeviceSerializer, 201: DeviceSerializer})
    def put(self, request: Request) -> Response:
        """Make or change the device of this `device_id`."""
        form = checked(DeviceInput(data=request.data))
        device, made = devices.put(login=logged_in(request), **form)
        return Response(DeviceSerializer(device).data, status=201 if made else 200)

    @extend_schema(
        operation_id="auth_devices_remove",
        parameters=[OpenApiParameter("device_id", str, required=True)],
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """No more push to it, and its logins end."""
        form = checked(DeviceName(data=request.query_params.dict() or request.data))
        login = logged_in(request)
        devices.remove(login=login, device=devices.find(login=login, **form), request=plain(request))
        return Response(status=204)


class DeviceDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        device = get_object_or_404(UserDevice.objects.visible_to(request.user), pk=pk)
        devices.remove(login=logged_in(request), device=device, request=plain(request))
        return Response(status=204)
