"""The views of the plain peer."""

from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from rest_framework import serializers, viewsets
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import AccessToken

from bench.plain.models import Seller, Tune, Vehicle
from bench.plain.pagination import NewestPublished

User = get_user_model()


class Register(APIView):
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        user = User.objects.create_user(username=request.data["email"], password=request.data["password"])
        return Response({"id": user.pk}, status=201)


class Login(APIView):
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        user = authenticate(username=request.data["email"], password=request.data["password"])
        if user is None:
            raise AuthenticationFailed
        return Response({"access_token": str(AccessToken.for_user(user))})


class EcuSerializer(serializers.Serializer[Vehicle]):
    family = serializers.CharField(source="ecu_family", max_length=80, required=False, allow_blank=True)
    hardware = serializers.CharField(source="ecu_hardware", max_length=80, required=False, allow_blank=True)
    software = serializers.CharField(source="ecu_software", max_length=80, required=False, allow_blank=True)
    calibration_id = serializers.CharField(
        source="ecu_calibration_id", max_length=80, required=False, allow_blank=True
    )


class EngineSerializer(serializers.ModelSerializer[Vehicle]):
    displacement_cc = serializers.DecimalField(6, 1, source="engine_displacement_cc", required=False)
    cylinders = serializers.IntegerField(source="engine_cylinders", required=False)
    stroke = serializers.IntegerField(source="engine_stroke", required=False)
    aspiration = serializers.CharField(source="engine_aspiration", required=False, allow_blank=True)
    redline_rpm = serializers.IntegerField(source="engine_redline_rpm", required=False)
    compression = serializers.DecimalField(4, 2, source="engine_compression", required=False)
    injector_cc_min = serializers.DecimalField(6, 1, source="engine_injector_cc_min", required=False)

    class Meta:
        model = Vehicle
        fields = [
            "displacement_cc", "cylinders", "stroke", "aspiration", "redline_rpm", "compression",
            "injector_cc_min",
        ]  # fmt: skip


class VehicleSerializer(serializers.ModelSerializer[Vehicle]):
    user = serializers.PrimaryKeyRelatedField(source="owner", read_only=True)
    ecu = EcuSerializer(source="*", required=False)
    engine = EngineSerializer(source="*", required=False)

    class Meta:
        model = Vehicle
        fields = [
            "id", "user", "nickname", "vin", "vin_notes", "make", "model", "trim", "year", "license_plate",
            "odometer_km", "fuel_type", "dongle_id", "dongle_connection_type", "vehicle_model_id", "ecu",
            "engine", "mods", "notes", "photo", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["vin_notes"]


class VehicleViewSet(viewsets.ModelViewSet[Vehicle]):
    serializer_class = VehicleSerializer

    def get_queryset(self) -> QuerySet[Vehicle]:
        return Vehicle.objects.filter(owner=self.request.user)

    def perform_create(self, serializer: serializers.BaseSerializer[Vehicle]) -> None:
        vehicle = serializer.save(owner=self.request.user)
        if vehicle.odometer_km is not None:
            vehicle.readings.create(reading_km=vehicle.odometer_km)

    def perform_update(self, serializer: serializers.BaseSerializer[Vehicle]) -> None:
        before = serializer.instance.odometer_km if serializer.instance else None
        vehicle = serializer.save()
        if vehicle.odometer_km not in {None, before}:
            vehicle.readings.create(reading_km=vehicle.odometer_km)


class SellerSerializer(serializers.ModelSerializer[Seller]):
    class Meta:
        model = Seller
        fields = ["id", "business"]


class TuneSerializer(serializers.ModelSerializer[Tune]):
    tuner = SellerSerializer(source="seller")
    fits = serializers.StringRelatedField(source="rows", many=True)

    class Meta:
        model = Tune
        fields = [
            "id", "title", "summary", "stage", "fuel_type", "price_minor", "currency", "vin_bound", "picture",
            "gain_power_kw", "gain_torque_nm", "rating", "rating_count", "score", "sales_count", "tuner", "fits",
            "version_number", "published_at",
        ]  # fmt: skip


class TuneViewSet(viewsets.ReadOnlyModelViewSet[Tune]):
    serializer_class = TuneSerializer
    pagination_class = NewestPublished

    def get_queryset(self) -> QuerySet[Tune]:
        rows = Tune.objects.select_related("seller").prefetch_related("rows")
        if words := self.request.query_params.get("search"):
            for word in words.split():
                rows = rows.filter(
                    Q(title__icontains=word) | Q(summary__icontains=word) | Q(description__icontains=word)
                )
        if make := self.request.query_params.get("make"):
            rows = rows.filter(rows__make__iexact=make).distinct()
        return rows


class FacetedTuneViewSet(TuneViewSet):
    """The same page, and how many of the matches have what."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        rows = self.get_queryset().order_by()
        response.data["facets"] = {
            name: list(rows.values(field).annotate(count=Count("id", distinct=True)).order_by("-count")[:20])
            for name, field in (("make", "rows__make"), ("model", "rows__model"), ("stage", "stage"), ("fuel", "fuel_type"))
        } | {"matches": rows.count()}  # fmt: skip
        return response


class Pull(APIView):
    """Sync as it is mostly written: all that was updated after a time (which loses what commits late)."""

    def post(self, request: Request) -> Response:
        now = timezone.now()
        rows = Vehicle.objects.filter(owner=request.user)
        if since := request.data.get("cursor"):
            rows = rows.filter(updated_at__gt=since).order_by("updated_at")
        else:
            rows = rows.order_by("id")
        if limit := request.data.get("limit"):
            rows = rows[:limit]
        updated = VehicleSerializer(rows, many=True).data
        changes = {"vehicles": {"created": [], "updated": updated, "deleted": []}} if updated else {}
        return Response({"changes": changes, "cursor": now, "has_more": False})


class Nothing(APIView):
    """The least that an endpoint behind a login can do."""

    def get(self, request: Request) -> Response:
        return Response({"collections": []})
