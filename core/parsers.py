"""Our own JSON parser: bounded in size and depth, no NaN or Infinity, no NUL (identity.md, decision 9)."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from core.errors import PayloadTooLarge

MAX_DEPTH = 32


def read_bounded(stream: IO[bytes], limit: int, declared: int = 0) -> bytes:
    """All bytes of the stream; PayloadTooLarge once more than `limit` are declared or come."""
    if declared > limit:
        raise PayloadTooLarge(f"The request body may have at most {limit:,} bytes.")
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise PayloadTooLarge(f"The request body may have at most {limit:,} bytes.")
    return raw


def parse_json(raw: bytes) -> Any:
    """JSON text -> values. Raises ParseError for anything that is not strict, flat-enough JSON."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise ParseError(f"This is not valid JSON: {problem}.") from None
    if b"\\u0000" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _refuse_deep_or_nul(data)
    return data


def _refuse_deep_or_nul(data: Any) -> None:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.keys())
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and "\x00" in value:
                raise ParseError("A text contains the NUL character.")
        level = below


class StrictJSONParser(BaseParser):
    """A view raises the limit by an attribute `max_body` (bytes)."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = parser_context or {}
        limit = getattr(context.get("view"), "max_body", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        request = context.get("request")
        try:
            declared = int(request.META.get("CONTENT_LENGTH") or 0) if request is not None else 0
        except ValueError:
            declared = 0
        raw = read_bounded(stream, limit, declared)
        return parse_json(raw) if raw.strip() else {}
