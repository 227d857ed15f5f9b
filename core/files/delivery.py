"""Bytes of a local blob as an answer, whole or in part, for servers of both kinds (WSGI and ASGI)."""

import asyncio
import re
from collections.abc import AsyncIterator, Generator
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from core import errors
from core.storage.base import CHUNK

_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def deliver(
    request: HttpRequest, path: Path, *, content_type: str, filename: str | None = None
) -> HttpResponseBase:
    """The blob at `path`, as an attachment when it has a `filename`. Raises FileNotFoundError.

    One range is honoured (206, or 416); several at once are answered by the whole.
    """
    size = path.stat().st_size
    tag = f'"{path.name}"'  # a blob never changes under its key
    start, length = _span(request, size, tag)
    if length <= 0:
        return _beyond(size)
    response = StreamingHttpResponse(
        _read_async(path, start, length) if isinstance(request, ASGIRequest) else _read(path, start, length),
        status=200 if length == size else 206,
        content_type=content_type,
        headers={
            "Content-Length": str(length),
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "X-Content-Type-Options": "nosniff",
        },
    )
    if length < size:
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    if filename is not None and (disposition := content_disposition_header(True, filename)):
        response["Content-Disposition"] = disposition
    return response


def _span(request: HttpRequest, size: int, tag: str) -> tuple[int, int]:
    """(first byte, count) of what is asked for; a count of 0 when that lies beyond the end."""
    asked = _RANGE.match(request.headers.get("Range", ""))
    stale = request.headers.get("If-Range", tag) != tag
    if asked is None or stale or asked.groups() == ("", ""):
        return 0, size
    first, last = asked.groups()
    if not first:  # the last n bytes
        count = min(int(last), size)
        return size - count, count
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:  # no range at all, by RFC 9110
        return 0, size
    return start, max(0, end - start + 1)


def _beyond(size: int) -> JsonResponse:
    body = errors.body("The file ends before this range.", "range_not_satisfiable")
    return JsonResponse(body, status=416, headers={"Content-Range": f"bytes */{size}"})


def _read(path: Path, start: int, length: int) -> Generator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(CHUNK, length))):
            length -= len(piece)
            yield piece


async def _read_async(path: Path, start: int, length: int) -> AsyncIterator[bytes]:
    pieces = _read(path, start, length)
    try:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece
    finally:
        await asyncio.to_thread(pieces.close)
