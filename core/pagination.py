"""Keyset pages: {"results", "next", "previous"}; the same cost on page one and page ten thousand."""

import base64
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db.models import Model, Q, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from core.renderers import dumps

MAX_COUNT = 1000
_MAC = 12  # bytes
R = TypeVar("R")


class KeysetPagination(BasePagination):
    """A view says `ordering` (default) and `ordering_fields` (allowed); ties are broken by id.

    Ordering fields must never be null. `?count=true` adds a total, counted to 1,000 and then "1000+".
    """

    page_size = 50
    max_page_size = 200
    parameters = ("cursor", "page_size", "ordering", "count")

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request, self.path = request, request.path_info
        self.size = self._page_size(request)
        self.total = self._total(queryset, request)
        self.field, self.descending = self._ordering(request, view)
        position = self._cursor(request, queryset)
        backwards = bool(position and position[2])
        descending = self.descending != backwards
        if position:
            queryset = queryset.filter(self._after(position[0], position[1], descending=descending))
        sign = "-" if descending else ""
        keys = [self.field] if self.field in {"id", "pk"} else [self.field, "id"]
        found = list(queryset.order_by(*(sign + key for key in keys))[: self.size + 1])
        more, found = len(found) > self.size, found[: self.size]
        if backwards:
            found.reverse()
        self.has_next = more if not backwards else True
        self.has_previous = more if backwards else position is not None
        self.page = found
        return found

    def first_page(self, request: Request, view: APIView, fetch: Callable[[int], list[R]]) -> list[R] | None:
        """The plain first page by a query of the view's own: `fetch(limit)` gives the newest rows, in default order.

        None when the request asks for more than a page size: then it takes the usual way.
        """
        if request.query_params.keys() - {"page_size"}:
            return None
        self.request, self.path = request, request.path_info
        self.size, self.total = self._page_size(request), None
        self.field, self.descending = self._ordering(request, view)
        found = fetch(self.size + 1)
        self.has_next, self.has_previous = len(found) > self.size, False
        self.page = found[: self.size]
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        return Response(self.envelope(data))

    def envelope(self, data: Any) -> dict[str, Any]:
        links = {"next": self._link(self.has_next, -1), "previous": self._link(self.has_previous, 0)}
        count = {} if self.total is None else {"count": self.total}
        return {"results": data, **links, **count}

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": link,
                "previous": link,
                "count": {
                    "oneOf": [{"type": "integer"}, {"type": "string"}],
                    "description": "Only with `count=true`; `1000+` beyond a thousand.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        fields = self._allowed(view)
        orderings = [sign + name for name in fields for sign in ("", "-")]
        return [
            _parameter(
                "cursor", {"type": "string"}, "Where the page starts; taken from `next` or `previous`."
            ),
            _parameter(
                "page_size", {"type": "integer", "minimum": 1, "maximum": self.max_page_size}, "Rows a page."
            ),
            _parameter("ordering", {"type": "string", "enum": orderings}, "Sort key; `-` for descending."),
            _parameter("count", {"type": "boolean"}, "Also answer the total, capped."),
        ]

    # -- Inside

    def _page_size(self, request: Request) -> int:
        raw = request.query_params.get("page_size")
        if raw is None:
            return self.page_size
        if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw[:9]) <= self.max_page_size:
            raise ValidationError({"page_size": [f"Give a number from 1 to {self.max_page_size}."]})
        return int(raw)

    def _total(self, queryset: QuerySet[Model], request: Request) -> int | str | None:
        if request.query_params.get("count", "").lower() not in {"true", "1"}:
            return None
        found = queryset.order_by()[: MAX_COUNT + 1].count()
        return found if found <= MAX_COUNT else f"{MAX_COUNT}+"

    def _allowed(self, view: APIView | None) -> Sequence[str]:
        fields = list(getattr(view, "ordering_fields", ()) or ())
        default = str(getattr(view, "ordering", "-created_at")).lstrip("-")
        return [default, *(name for name in fields if name != default)]

    def _ordering(self, request: Request, view: APIView | None) -> tuple[str, bool]:
        chosen = request.query_params.get("ordering") or str(getattr(view, "ordering", "-created_at"))
        field = chosen.removeprefix("-")
        allowed = self._allowed(view)
        if field not in allowed:
            raise ValidationError({"ordering": [f"Order by one of: {', '.join(allowed)}."]})
        return field, chosen.startswith("-")

    def _after(self, value: Any, record_id: str, *, descending: bool) -> Q:
        side = "lt" if descending else "gt"
        if self.field in {"id", "pk"}:
            return Q(**{f"id__{side}": record_id})
        # The first condition lets the index do the work, the second settles ties.
        return Q(**{f"{self.field}__{side}e": value}) & (
            Q(**{f"{self.field}__{side}": value}) | Q(**{f"id__{side}": record_id})
        )

    def _cursor(self, request: Request, queryset: QuerySet[Model]) -> tuple[Any, str, int] | None:
        raw = request.query_params.get("cursor")
        if not raw:
            return None
        wrong = ValidationError({"cursor": ["This cursor was not made by this list. Start without one."]})
        try:
            field, descending, value, record_id, backwards = _unseal(raw, request.path_info)
        except ValueError as problem:
            raise wrong from problem
        if (field, descending) != (self.field, self.descending) or value is None:
            raise wrong
        if field not in {"id", "pk"} and field not in queryset.query.annotations:
            column: Any = queryset.model._meta.get_field(field)
            value = column.to_python(value)
        return value, record_id, int(bool(backwards))

    def _link(self, there: bool, index: int) -> str | None:
        if not there or not self.page:
            return None
        row = self.page[index]
        get = row.get if isinstance(row, dict) else lambda name: getattr(row, name)
        value = get(self.field)
        if isinstance(value, datetime | date):
            value = value.isoformat()
        elif isinstance(value, Decimal | UUID):
            value = str(value)
        parts = [self.field, self.descending, value, str(get("id")), 0 if index else 1]
        token = _seal(parts, self.path)
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", token))


def _seal(parts: list[Any], path: str) -> str:
    """A cursor is good for the list that made it and can't be made up: what comes back is what we wrote."""
    payload = dumps(parts)
    return base64.urlsafe_b64encode(_mac(payload, path) + payload).decode().rstrip("=")


def _unseal(token: str, path: str) -> list[Any]:
    """Raises ValueError for anything that `_seal` did not make for this path."""
    sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    mac, payload = sealed[:_MAC], sealed[_MAC:]
    if not constant_time_compare(mac, _mac(payload, path)):
        raise ValueError("not ours")
    parts: list[Any] = orjson.loads(payload)
    return parts


def _mac(payload: bytes, path: str) -> bytes:
    return salted_hmac("core.pagination", path.encode() + b"?" + payload, algorithm="sha256").digest()[:_MAC]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
