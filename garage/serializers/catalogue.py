"""The catalogue as clients read it."""

from rest_framework import serializers

from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import VehicleBrand, VehicleModel, VehicleType


class VehicleTypeSerializer(StrictModelSerializer[VehicleType]):
    class Meta:
        model = VehicleType
        fields = ["id", "code", "name", "updated_at"]
        read_only_fields = fields


class VehicleBrandSerializer(StrictModelSerializer[VehicleBrand]):
    class Meta:
        model = VehicleBrand
        fields = ["id", "code", "name", "country", "wmi", "updated_at"]
        read_only_fields = fields


class CatalogueEngine(StrictSerializer):
    """Units stand in the names; compression is x in x:1. A null: nobody is sure."""

    displacement_cc = serializers.DecimalField(6, 1, source="engine_displacement_cc", allow_null=True)
    cylinders = serializers.IntegerField(source="engine_cylinders", allow_null=True)
    stroke = serializers.IntegerField(source="engine_stroke", allow_null=True)
    aspiration = serializers.CharField(source="engine_aspiration")
    cooling = serializers.CharField(source="engine_cooling")
    compression = serializers.DecimalField(4, 2, source="engine_compression", allow_null=True)
    redline_rpm = serializers.IntegerField(source="engine_redline_rpm", allow_null=True)
    power_kw = serializers.DecimalField(6, 2, source="engine_power_kw", allow_null=True)
    torque_nm = serializers.DecimalField(6, 2, source="engine_torque_nm", allow_null=True)


class CatalogueEcu(StrictSerializer):
    maker = serializers.CharField(source="ecu_maker")
    family = serializers.CharField(source="ecu_family")


class VehicleModelSerializer(StrictModelSerializer[VehicleModel]):
    vehicle_brand = serializers.UUIDField(source="brand_id", read_only=True)
    brand_name = serializers.CharField(source="brand.name", read_only=True)
    vehicle_type = serializers.UUIDField(source="vehicle_type_id", read_only=True)
    type_code = serializers.CharField(source="vehicle_type.code", read_only=True)
    engine = CatalogueEngine(source="*", read_only=True)
    ecu = CatalogueEcu(source="*", read_only=True)

    class Meta:
        model = VehicleModel
        fields = [
            "id", "code", "name", "generation", "vehicle_brand", "brand_name", "vehicle_type", "type_code",
            "year_from", "year_to", "fuel_type", "engine", "ecu", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
