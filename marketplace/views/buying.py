"""Purchases, entitlements, downloads and favourites."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.idempotency import Idempotent
from core.rls import as_user
from core.views import GatewayView, ScopedMixin
from marketplace import services
from marketplace.models import Entitlement, Favourite, Purchase
from marketplace.selectors import with_newest_version
from marketplace.serializers.buying import (
    DownloadSerializer,
    EntitlementSerializer,
    FavouriteSerializer,
    PurchaseInput,
    PurchaseOutput,
    PurchaseSerializer,
)
from marketplace.services.downloads import right_of_purchase, right_to_tune
from sync.views import SinceMixin, SyncedViewSet
from users.authentication import person

NO_STORE = {"Cache-Control": "no-store"}  # the answer carries a URL that opens a door


class PurchaseRows(ScopedMixin):
    """The caller's own purchases."""

    model = Purchase
    ordering = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    def shape(self, rows: Any) -> QuerySet[Purchase]:
        return rows.select_related("tune", "version")  # type: ignore[no-any-return]


class PurchaseView(Idempotent, GatewayView):
    """Buy a tune: 201 with the order to pay, or with no payment when it was free."""

    throttle_scopes = ("payment",)

    @extend_schema(request=PurchaseInput, responses={201: PurchaseOutput})
    def post(self, request: Request) -> Response:
        return bought(request)


class PurchasesView(Idempotent, PurchaseRows, ListModelMixin, GenericAPIView[Purchase], GatewayView):
    """The list; a POST here is the same purchase (an alias, and so not in the schema)."""

    serializer_class = PurchaseSerializer

    @extend_schema(responses=PurchaseSerializer(many=True))
    def get(self, request: Request) -> Response:
        with as_user(request.user):
            return self.list(request)

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        return bought(request)


def bought(request: Request) -> Response:
    with as_user(request.user):
        form = PurchaseInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
    purchase, payment = services.purchase_tune(buyer=person(request), **form.validated_data)
    return Response(PurchaseOutput({"purchase": purchase, "payment": payment}).data, status=201)


class PurchaseViewSet(PurchaseRows, RetrieveModelMixin, GenericViewSet[Purchase]):
    serializer_class = PurchaseSerializer
    lookup_value_converter = "uuid"


class DownloadView(GatewayView):
    """The file of a purchase, by an address that lives for minutes; each asking is kept."""

    @extend_schema(request=None, responses=DownloadSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        return handed(request, self.right(request, pk))

    def right(self, request: Request, pk: UUID) -> UUID:
        return right_of_purchase(person(request), pk)


class TuneDownloadView(DownloadView):
    """The same by the tune."""

    alias = True

    def right(self, request: Request, pk: UUID) -> UUID:
        return right_to_tune(person(request), pk)


def handed(request: Request, right: UUID) -> Response:
    found = services.download_entitled(user=person(request), entitlement_id=right, request=request._request)
    return Response(DownloadSerializer(found).data, headers=NO_STORE)


class EntitlementViewSet(
    SinceMixin, ScopedMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[Entitlement]
):
    """What the caller owns; ended rights stay in the list with their state."""

    model = Entitlement
    collection = "entitlements"
    serializer_class = EntitlementSerializer
    lookup_value_converter = "uuid"
    ordering = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "granted_at")

    def shape(self, rows: Any) -> QuerySet[Entitlement]:
        return with_newest_version(rows)


class FavouriteViewSet(SyncedViewSet):
    """The wishlist."""

    model = Favourite
    collection = "favourites"
    serializer_class = FavouriteSerializer

    def shape(self, rows: Any) -> QuerySet[Favourite]:
        return rows.select_related("tune")  # type: ignore[no-any-return]
