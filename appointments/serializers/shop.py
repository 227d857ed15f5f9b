"""Shops, services, prices, offers, the waiting line and the staff's own shapes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from appointments.models import (
    Appointment,
    Location,
    Offer,
    OpeningRule,
    Service,
    ServiceCategory,
    Status,
    WaitlistEntry,
)
from appointments.serializers.booking import AppointmentSerializer, OpenLocation, find_services
from appointments.slots import MAX_DAYS
from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import Vehicle, VehicleModel

FINAL = {Status.EXPIRED, Status.PENDING_PAYMENT}
SETTABLE = [choice for choice in Status.choices if choice[0] not in FINAL]


class OpeningRuleSerializer(StrictModelSerializer[OpeningRule]):
    class Meta:
        model = OpeningRule
        fields = ["weekday", "opens", "closes", "valid_from", "valid_to"]
        read_only_fields = fields


class LocationSerializer(StrictModelSerializer[Location]):
    timezone = serializers.CharField(source="tz", read_only=True)
    opening_hours = serializers.SerializerMethodField(help_text="Local times; Monday is 0.")

    class Meta:
        model = Location
        fields = [
            "id", "name", "timezone", "address", "phone", "email", "about", "lat", "lng", "currency", "is_default",
            "slot_step", "min_notice", "horizon_days", "confirm_by_hand", "deposit_bps", "cancel_notice",
            "late_fee_bps", "reschedule_notice", "reschedule_limit", "opening_hours", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpeningRuleSerializer(many=True))
    def get_opening_hours(self, row: Location) -> Any:
        live = [rule for rule in row.rules.all() if rule.deleted_at is None]
        return OpeningRuleSerializer(live, many=True).data


class ServiceCategorySerializer(StrictModelSerializer[ServiceCategory]):
    class Meta:
        model = ServiceCategory
        fields = ["id", "code", "name", "description", "position", "updated_at"]
        read_only_fields = fields


class WorkshopServiceSerializer(StrictModelSerializer[Service]):
    category_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Service
        fields = ["id", "category_id", "code", "name", "description", "minutes", "at_home", "updated_at"]
        read_only_fields = fields


class PricingQuery(StrictSerializer):
    vehicle_model_id = VisibleField(VehicleModel, source="vehicle_model")
    location_id = OpenLocation(Location, source="location", required=False)


class ServicePriceSerializer(StrictSerializer):
    service_id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    category_id = serializers.UUIDField()
    minutes = serializers.IntegerField()
    price_minor = serializers.IntegerField(help_text="Tax included.")
    tax_minor = serializers.IntegerField()
    currency = serializers.CharField()


class PricingOutput(StrictSerializer):
    location_id = serializers.UUIDField()
    vehicle_model_id = serializers.UUIDField()
    results = ServicePriceSerializer(many=True)


class OfferQuery(StrictSerializer):
    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False)
    lat = serializers.FloatField(required=False, min_value=-90, max_value=90)
    lng = serializers.FloatField(required=False, min_value=-180, max_value=180)
    radius_km = serializers.FloatField(required=False, min_value=0.1, max_value=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, other in (("lat", "lng"), ("lng", "lat"), ("radius_km", "lat")):
            if one in attrs and other not in attrs:
                raise ValidationError({other: ["Give lat and lng together."]})
        return attrs


class OfferSerializer(StrictModelSerializer[Offer]):
    expiry = InstantField(source="expires_at", read_only=True)
    locations = serializers.SerializerMethodField(help_text="Ids; empty: all shops.")
    vehicle_types = serializers.SerializerMethodField(help_text="Ids; empty: all vehicles.")

    class Meta:
        model = Offer
        fields = [
            "id", "title", "description", "terms", "expiry", "eligible_memberships", "locations", "vehicle_types",
            "percent_bps", "amount_minor", "currency", "limit_per_user", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_locations(self, row: Offer) -> list[str]:
        return [str(place.pk) for place in row.locations.all()]

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_vehicle_types(self, row: Offer) -> list[str]:
        return [str(kind.pk) for kind in row.vehicle_types.all()]


class WaitlistInput(StrictSerializer):
    location_id = OpenLocation(Location, source="location")
    services = serializers.ListField(child=StrictCharField(max_length=60), min_length=1, max_length=20)
    vehicle_model_id = VisibleField(VehicleModel, source="vehicle_model", required=False, allow_null=True)
    date_from = serializers.DateField()
    date_to = serializers.DateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not 0 <= (attrs["date_to"] - attrs["date_from"]).days < MAX_DAYS:
            raise ValidationError({"date_to": [f"Wait for 1 to {MAX_DAYS} days, in order."]})
        if not 2 <= attrs["date_from"].year <= 9998 or attrs["date_to"].year > 9998:
            raise ValidationError({"date_from": ["This is beyond the calendar."]})
        _, attrs["services"] = find_services(attrs["services"], None)
        return attrs


class WaitlistOfferSerializer(StrictSerializer):
    id = serializers.UUIDField()
    start_time = InstantField(source="start_at")
    state = serializers.CharField()
    expires_at = InstantField()


class WaitlistSerializer(StrictModelSerializer[WaitlistEntry]):
    location_id = serializers.UUIDField(read_only=True)
    offers = WaitlistOfferSerializer(many=True, read_only=True)
    services = serializers.SerializerMethodField(help_text="Codes.")

    class Meta:
        model = WaitlistEntry
        fields = [
            "id", "location_id", "services", "date_from", "date_to", "state", "offers", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_services(self, row: WaitlistEntry) -> list[str]:
        return [service.code for service in row.services.all()]


class PlaceSerializer(StrictSerializer):
    id = serializers.UUIDField(source="resource_id")
    kind = serializers.CharField(source="resource.kind")
    name = serializers.CharField(source="resource.name")


class StaffAppointmentSerializer(AppointmentSerializer):
    """What the desk sees: also who comes, with which vehicle, and where it stands."""

    customer = serializers.CharField(source="who", read_only=True)
    phone = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    vehicle = serializers.SerializerMethodField()
    places = PlaceSerializer(source="allocations", many=True, read_only=True)

    class Meta(AppointmentSerializer.Meta):
        fields = [*AppointmentSerializer.Meta.fields, "customer", "phone", "email", "vehicle", "places"]
        read_only_fields = fields

    def get_phone(self, row: Appointment) -> str:
        return row.customer_phone or (row.user.phone if row.user else "") or ""

    def get_email(self, row: Appointment) -> str:
        return row.customer_email or (row.user.email if row.user else "") or ""

    def get_vehicle(self, row: Appointment) -> str:
        return str(row.vehicle or row.vehicle_model or "")


class StaffQuery(StrictSerializer):
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    date = serializers.DateField(required=False, help_text="Of each shop's own calendar.")
    search = StrictCharField(required=False, max_length=80, help_text="Reference, name, phone, mail, plate.")
    location_id = serializers.UUIDField(required=False)


class UpdateStatusInput(StrictSerializer):
    status = serializers.ChoiceField(choices=SETTABLE)
    reason = StrictCharField(required=False, allow_blank=True, max_length=300)
    odometer_km = serializers.DecimalField(
        required=False, max_digits=8, decimal_places=1, min_value=0, max_value=5_000_000
    )


class ReassignInput(StrictSerializer):
    bay_id = serializers.UUIDField(required=False)
    technician_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise ValidationError({"bay_id": ["Give bay_id or technician_id."]})
        return attrs


class StatsQuery(StrictSerializer):
    location_id = serializers.UUIDField(required=False)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("date_from", "date_to"):
            if name in attrs and not 2 <= attrs[name].year <= 9998:
                raise ValidationError({name: ["This is beyond the calendar."]})
        return attrs


class StatsOutput(StrictSerializer):
    by_status = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()
    today = serializers.IntegerField(help_text="That start today, by each shop's calendar.")
    booked_minutes = serializers.IntegerField()
    revenue = serializers.DictField(
        child=serializers.IntegerField(), help_text="Minor units of completed visits, by currency."
    )


class CalendarTokenOutput(StrictSerializer):
    url = serializers.CharField(help_text="Whoever has it can read the calendar; shown once.")
