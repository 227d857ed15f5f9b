"""`sync/pull/`, `sync/push/` and their companions. Keys are never recased here, refusals carry what a client needs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import DatabaseError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from core.answers import MadeJson
from core.rls import as_user
from core.views import GatewayView, ScopedMixin
from sync.errors import BadRequest, PushTooLarge, SyncRefusal
from sync.models import SyncRejection
from sync.ports import collections
from sync.requests import MAX_BYTES, MAX_RECORDS
from sync.selectors.heads import pending
from sync.selectors.schema import schema
from sync.serializers import shapes
from sync.serializers.common import uuid_of, whole_cursor
from sync.serializers.pulls import read_pull
from sync.serializers.pushes import read_push
from sync.services.live import poke
from sync.services.pull import nothing_new, pull
from sync.services.push import TRANSIENT, apply_push, sqlstate

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

ATTEMPTS = 3  # of a push that meets a deadlock
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="The cursor of the last pull.")


class SyncView(APIView):
    """Refusals of the protocol stand in the one shape, with the protocol's own words beside it."""

    recase = False

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        data: Any = response.data
        if isinstance(exc, SyncRefusal):
            data.update(exc.extra)
        elif response.status_code == 400:
            data["code"] = BadRequest.code
        return response


class PullView(SyncView):
    max_body = 256 * 1024

    @extend_schema(request=shapes.PULL_BODY, responses={200: shapes.PullOutput, 304: None})
    def post(self, request: Request) -> Response:
        return self._pull(request, request.data)

    @extend_schema(parameters=shapes.PULL_QUERY, responses={200: shapes.PullOutput, 304: None})
    def get(self, request: Request) -> Response:
        return self._pull(request, request.query_params.dict())

    def _pull(self, request: Request, data: Any) -> Response:
        asked = read_pull(data, session=_session(request))
        person = _person(request)
        tag = request.META.get("HTTP_IF_NONE_MATCH")
        if tag and nothing_new(asked, person, tag):
            return Response(status=304, headers={"ETag": tag})
        answer = pull(asked, person)
        return MadeJson(answer.body, headers={"ETag": answer.etag} if answer.etag else {})


class PushView(SyncView, GatewayView):
    """Owns its transaction: one that meets a deadlock is tried again as a whole."""

    max_body = MAX_BYTES

    @extend_schema(
        request=shapes.PUSH_BODY,
        responses=shapes.PushOutput,
        parameters=[OpenApiParameter("Idempotency-Key", OpenApiTypes.UUID, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        asked = read_push(request.data, request.headers.get("Idempotency-Key"))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with as_user(request.user):
                    answer = apply_push(asked, request.user)
                    poke(_person(request))
            except DatabaseError as problem:
                if attempt == ATTEMPTS or sqlstate(problem) not in TRANSIENT:
                    raise
                time.sleep(0.02 * attempt)
            else:
                break
        return MadeJson(answer)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if response.status_code == 413 and not isinstance(exc, PushTooLarge):
            return super().handle_exception(PushTooLarge(MAX_RECORDS))
        return response


class SchemaView(SyncView):
    @extend_schema(responses=shapes.SchemaOutput)
    def get(self, request: Request) -> Response:
        return Response(schema())


class StatusView(SyncView):
    @extend_schema(parameters=[CURSOR], responses=shapes.StatusOutput)
    def get(self, request: Request) -> Response:
        cursor = whole_cursor(request.query_params.get("cursor"))
        codes = [plug.code for plug in collections.values()]
        waiting = pending(_person(request), cursor, codes)
        rejected = SyncRejection.objects.visible_to(request.user)[:1000].count()
        return Response({**waiting, "rejected": rejected})


class RejectionsView(SyncView, ScopedMixin, ListAPIView[SyncRejection]):
    """Dead letters: what was refused for good, for the person to see, repair and put away."""

    model = SyncRejection
    serializer_class = shapes.RejectionSerializer
    ordering: ClassVar[str] = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at",)

    @extend_schema(
        parameters=[OpenApiParameter("id", OpenApiTypes.UUID, description="Only this one; else all.")],
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        letters: Any = self.get_queryset()
        if (given := request.query_params.get("id")) is not None:
            if uuid_of(given) is None:
                raise ValidationError({"id": ["Give a UUID."]})
            letters = letters.filter(pk=given)
        letters.delete()
        return Response(status=204)


def _person(request: Request) -> UUID:
    person: Any = request.user.pk
    return person  # type: ignore[no-any-return]


def _session(request: Request) -> str:
    """What tells this client from the person's others, when it gives no `client_id`."""
    return str(getattr(request.auth, "session_id", ""))
