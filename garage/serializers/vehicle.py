"""A vehicle as clients write and read it. The answers of the hot routes come from selectors/vehicles.py."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core import clock
from core.fields import InstantField, StrictCharField
from core.files.services import public_address
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import Aspiration, Connection, FuelType, Vehicle
from garage.models.vehicle import FIRST_YEAR, MAX_ODOMETER_KM
from garage.vin import VinError, normalise_vin, validate_vin

_PUBLIC_FILE = re.compile(r"/files/([0-9a-f-]{36})/public/$")
_TENTH = Decimal("0.1")
FUEL_WORDS = [*FuelType.choices, ("gasoline", "The same as petrol")]


class OptionalText(StrictCharField):
    """Text that may be absent: null and "" are the same."""

    def __init__(self, max_length: int, **extra: Any) -> None:
        super().__init__(max_length=max_length, required=False, allow_blank=True, allow_null=True, **extra)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": MAX_ODOMETER_KM})
class KilometresField(serializers.Field[Any, Any, Any, Any]):
    """A distance in km, kept to a tenth; a JSON number."""

    default_error_messages = {
        "number": "Give a number of kilometres.",
        "range": "Give a number from 0 to {most}.",
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float | str) or len(str(data)) > 24:
            self.fail("number")
        try:
            value = Decimal(str(data))
        except InvalidOperation:
            self.fail("number")
        if not value.is_finite():
            self.fail("number")
        if not 0 <= value <= MAX_ODOMETER_KM:
            self.fail("range", most=f"{MAX_ODOMETER_KM:,}")
        return value.quantize(_TENTH)

    def to_representation(self, value: Any) -> Any:
        return value


class VinField(OptionalText):
    """Normalised and checked as far as its market has rules; "" removes it."""

    def to_internal_value(self, data: Any) -> str:
        vin = normalise_vin(super().to_internal_value(data))
        if vin:
            try:
                validate_vin(vin)
            except VinError as problem:
                raise ValidationError(problem.message, code=problem.code) from None
        return vin


class FuelField(serializers.ChoiceField):
    """`gasoline` is petrol."""

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(FuelType.PETROL.value if data == "gasoline" else data)
        return value


@extend_schema_field({"type": "string"})
class PhotoField(serializers.Field[Any, Any, Any, Any]):
    """In: the id of a completed file of purpose `photo` (its address does too), null to remove. Out: its address."""

    default_error_messages = {"file": "Give the id of an uploaded photo."}

    def to_internal_value(self, data: Any) -> UUID:
        found = _PUBLIC_FILE.search(data) if isinstance(data, str) else None
        try:
            return UUID(found[1] if found else data)
        except (ValueError, TypeError, AttributeError):
            self.fail("file")

    def to_representation(self, value: UUID) -> str:
        return public_address(value)


def measure(digits: int, places: int, most: int, **extra: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        digits, places, min_value=0, max_value=most, required=False, allow_null=True, **extra
    )


def whole(least: int, most: int, **extra: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=least, max_value=most, required=False, allow_null=True, **extra)


class VehicleEcuSerializer(StrictSerializer):
    """Who the ECU says it is."""

    family = OptionalText(80, source="ecu_family")
    hardware = OptionalText(80, source="ecu_hardware")
    software = OptionalText(80, source="ecu_software")
    calibration_id = OptionalText(80, source="ecu_calibration_id")


class VehicleEngineSerializer(StrictSerializer):
    """Units stand in the names; compression is x in x:1."""

    displacement_cc = measure(6, 1, 30_000, source="engine_displacement_cc")
    cylinders = whole(1, 24, source="engine_cylinders")
    stroke = serializers.ChoiceField([2, 4], source="engine_stroke", required=False, allow_null=True)
    aspiration = serializers.ChoiceField(
        Aspiration.choices, source="engine_aspiration", required=False, allow_blank=True, allow_null=True
    )
    redline_rpm = whole(500, 30_000, source="engine_redline_rpm")
    compression = measure(4, 2, 40, source="engine_compression")
    injector_cc_min = measure(6, 1, 20_000, source="engine_injector_cc_min")


class VehicleSerializer(StrictModelSerializer[Vehicle]):
    id = serializers.UUIDField(required=False)
    user = serializers.UUIDField(source="owner_id", read_only=True, help_text="Its owner.")
    nickname = OptionalText(80)
    vin = VinField(40)
    vin_notes = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What the VIN says that deserves a look."
    )
    make = StrictCharField(max_length=80, required=False)
    model = StrictCharField(max_length=80, required=False)
    trim = OptionalText(80)
    year = serializers.IntegerField(min_value=FIRST_YEAR, required=False, allow_null=True)
    license_plate = OptionalText(20)
    odometer_km = KilometresField(required=False, allow_null=True)
    odometer = KilometresField(
        source="odometer_km", required=False, allow_null=True, help_text="The same as odometer_km."
    )
    odometer_correction = serializers.BooleanField(
        write_only=True, required=False, help_text="This reading may be lower: the one before was wrong."
    )
    fuel_type = FuelField(FUEL_WORDS, required=False, allow_blank=True, allow_null=True)
    dongle_id = OptionalText(64)
    dongle_connection_type = serializers.ChoiceField(
        Connection.choices, required=False, allow_blank=True, allow_null=True
    )
    vehicle_model_id = serializers.UUIDField(required=False, allow_null=True)
    ecu = VehicleEcuSerializer(source="*", required=False)
    engine = VehicleEngineSerializer(source="*", required=False)
    mods = serializers.ListField(child=StrictCharField(max_length=120), max_length=100, required=False)
    notes = OptionalText(4000)
    photo = PhotoField(source="photo_file_id", required=False, allow_null=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    class Meta:
        model = Vehicle
        fields = [
            "id", "user", "nickname", "vin", "vin_notes", "make", "model", "trim", "year", "license_plate",
            "odometer_km", "odometer", "odometer_correction", "fuel_type", "dongle_id",
            "dongle_connection_type", "vehicle_model_id", "ecu", "engine", "mods", "notes", "photo",
            "created_at", "updated_at", "rev",
        ]  # fmt: skip
        read_only_fields = ["rev"]
        validators: list[Any] = []

    def to_internal_value(self, data: Any) -> Any:
        columns: dict[str, Any] = super().to_internal_value(data)
        if isinstance(data, dict):
            _same_reading(data)
        return {name: "" if value is None and name in TEXTS else value for name, value in columns.items()}

    def validate_year(self, year: int | None) -> int | None:
        latest = clock.now().year + 1
        if year is not None and year > latest:
            raise ValidationError(f"Ensure this value is less than or equal to {latest}.")
        return year


class FlatVehicleSerializer(VehicleSerializer):
    """The same rules for the flat rows of sync: their names are those of the columns."""

    ecu = None  # type: ignore[assignment]  # None takes an inherited field away
    engine = None  # type: ignore[assignment]
    odometer = None  # type: ignore[assignment]
    user = None  # type: ignore[assignment]
    photo = None  # type: ignore[assignment]
    ecu_family = OptionalText(80)
    ecu_hardware = OptionalText(80)
    ecu_software = OptionalText(80)
    ecu_calibration_id = OptionalText(80)
    engine_displacement_cc = measure(6, 1, 30_000)
    engine_cylinders = whole(1, 24)
    engine_stroke = serializers.ChoiceField([2, 4], required=False, allow_null=True)
    engine_aspiration = serializers.ChoiceField(
        Aspiration.choices, required=False, allow_blank=True, allow_null=True
    )
    engine_redline_rpm = whole(500, 30_000)
    engine_compression = measure(4, 2, 40)
    engine_injector_cc_min = measure(6, 1, 20_000)
    photo_file_id = serializers.UUIDField(required=False, allow_null=True)

    class Meta(VehicleSerializer.Meta):
        fields = [
            "id", "nickname", "vin", "make", "model", "trim", "year", "license_plate", "odometer_km",
            "odometer_correction", "fuel_type", "dongle_id", "dongle_connection_type", "vehicle_model_id",
            "ecu_family", "ecu_hardware", "ecu_software", "ecu_calibration_id", "engine_displacement_cc",
            "engine_cylinders", "engine_stroke", "engine_aspiration", "engine_redline_rpm",
            "engine_compression", "engine_injector_cc_min", "mods", "notes", "photo_file_id", "vin_notes",
            "created_at", "updated_at", "rev",
        ]  # fmt: skip


TEXTS = frozenset(
    field.attname
    for field in Vehicle._meta.concrete_fields
    if field.get_internal_type() in {"CharField", "TextField"}
)


def _same_reading(data: dict[str, Any]) -> None:
    """`odometer` and `odometer_km` together must agree: an old client sends back what it read."""
    given = [data[name] for name in ("odometer_km", "odometer", "odometerKm") if name in data]
    if len(given) > 1 and any(value != given[0] for value in given):
        raise ValidationError({"odometer": ["This differs from odometer_km."]})


class LinkDongleInput(StrictSerializer):
    dongle_id = StrictCharField(max_length=64)
    connection_type = serializers.ChoiceField(Connection.choices)


class VinQuery(StrictSerializer):
    vin = StrictCharField(max_length=40)


class VinFactsSerializer(StrictSerializer):
    """What a VIN says; null where this one doesn't tell."""

    vin = serializers.CharField()
    wmi = serializers.CharField()
    wmi_extension = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True, help_text="ISO 3166-1 alpha-2.")
    maker = serializers.CharField(allow_null=True)
    vehicle_kind = serializers.CharField(allow_null=True)
    vds = serializers.CharField()
    vis = serializers.CharField()
    check_digit_present = serializers.BooleanField()
    check_digit_ok = serializers.BooleanField(allow_null=True)
    model_year = serializers.IntegerField(allow_null=True)
    year_candidates = serializers.ListField(child=serializers.IntegerField())
    year_basis = serializers.CharField(allow_null=True)
    plant = serializers.CharField()
    serial = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
