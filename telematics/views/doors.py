"""Doors for apps that speak their own protocol. Answers are exactly what each app waits for.

A sample that can never be stored is answered like a good one: an app that waits for a better answer would send it
for ever, and nothing that comes after it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl

from django.http import HttpResponse, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from core import clock
from core.clientip import client_ip, throttle_key
from core.parsers import parse_json, read_bounded
from core.rls import as_user
from core.throttling import demand
from telematics.instants import millis
from telematics.models import DeviceKey, Protocol, Source
from telematics.protocols import Heard, ProtocolError, osmand, owntracks, torque
from telematics.services.devices import find_key, learn_told
from telematics.services.store import tail_put

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

log = logging.getLogger(__name__)
MOST_BYTES: Final = 64 * 1024
SOURCES: Final = {
    Protocol.TORQUE: Source.TORQUE,
    Protocol.OSMAND: Source.OSMAND,
    Protocol.OWNTRACKS: Source.OWNTRACKS,
}


class Door(APIView):
    """A device proves its vehicle by its key alone; strangers are counted by address."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    protocol: ClassVar[Protocol]

    def key(self, request: Request, secret: str) -> DeviceKey | None:
        """The device's key, counted; None for a stranger. Raises Throttled."""
        row = find_key(secret, self.protocol)
        if row is None:
            demand("device_stranger", throttle_key(client_ip(request._request)))
        else:
            demand("device", str(row.pk))
        return row

    def store(self, key: DeviceKey, read: Callable[[int], Heard]) -> None:
        """Read the message at this moment, and keep what is good of it."""
        try:
            heard = read(millis(clock.now()))
        except ProtocolError as problem:
            log.info("device %s sent what can't be stored: %s", key.prefix, problem)
            return
        if heard.told:
            learn_told(key.pk, heard.told)
        if heard.samples is not None:
            with as_user(key.owner_id):
                tail_put(key.vehicle_id, key.owner_id, heard.samples, source=SOURCES[self.protocol])

    def body(self, request: Request) -> bytes:
        """Raises PayloadTooLarge."""
        plain = request._request
        stream: Any = plain
        return read_bounded(stream, MOST_BYTES, int(plain.headers.get("Content-Length") or 0))


class TorqueView(Door):
    """Torque Pro, "upload to webserver". Answers `OK!`, for anything else makes the app repeat."""

    protocol = Protocol.TORQUE

    @extend_schema(
        auth=[],
        parameters=[OpenApiParameter("time", int, description="Epoch ms; then k5, kc, kd ... by PID.")],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        row = self.key(request, key)
        if row is None:
            return HttpResponse("Unknown key", status=404, content_type="text/plain")
        query = query_of(request)
        self.store(row, lambda now: torque.read(query, now=now))
        return HttpResponse(torque.ANSWER, content_type="text/plain")

    @extend_schema(auth=[], request=None, responses={(200, "text/plain"): OpenApiTypes.STR})
    def post(self, request: Request, key: str) -> HttpResponse:
        """The same as a form."""
        row = self.key(request, key)
        if row is None:
            return HttpResponse("Unknown key", status=404, content_type="text/plain")
        query = query_of(request) | form_of(self.body(request))
        self.store(row, lambda now: torque.read(query, now=now))
        return HttpResponse(torque.ANSWER, content_type="text/plain")


class OsmandView(Door):
    """OsmAnd, Traccar Client, GPSLogger: query or form, or Traccar Client's JSON. `id` is the device key."""

    protocol = Protocol.OSMAND

    @extend_schema(
        auth=[],
        parameters=[
            OpenApiParameter("id", str, required=True, description="The device key."),
            OpenApiParameter("timestamp", str),
            OpenApiParameter("lat", float),
            OpenApiParameter("lon", float),
            OpenApiParameter("speed", float, description="Knots."),
        ],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        return self._query(request, query_of(request))

    @extend_schema(auth=[], request=OpenApiTypes.OBJECT, responses={(200, "text/plain"): OpenApiTypes.STR})
    def post(self, request: Request) -> HttpResponse:
        raw = self.body(request)
        if raw.lstrip()[:1] == b"{":
            return self._json(request, parse_json(raw))
        return self._query(request, query_of(request) | form_of(raw))

    def _query(self, request: Request, query: dict[str, str]) -> HttpResponse:
        row = self.key(request, osmand.device_of(query))
        if row is None:
            return HttpResponse(status=400)
        self.store(row, lambda now: osmand.read(query, now=now))
        return HttpResponse()

    def _json(self, request: Request, told: Any) -> HttpResponse:
        row = self.key(request, str(told.get("device_id", "")))
        if row is None:
            return HttpResponse(status=404)
        self.store(row, lambda now: osmand.read_json(told, now=now)[1])
        return HttpResponse()


class OwnTracksView(Door):
    """OwnTracks in HTTP mode; the password is the device key."""

    protocol = Protocol.OWNTRACKS

    @extend_schema(auth=[], request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> HttpResponse:
        row = self.key(request, owntracks.password_of(request.headers.get("Authorization", "")))
        if row is None:
            return JsonResponse(
                [], safe=False, status=401, headers={"WWW-Authenticate": 'Basic realm="RevSync"'}
            )
        raw = self.body(request)
        if raw.strip():
            told = parse_json(raw)
            self.store(row, lambda now: owntracks.read(told, now=now))
        return JsonResponse([], safe=False)


def query_of(request: Request) -> dict[str, str]:
    """The query as it was sent: elsewhere our API takes camelCase for snake_case, here names are data."""
    return form_of(request._request.META.get("QUERY_STRING", "").encode())


def form_of(raw: bytes) -> dict[str, str]:
    """Text as `application/x-www-form-urlencoded`. Raises ParseError."""
    try:
        return dict(parse_qsl(raw.decode(), max_num_fields=500))
    except ValueError:
        raise ParseError("This is no form.") from None
