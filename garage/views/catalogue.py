"""The public catalogue: pages kept as bytes under the version key, 304 for whoever has them already."""

from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.renderers import Json
from core.views import ScopedMixin
from garage.models import FuelType, VehicleBrand, VehicleModel, VehicleType
from garage.selectors.catalogue import catalogue_version, named
from garage.serializers.catalogue import (
    VehicleBrandSerializer,
    VehicleModelSerializer,
    VehicleTypeSerializer,
)
from sync.views import SinceMixin

KEPT_SECONDS = 24 * 3600
UNKEPT = frozenset({"search", "cursor"})  # anybody's words: too many to keep


def by_key(path: str, key: str) -> Q:
    """By id or by code."""
    try:
        return Q(**{f"{path}_id": UUID(key)})
    except ValueError:
        return Q(**{f"{path}__code": key})


class CataloguePages(ScopedMixin, GenericViewSet[Any]):
    """A list and its details; no account is needed, and none is looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    lookup_value_converter = "uuid"
    ordering = "name"
    ordering_fields: ClassVar[tuple[str, ...]] = ("name", "updated_at")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._kept(request, self._first_answer)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return self._kept(request, lambda: self.get_serializer(self.get_object()).data)

    def _first_answer(self) -> Any:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.paginator.envelope(self.get_serializer(rows, many=True).data)  # type: ignore[union-attr]

    def _kept(self, request: Request, make: Any) -> Response:
        version = catalogue_version()
        media = request.accepted_media_type or ""
        key = sha256(f"{version} {media} {request.build_absolute_uri()}".encode()).hexdigest()[:32]
        tag = f'"{key}"'
        headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers=headers)
        body = cache.get(f"catalogue:{key}")
        if body is None:
            body = Json().render(make(), media, {"view": self})
            if not UNKEPT & set(request.query_params):
                cache.set(f"catalogue:{key}", body, KEPT_SECONDS)
        kind = "application/json; case=camel" if "case=camel" in media.replace(" ", "") else None
        return Response(body, headers=headers, content_type=kind)


class CatalogueView(SinceMixin, CataloguePages):
    """Also tells what changed since an instant; those answers are nobody else's and are not kept."""


class BrandFilter(filters.FilterSet):
    vehicle_type = filters.CharFilter(method="of_type", help_text="Id or code: brands with such vehicles.")
    search = filters.CharFilter(field_name="name", lookup_expr="icontains")

    class Meta:
        model = VehicleBrand
        fields: ClassVar[list[str]] = []

    def of_type(self, rows: QuerySet[VehicleBrand], name: str, value: str) -> QuerySet[VehicleBrand]:
        models = VehicleModel.objects.filter(
            by_key("vehicle_type", value), brand=OuterRef("pk"), deleted_at=None
        )
        return rows.filter(Exists(models))


class ModelFilter(filters.FilterSet):
    vehicle_brand = filters.CharFilter(method="of_brand", help_text="Id or code.")
    vehicle_type = filters.CharFilter(method="of_type", help_text="Id or code.")
    year = filters.NumberFilter(method="made_in", help_text="Made in this year.")
    fuel_type = filters.ChoiceFilter(choices=FuelType.choices)
    ecu_family = filters.CharFilter(lookup_expr="icontains")
    search = filters.CharFilter(method="by_words", help_text="Words of model, generation and brand.")

    class Meta:
        model = VehicleModel
        fields: ClassVar[list[str]] = []

    def of_brand(self, rows: QuerySet[VehicleModel], name: str, value: str) -> QuerySet[VehicleModel]:
        return rows.filter(by_key("brand", value))

    def of_type(self, rows: QuerySet[VehicleModel], name: str, value: str) -> QuerySet[VehicleModel]:
        return rows.filter(by_key("vehicle_type", value))

    def made_in(self, rows: QuerySet[VehicleModel], name: str, value: int) -> QuerySet[VehicleModel]:
        return rows.filter(Q(year_to=None) | Q(year_to__gte=value), year_from__lte=value)

    def by_words(self, rows: QuerySet[VehicleModel], name: str, value: str) -> QuerySet[VehicleModel]:
        return rows.filter(named("name", value))


class VehicleTypeView(CatalogueView):
    model = VehicleType
    collection = "vehicle_types"
    serializer_class = VehicleTypeSerializer


class VehicleBrandView(CatalogueView):
    model = VehicleBrand
    collection = "vehicle_brands"
    serializer_class = VehicleBrandSerializer
    filterset_class = BrandFilter


class VehicleModelView(CatalogueView):
    model = VehicleModel
    collection = "vehicle_models"
    serializer_class = VehicleModelSerializer
    filterset_class = ModelFilter
    ordering_fields: ClassVar[tuple[str, ...]] = ("name", "year_from", "updated_at")

    def shape(self, rows: Any) -> QuerySet[VehicleModel]:
        return rows.select_related("brand", "vehicle_type")  # type: ignore[no-any-return]
