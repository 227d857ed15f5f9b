"""`sync/wait/`: answered when there is something to pull, or after 25 seconds.

An async view around a DRF one: the DRF view logs in and looks once, then only the event loop waits; a connection
of the pool is not kept meanwhile. Under WSGI the waiting holds a thread, so only a few may do it at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from core.errors import Busy
from core.rls import as_user
from core.views import GatewayView
from sync.cursors import Position
from sync.selectors.heads import read_heads
from sync.serializers import shapes
from sync.serializers.common import whole_cursor
from sync.services.live import news_for, watch
from sync.views.protocol import CURSOR, SyncView

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

LONGEST = 25.0  # seconds


class LookView(SyncView, GatewayView):
    """The first look: 200 when there is news already, 204 when it has to be waited for."""

    http_method_names = ["get", "head", "options"]

    @extend_schema(parameters=[CURSOR], responses={200: shapes.WaitOutput, 204: None})
    def get(self, request: Request) -> Response:
        """Wait for something to pull, for 25 seconds at most; 204 when nothing came."""
        cursor = whole_cursor(request.query_params.get("cursor"))
        person: Any = request.user.pk
        with as_user(person):
            heads = read_heads(person)
        if cursor is not None:
            heads.admit(Position.unpacked(cursor))
        if heads.seq.packed() != cursor:
            return Response({"cursor": heads.seq.packed()})
        if len(watch) >= settings.SYNC_WAITERS:
            raise Busy(retry_after=5)
        request._request.waits_at = (person, heads.seq)  # type: ignore[attr-defined]  # for the view around this one
        return Response(status=204)


_look: Any = LookView.as_view()


@transaction.non_atomic_requests
async def wait(request: HttpRequest) -> HttpResponseBase:
    first: HttpResponseBase = await sync_to_async(_first_look)(request)
    waits_at: tuple[UUID, Position] | None = getattr(request, "waits_at", None)
    if waits_at is None:
        return first
    news = await news_for(*waits_at, seconds=LONGEST)
    return first if news is None else JsonResponse({"cursor": news.packed()})


def _first_look(request: HttpRequest) -> HttpResponseBase:
    response: Any = _look(request)
    response.render()
    if "pool" in settings.DATABASES["default"]["OPTIONS"]:
        connection.close()  # back to the pool while we wait
    return response  # type: ignore[no-any-return]


wait.cls = LookView  # type: ignore[attr-defined]  # drf-spectacular finds the view by it
wait.initkwargs = {}  # type: ignore[attr-defined]
