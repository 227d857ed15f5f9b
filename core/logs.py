"""Request ids and structured logs; nothing that opens a door is ever written."""

import json
import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from core.ids import uuid7

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_OFFERED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_NAMES = r"(?:authorization|api[_-]?key|token|ticket|password|otp|code|secret|signature|cookie)"
_SECRETS = re.compile(
    rf"(?i)({_NAMES}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|(?:bearer\s+|basic\s+)?[^\s\"'&,;}}]+)"
)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")  # a token in the middle of a sentence
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}")


def request_id() -> str:
    """The id of the request under way, or an empty string outside of one."""
    return _request_id.get()


def redact(text: str) -> str:
    """The text without the values of tokens, codes and passwords."""
    named = _SECRETS.sub(r"\1[redacted]", text)
    return _JWT.sub("[redacted]", _BEARER.sub(r"\1[redacted]", named))


class RequestIdMiddleware:
    """Every request has an id: the caller's X-Request-ID if it is a plausible one, else ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        token = _request_id.set(offered if _OFFERED.fullmatch(offered) else uuid7().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id()
            return response
        finally:
            _request_id.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request_id():
            line["request_id"] = request_id()
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
