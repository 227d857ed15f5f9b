"""Answers that are bytes already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from rest_framework.response import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


class MadeJson(Response):
    """JSON that PostgreSQL made, sent as it is: there is nothing to render any more.

    It does not recase: whoever asks for camel keys gets a `Response` with the values.
    """

    data = None
    exception = False
    _is_rendered = True
    _post_render_callbacks = ()

    def __init__(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        told = {"Content-Type": JSON, "Vary": "Accept", **(headers or {})}
        HttpResponse.__init__(self, body, status=status, headers=told)
