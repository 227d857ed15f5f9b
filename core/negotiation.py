"""Which renderer and parser: JSON in and JSON out is what nearly every request wants, so it is seen at a glance."""

from collections.abc import Sequence

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

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:
        first = parsers[0] if parsers else None
        if first is not None and first.media_type == JSON == request.content_type:
            return first
        return super().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if not format_suffix and renderers[0].media_type == JSON and accepted in _PLEASED_BY_JSON:
            return renderers[0], JSON
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen
