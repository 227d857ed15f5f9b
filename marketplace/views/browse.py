"""The list of tunes: bytes made by PostgreSQL, kept for people without an account under the shelf's version."""

from hashlib import sha256
from typing import Any

import orjson
from django.core.cache import cache
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from core.answers import JSON, MadeJson
from core.errors import Invalid, NotFound
from core.renderers import Json, dumps, wants_camel
from garage.models import Vehicle
from marketplace.selectors.search import Wanted, facets, find_tunes, shelf_version, suggestions
from marketplace.selectors.search.pages import BadCursor, Page, read_cursor
from marketplace.serializers.search import SuggestionsSerializer, SuggestQuery, TuneQuery, read_tune_query
from marketplace.serializers.tunes import OwnTuneSerializer, TuneInput, TunePageSerializer
from marketplace.views.tunes import PublicReads, create_tune

KEPT_SECONDS = 600
UNKEPT = frozenset({"search", "cursor"})  # anybody's words: too many to keep
CAMEL = "application/json; case=camel"


class TunesView(PublicReads):
    """Find tunes: words, vehicle, price, stage, rating; or offer a new one."""

    @extend_schema(
        operation_id="marketplace_tunes_list", parameters=[TuneQuery], responses=TunePageSerializer
    )
    def get(self, request: Request) -> Response:
        if request.user.is_authenticated:
            return answer(request, page_bytes(request, self))
        media = request.accepted_media_type or ""
        tag = f'"{_digest(shelf_version(), media, request.build_absolute_uri())}"'
        headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers=headers)
        body = cache.get(f"tunes:{tag}")
        if body is None:
            body = page_bytes(request, self)
            if not UNKEPT & set(request.query_params):
                cache.set(f"tunes:{tag}", body, KEPT_SECONDS)
        return answer(request, body, headers)

    @extend_schema(request=TuneInput, responses={201: OwnTuneSerializer})
    def post(self, request: Request) -> Response:
        return create_tune(request)


class SuggestionsView(APIView):
    """Words to go on with, while somebody types."""

    permission_classes = (AllowAny,)

    @extend_schema(parameters=[SuggestQuery], responses=SuggestionsSerializer)
    def get(self, request: Request) -> Response:
        query = SuggestQuery(data={"q": request.query_params.get("q", "")})
        query.is_valid(raise_exception=True)
        found = suggestions(query.validated_data["q"])
        return Response(SuggestionsSerializer({"suggestions": found}).data)


def page_bytes(request: Request, view: APIView) -> bytes:
    """The answer as bytes, in the spelling that was asked for."""
    query = read_tune_query(request.query_params)
    ordering, size, counted = query.pop("ordering"), query.pop("page_size"), query.pop("count")
    token, faceted = query.pop("cursor", ""), query.pop("facets")
    wanted = Wanted(vehicle=own_vehicle(request, query.pop("compatible_with", None)), **query)
    try:
        after = read_cursor(token, ordering) if token else None
    except BadCursor:
        raise Invalid(
            fields={"cursor": ["This cursor was not made by this list. Start without one."]}
        ) from None
    page = find_tunes(wanted, ordering=ordering, size=size, after=after, count=counted)
    body = envelope(request, page, facets(wanted, common=page.common) if faceted else None)
    if wants_camel(request.accepted_media_type):
        return Json().render(orjson.loads(body), request.accepted_media_type, {"view": view})
    return body


def envelope(request: Request, page: Page, counts: dict[str, Any] | None) -> bytes:
    """The rows are JSON already; only the rim is made here."""
    rim: dict[str, Any] = {"next": link(request, page.next), "previous": link(request, page.previous)}
    if page.count is not None:
        rim["count"] = page.count
    if counts is not None:
        rim["facets"] = counts
    return b'{"results":[' + page.rows.encode() + b"]," + dumps(rim)[1:]


def link(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))


def own_vehicle(request: Request, vehicle_id: Any) -> Vehicle | None:
    """One of the caller's vehicles. Raises NotAuthenticated, NotFound."""
    if vehicle_id is None:
        return None
    if not request.user.is_authenticated:
        raise NotAuthenticated
    found: Vehicle | None = Vehicle.objects.visible_to(request.user).filter(pk=vehicle_id).first()
    if found is None:
        raise NotFound
    return found


def answer(request: Request, body: bytes, headers: dict[str, str] | None = None) -> Response:
    kind = CAMEL if wants_camel(request.accepted_media_type) else JSON
    return MadeJson(body, headers={"Content-Type": kind, **(headers or {})})


def _digest(*parts: str) -> str:
    return sha256(" ".join(parts).encode()).hexdigest()[:32]
