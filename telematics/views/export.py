"""Samples as a file, sent while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.views import APIView

from core.errors import Invalid
from core.renderers import Json
from telematics.services.export import FORMATS, Export
from telematics.views.questions import FROM, SIGNALS, TO, asked_range, asked_signals
from telematics.views.reads import owned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from rest_framework.request import Request


class AnyFile(BaseRenderer):
    """For content negotiation alone: whoever asks for any type gets the file, refusals are JSON."""

    media_type = "*/*"
    format = "file"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return Json().render(data, None, None)


class ExportView(APIView):
    """`telematics/{vehicle_id}/export/?format=csv|gpx|parquet|jsonl`."""

    renderer_classes = (Json, AnyFile)

    @extend_schema(
        parameters=[FROM, TO, SIGNALS, OpenApiParameter("format", str, required=True, enum=list(FORMATS))],
        responses={
            (200, kind.partition(";")[0]): OpenApiTypes.STR if "parquet" not in kind else OpenApiTypes.BINARY
            for kind, _ in FORMATS.values()
        },
    )
    def get(self, request: Request, vehicle_id: UUID) -> StreamingHttpResponse:
        owner_id = owned(request, vehicle_id)
        asked = request.query_params.get("format", "")
        if asked not in FORMATS:
            raise Invalid(fields={"format": [f"One of {', '.join(FORMATS)}."]})
        kind, pieces = FORMATS[asked]
        file = pieces(Export(owner_id, vehicle_id, *asked_range(request), asked_signals(request)))
        name = f'attachment; filename="telemetry-{str(vehicle_id)[:8]}.{asked}"'
        return StreamingHttpResponse(
            _for(request, file), content_type=kind, headers={"Content-Disposition": name}
        )


def _for(request: Request, pieces: Iterator[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
    """As the server likes it: Django warns when one kind must be turned into the other as a whole."""
    return _awaited(pieces) if isinstance(request._request, ASGIRequest) else pieces


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await sync_to_async(_next)(pieces)) is not None:
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
