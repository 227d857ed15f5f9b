"""Shops, services and prices: public, kept as bytes under the version key of everything they show."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments.models import Location, Service, ServiceCategory
from appointments.selectors.bookings import shop_version
from appointments.selectors.hours import local_day
from appointments.selectors.pricing import included_tax, price_table
from appointments.serializers.shop import (
    LocationSerializer,
    PricingOutput,
    PricingQuery,
    ServiceCategorySerializer,
    WorkshopServiceSerializer,
)
from appointments.services.booking import default_shop
from core import clock
from core.renderers import Json
from core.views import ScopedMixin

CATALOGUE_SECONDS, PRICES_SECONDS = 3600, 1800


class KeptView(APIView):
    """An answer kept under the version key: an edit of any shop, service or price makes another key."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    kept_seconds: ClassVar[int] = CATALOGUE_SECONDS

    def kept(self, request: Request, make: Callable[[], Any], *, day: str = "") -> Response:
        media = request.accepted_media_type or ""
        words = f"{shop_version()} {media} {request.build_absolute_uri()} {day}"
        key = sha256(words.encode()).hexdigest()[:32]
        headers = {"ETag": f'"{key}"', "Cache-Control": "public, no-cache"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status=304, headers=headers)
        body = cache.get(f"workshop:{key}")
        if body is None:
            body = Json().render(make(), media, {"view": self})
            if "cursor" not in request.query_params:
                cache.set(f"workshop:{key}", body, self.kept_seconds)
        kind = "application/json; case=camel" if "case=camel" in media.replace(" ", "") else None
        return Response(body, headers=headers, content_type=kind)


class KeptList(KeptView, ScopedMixin, GenericAPIView[Any]):
    ordering: ClassVar[str] = "name"
    ordering_fields: ClassVar[tuple[str, ...]] = ("name", "created_at")

    def get(self, request: Request) -> Response:
        return self.kept(request, self._first)

    def _first(self) -> Any:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.paginator.envelope(self.get_serializer(rows, many=True).data)  # type: ignore[union-attr]


class LocationsView(KeptList):
    """Shops that take bookings."""

    model = Location
    serializer_class = LocationSerializer

    def shape(self, rows: Any) -> QuerySet[Location]:
        return rows.filter(active=True).prefetch_related("rules")  # type: ignore[no-any-return]

    @extend_schema(responses=LocationSerializer(many=True))
    def get(self, request: Request) -> Response:
        return super().get(request)


class ShopInfoView(KeptView):
    """The default shop."""

    @extend_schema(responses=LocationSerializer)
    def get(self, request: Request) -> Response:
        return self.kept(request, lambda: LocationSerializer(default_shop()).data)


class CategoriesView(KeptList):
    model = ServiceCategory
    serializer_class = ServiceCategorySerializer
    ordering = "position"
    ordering_fields = ("position", "name")

    @extend_schema(responses=ServiceCategorySerializer(many=True))
    def get(self, request: Request) -> Response:
        return super().get(request)


class ServicesView(KeptList):
    model = Service
    serializer_class = WorkshopServiceSerializer

    def shape(self, rows: Any) -> QuerySet[Service]:
        rows = rows.filter(active=True)
        if (category := self.request.query_params.get("category_id")) is not None:
            try:
                rows = rows.filter(category_id=UUID(category))
            except ValueError:
                raise ValidationError({"category_id": ["Give the id of a category."]}) from None
        return rows  # type: ignore[no-any-return]

    @extend_schema(
        parameters=[OpenApiParameter("category_id", UUID)], responses=WorkshopServiceSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        return super().get(request)


class PricingView(KeptView):
    """What every service costs today for one vehicle model at one shop; services without a price are absent."""

    kept_seconds = PRICES_SECONDS

    @extend_schema(parameters=[PricingQuery], responses=PricingOutput)
    def get(self, request: Request) -> Response:
        form = PricingQuery(data=request.query_params, context={"request": request})
        form.is_valid(raise_exception=True)
        location = form.validated_data.get("location") or default_shop()
        day = local_day(location, clock.now())
        model_id = form.validated_data["vehicle_model"].pk
        return self.kept(request, lambda: self._prices(location, model_id, day), day=f"{location.pk} {day}")

    def _prices(self, location: Location, model_id: UUID, day: Any) -> Any:
        services = list(Service.objects.live().filter(active=True).order_by("category__position", "name"))
        table = price_table(services, location=location, vehicle_model_id=model_id, first=day, last=day)
        found = table.on(day)
        rows = [
            {
                "service_id": service.pk,
                "code": service.code,
                "name": service.name,
                "category_id": service.category_id,
                "minutes": row.minutes or service.minutes,
                "price_minor": row.price_minor,
                "tax_minor": included_tax(row.price_minor, location.tax_bps),
                "currency": row.currency,
            }
            for service in services
            if (row := found.get(service.pk)) is not None
        ]
        answer = {"location_id": location.pk, "vehicle_model_id": model_id, "results": rows}
        return PricingOutput(answer).data
