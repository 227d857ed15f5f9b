"""The bytes of a request: bounded, unpacked, and read as JSON."""

from __future__ import annotations

import json
import zlib
from typing import IO, TYPE_CHECKING, Any, Final, cast

import orjson
from rest_framework.exceptions import ParseError

from core.errors import PayloadTooLarge
from core.parsers import read_bounded
from telematics.errors import BadCompression, UnknownEncoding
from telematics.ingest.text import unrolled

if TYPE_CHECKING:
    from django.http import HttpRequest

MAX_BATCH: Final = 2 * 1024 * 1024  # bytes, unpacked
_GZIP: Final = 31  # zlib's word for a gzip header and the largest window
_JSON: Final = {"application/json", "text/json", "text/plain", ""}


def read_batch_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a batch, its samples as a `Table` where they are plain. Raises what `read_json` does."""
    raw = read_body(request, MAX_BATCH)
    return unrolled(raw) or parse(raw)


def read_json(request: HttpRequest, limit: int = MAX_BATCH) -> dict[str, Any]:
    """The JSON object of a request.

    Raises UnknownEncoding (415), PayloadTooLarge (413), BadCompression and ParseError (400).
    """
    return parse(read_body(request, limit))


def read_body(request: HttpRequest, limit: int) -> bytes:
    """At most `limit` bytes, unpacked; what comes after them is not read.

    Raises UnknownEncoding (415), PayloadTooLarge (413), BadCompression (400).
    """
    if request.content_type not in _JSON and not (request.content_type or "").endswith("+json"):
        raise UnknownEncoding
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnknownEncoding
    try:
        declared = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        declared = 0
    raw = read_bounded(
        cast("IO[bytes]", request), limit, declared
    )  # not request.body: Django would cap it for us
    return gunzip(raw, limit) if encoding.endswith("gzip") else raw


def gunzip(raw: bytes, limit: int) -> bytes:
    """At most `limit` bytes come out, however small what goes in. Raises BadCompression, PayloadTooLarge."""
    stream = zlib.decompressobj(_GZIP)
    try:
        text = stream.decompress(raw, limit + 1)
    except zlib.error:
        raise BadCompression from None
    if len(text) > limit:
        raise PayloadTooLarge(f"The body may have at most {limit:,} bytes when it is unpacked.")
    if not stream.eof or stream.unused_data:
        raise BadCompression
    return text


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object. NaN and Infinity, which no JSON has but some devices send, are values to be judged one by one."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        data = _lenient(raw, problem)
    if not isinstance(data, dict):
        raise ParseError("The body must be a JSON object.")
    return data


def _lenient(raw: bytes, problem: orjson.JSONDecodeError) -> Any:
    """Once more with NaN, Infinity and numbers beyond a double; what else is no JSON (half characters) stays none."""
    try:
        data = json.loads(raw, parse_int=float)
        orjson.dumps(data)
    except (ValueError, TypeError, RecursionError):
        raise ParseError(f"This is not valid JSON: {problem}.") from None
    return data
