"""Which renderer and parser: JSON in and JSON out is what nearly every request wants, so it is seen at a glance."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON = "application/json"
_PLEASED_BY_JSON = frozenset(
    {JSON, "*/*", "application/json, text/plain, */*"}
)  # the last is what axios sends


class Negotiation(DefaultContentNegotiation):
    """DRF's rules, with the usual answers known beforehand."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        first = next(iter(parsers), None)
        if first is not None and first.media_type == JSON == request.content_type:
            return first
        return super().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted: Any = request.META.get("HTTP_ACCEPT", "*/*")
        first = next(iter(renderers))
        if not format_suffix and first.media_type == JSON and accepted in _PLEASED_BY_JSON:
            return first, JSON
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return found
