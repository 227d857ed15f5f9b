"""Lists that understand `?since=`, for the views of all apps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.fields import InstantField
from core.ids import NIL
from core.pagination import KeysetPagination
from core.views import ScopedViewSet
from sync.cursors import sign, unsign
from sync.ports import collections
from sync.selectors import since
from sync.services.live import poke

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

Rows = list[Any]
_OWN_PARAMETERS = {"since", "cursor", "page_size", "count"}
SINCE = OpenApiParameter(
    "since",
    OpenApiTypes.DATETIME,
    description="All records changed after this instant in order of change, deleted ones included (`deleted_at`). "
    "Start with 1970-01-01T00:00:00Z, go on with the header `X-Sync-Until`. A record may come twice, none is lost.",
)


class SinceMixin:
    """`?since=` on the list of a synced thing; `collection` is its name in `sync.ports.collections`.

    Must stand before the list mixin. A page says where it stands in a signed `cursor`; every page of one answer
    has the same X-Sync-Until and ends at the same change.
    """

    collection: ClassVar[str]

    @extend_schema(parameters=[SINCE])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if "since" not in request.query_params:
            return super().list(request, *args, **kwargs)  # type: ignore[misc,no-any-return]
        instant = _instant(request.query_params["since"])
        if "ordering" in request.query_params:
            raise ValidationError({"ordering": ["With since the order is that of the changes."]})
        return self._changes(request, instant)

    def represent(self, rows: Any) -> Rows:
        """The rows as the list shows them; override together with `list` where that is hand-written SQL."""
        return [*self.get_serializer(rows, many=True).data]  # type: ignore[attr-defined]

    def _changes(self, request: Request, instant: datetime) -> Response:
        plug = collections[self.collection]
        stream = since.stream_of(plug, _person(request))
        window, stubbed, position = self._start(request, stream, instant)
        size = KeysetPagination()._page_size(request)
        results: Rows = []
        if window.stubs and stubbed is not None:
            found = since.stubs(self._history(), stream, plug.code, after=stubbed, limit=size + 1)
            results, more = found[:size], len(found) > size
            if more:
                return self._page(request, window, results, str(results[-1]["id"]), position)
        entries = since.entries(
            stream, plug.code, after=position, bound=window.bound, limit=size - len(results) + 1
        )
        room = size - len(results)
        results += self._records(entries[:room])
        rest = entries[room].seq - 1 if len(entries) > room else None
        return self._page(request, window, results, None, rest)

    def _start(
        self, request: Request, stream: UUID, instant: datetime
    ) -> tuple[since.Window, UUID | None, int]:
        """The window and where the page starts in it: after which stub, after which change."""
        token = request.query_params.get("cursor")
        if not token:
            window = since.window(stream, instant)
            return window, NIL, window.start
        content = unsign("since", _person(request), token)
        if not isinstance(content, Sequence) or content[:2] != [
            self.collection,
            request.query_params["since"],
        ]:
            raise ValidationError({"cursor": ["This cursor was not made by this list. Start without one."]})
        stubbed, position = content[6:]
        return since.Window(*content[2:6]), UUID(stubbed) if stubbed else None, position

    def _page(
        self, request: Request, window: since.Window, results: Any, stubbed: str | None, position: int | None
    ) -> Response:
        following = None
        if position is not None:
            content = [self.collection, request.query_params["since"], *window, stubbed, position]
            token = sign("since", _person(request), content)
            following = replace_query_param(request.build_absolute_uri(), "cursor", token)
        body = {"results": results, "next": following, "previous": None}
        return Response(body, headers={"X-Sync-Until": window.until})

    def _history(self) -> Any:
        model: Any = self.model  # type: ignore[attr-defined]
        return self.shape(model._default_manager.history_of(self.request.user))  # type: ignore[attr-defined]

    def _records(self, entries: Sequence[since.Entry]) -> Rows:
        """The rows of these changes; one that the caller can't reach any more is told as deleted."""
        found = self._history().filter(pk__in=[entry.record_id for entry in entries]) if entries else []
        rows = {row.pk: row for row in found}
        wanted = self._matching(found) if rows else set()
        present = [row for row in rows.values() if row.pk in wanted]
        shown = (
            dict(zip((row.pk for row in present), self.represent(present), strict=True)) if present else {}
        )
        told: Rows = []
        for entry in entries:
            if entry.record_id in shown:
                told.append(_told(shown[entry.record_id], rows[entry.record_id]))
            elif entry.record_id not in rows:
                gone = InstantField().to_representation(entry.changed_at)
                told.append({"id": str(entry.record_id), "updated_at": gone, "deleted_at": gone})
        return told

    def _matching(self, rows: Any) -> set[Any]:
        """Ids of those rows that the list's filters let through; a statement only where a filter is given."""
        if set(self.request.query_params) <= _OWN_PARAMETERS:  # type: ignore[attr-defined]
            return {row.pk for row in rows}
        return set(self.filter_queryset(rows).values_list("pk", flat=True))  # type: ignore[attr-defined]


class SyncedViewSet(SinceMixin, ScopedViewSet):
    """A plain owned thing (`core.views.ScopedViewSet`) whose list also tells what changed since an instant.

    A write tells the person's other devices that there is something to pull.
    """

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        if request.method not in SAFE_METHODS and response.status_code < 300:
            poke(request.user.pk)
        return super().finalize_response(request, response, *args, **kwargs)


def _told(shown: Any, row: Any) -> Any:
    """A tombstone says so, whatever the list's own fields are."""
    if row.deleted_at is not None:
        shown["deleted_at"] = InstantField().to_representation(row.deleted_at)
    return shown


def _person(request: Request) -> UUID:
    """Whose list it is; a public list without a login has the nil id."""
    return request.user.pk or NIL


def _instant(raw: str) -> datetime:
    try:
        return InstantField().to_internal_value(raw.replace(" ", "+"))  # "+00:00" that nobody escaped
    except ValidationError as problem:
        raise ValidationError({"since": problem.detail}) from None
