"""Views that cannot forget whose rows they show."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.decorators import method_decorator
from rest_framework import mixins
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import PreconditionFailed
from core.idempotency import Idempotent


class ScopedMixin:
    """Rows of `model` through `visible_to(request.user)`. Views say `model`, never `queryset`."""

    model: ClassVar[type[Model]]
    request: Any

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = self.model._default_manager
        return self.shape(rows.visible_to(self.request.user))

    def shape(self, rows: Any) -> QuerySet[Any]:
        """Room for select_related and annotations; never for who sees what."""
        return rows  # type: ignore[no-any-return]


class ScopedViewSet(
    Idempotent,
    ScopedMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    GenericViewSet[Any],
):
    """A plain owned thing: list, create, read, patch, delete (as a tombstone), with ETag and If-Match.

    A POST with an `Idempotency-Key` happens once. A create with the `id` of a row that the caller owns already is the same create: it answers that row.
    """

    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_value_converter = "uuid"
    ordering: ClassVar[str] = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if (row := self._created_before(request)) is not None:
            return self._answer(row, status=201)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return self._answer(serializer.instance, status=201)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(**self.owner())

    def owner(self) -> dict[str, Any]:
        """What makes a new row the caller's; a row owned through its parent overrides with {}."""
        return {"owner": self.request.user}

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        tag = etag(row)
        if tag and request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return self._answer(row)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_locked()
        serializer = self.get_serializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self._answer(serializer.instance)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.partial_update(request, *args, **kwargs)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.perform_destroy(self.get_locked())
        return Response(status=204)

    def perform_destroy(self, instance: Any) -> None:
        instance.tombstone()

    def get_locked(self) -> Any:
        """The row, locked until the answer; 412 when If-Match names another revision."""
        row = self.get_object_from(self.get_queryset().select_for_update(of=("self",)))
        demanded = self.request.headers.get("If-Match")
        if demanded and demanded not in {"*", etag(row)}:
            raise PreconditionFailed
        return row

    def get_object_from(self, rows: QuerySet[Any]) -> Any:
        kept, self.get_queryset = self.get_queryset, lambda: rows  # type: ignore[method-assign]
        try:
            return self.get_object()
        finally:
            self.get_queryset = kept  # type: ignore[method-assign]

    def _created_before(self, request: Request) -> Any:
        given = request.data.get("id") if isinstance(request.data, dict) else None
        if not isinstance(given, str):
            return None
        try:
            return self.get_queryset().filter(pk=given).first()
        except (ValueError, TypeError):
            return None
        except Exception as problem:
            if type(problem).__name__ == "ValidationError":
                return None
            raise

    def _answer(self, row: Any, *, status: int = 200) -> Response:
        if status == 201 or self.request.method == "PATCH":
            row = self.get_queryset().get(pk=row.pk)  # what triggers and joins made of it
        headers = {"ETag": tag} if (tag := etag(row)) else {}
        return Response(self.get_serializer(row).data, status=status, headers=headers)


def caller_id(request: Request) -> UUID:
    """The id of the person who asks. Raises NotAuthenticated, where a permission class let nobody through."""
    if (found := request.user.pk) is None:
        raise NotAuthenticated
    return found


def etag(row: Any) -> str:
    """The strong ETag of a record: its revision."""
    return f'"{row.rev}"' if hasattr(row, "rev") else ""


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class GatewayView(APIView):
    """A view that talks to the outside: no transaction is open around it.

    The authenticator's row-level-security context ends with its statement, so all database work, input checks
    included, stands in `as_user()` blocks.
    """
