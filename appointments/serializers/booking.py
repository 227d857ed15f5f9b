"""Bookings, in and out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from appointments.errors import SlotNotOffered
from appointments.models import Appointment, Location, PaymentMethod, Service, ServicePlace, Status
from appointments.services.booking import Wish, default_shop
from appointments.slots import MAX_DAYS, Edge, WallClockError, local_to_utc
from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import Vehicle, VehicleModel
from users.phones import BadPhone, normalise_phone

MAX_SERVICES = 20


class OpenLocation(VisibleField):
    """A shop that takes bookings."""

    def to_internal_value(self, data: Any) -> Any:
        row = super().to_internal_value(data)
        if not row.active:
            self.fail("absent")
        return row


class WhenMixin:
    """`start_time` is an instant, `appointment_date` + `appointment_time` the wall clock of the shop."""

    def start_of(self, data: Mapping[str, Any], location: Location) -> datetime:
        day, at, instant = (data.get(name) for name in ("appointment_date", "appointment_time", "start_time"))
        if instant is not None:
            if day is not None or at is not None:
                raise ValidationError({"start_time": ["Give an instant, or date and time, not both."]})
            found: datetime = instant
            return found
        missing = [
            name for name, value in (("appointment_date", day), ("appointment_time", at)) if value is None
        ]
        if day is None or at is None:
            text = "Give start_time, or appointment_date and appointment_time."
            raise ValidationError({"start_time" if len(missing) == 2 else missing[0]: [text]})
        try:
            return local_to_utc(day, at, location.zone, Edge.EXACT)
        except WallClockError as problem:
            raise SlotNotOffered(problem.reason, field="appointment_time") from None
        except OverflowError:
            raise ValidationError({"appointment_date": ["This is beyond the calendar."]}) from None


class BookingInput(WhenMixin, StrictSerializer):
    """What to book, when, where and for which vehicle; `to_wish` reads it after `is_valid`."""

    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False, allow_null=True)
    vehicle_model_id = VisibleField(VehicleModel, source="vehicle_model", required=False, allow_null=True)
    location_id = OpenLocation(
        Location, source="location", required=False, allow_null=True, help_text="The default shop without."
    )
    start_time = InstantField(required=False)
    appointment_date = serializers.DateField(required=False)
    appointment_time = serializers.TimeField(required=False, help_text="Wall clock of the shop.")
    services = serializers.ListField(
        child=StrictCharField(max_length=60), required=False, min_length=1, max_length=MAX_SERVICES,
        help_text="Codes.",
    )  # fmt: skip
    service_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MAX_SERVICES
    )
    service_location = serializers.ChoiceField(choices=ServicePlace.choices, default=ServicePlace.SHOP)
    address = StrictCharField(required=False, allow_blank=True, max_length=300)
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices, default=PaymentMethod.CASH)
    offer_id = serializers.UUIDField(required=False, allow_null=True)
    rewards_minor = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53 - 1,
        help_text="Of one's rewards, to pay what is due now.",
    )
    notes = StrictCharField(required=False, allow_blank=True, max_length=2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("vehicle") is None and attrs.get("vehicle_model") is None:
            raise ValidationError({"vehicle_id": ["Give vehicle_id or vehicle_model_id."]})
        if attrs["service_location"] == ServicePlace.HOME and not attrs.get("address", "").strip():
            raise ValidationError({"address": ["Where shall we come to?"]})
        field, attrs["found"] = find_services(attrs.get("services"), attrs.get("service_ids"))
        if not attrs["found"]:
            raise ValidationError({field: ["Name at least one service."]})
        attrs["field"] = field
        return attrs

    def to_wish(self) -> Wish:
        """Raises SlotNotOffered for a wall-clock time that is missing or ambiguous, NoShop."""
        data = self.validated_data
        location = data.get("location") or default_shop()
        return Wish(
            services=data["found"],
            start=self.start_of(data, location),
            location=location,
            vehicle=data.get("vehicle"),
            vehicle_model=data.get("vehicle_model"),
            service_location=data["service_location"],
            address=data.get("address", "") if data["service_location"] == ServicePlace.HOME else "",
            payment_method=data["payment_method"],
            offer_id=data.get("offer_id"),
            rewards_minor=data.get("rewards_minor", 0),
            notes=data.get("notes", ""),
            field=data["field"],
        )


def find_services(codes: list[str] | None, ids: list[UUID] | None) -> tuple[str, list[Service]]:
    """(the field that named them, the services in the order of asking, each once). Raises ValidationError."""
    if codes is not None and ids is not None:
        raise ValidationError({"services": ["Give services or service_ids, not both."]})
    field, wanted, key = ("service_ids", ids, "pk") if ids is not None else ("services", codes, "code")
    if not wanted:
        return field, []
    rows = Service.objects.live().filter(active=True, **{f"{key}__in": wanted})
    found = {getattr(row, key): row for row in rows}
    if unknown := [str(one) for one in wanted if one not in found]:
        raise ValidationError({field: [f"There is no such service: {', '.join(unknown)}."]})
    return field, [found[one] for one in dict.fromkeys(wanted)]


class PhoneField(StrictCharField):
    """E.164 out of whatever people write."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise_phone(super().to_internal_value(data))
        except BadPhone as problem:
            raise ValidationError(str(problem)) from None


class GuestBookingInput(BookingInput):
    customer_name = StrictCharField(max_length=120)
    customer_phone = PhoneField(max_length=40)
    customer_email = serializers.EmailField(required=False, allow_blank=True)


class WalkInInput(GuestBookingInput):
    """A booking by staff: notice and horizon don't count, and the bay may be named."""

    bay_id = serializers.UUIDField(required=False, allow_null=True)
    technician_id = serializers.UUIDField(required=False, allow_null=True)


class RescheduleInput(WhenMixin, StrictSerializer):
    start_time = InstantField(required=False)
    appointment_date = serializers.DateField(required=False)
    appointment_time = serializers.TimeField(required=False)


class CancelInput(StrictSerializer):
    reason = StrictCharField(required=False, allow_blank=True, max_length=300)


class BookingPaymentSerializer(StrictSerializer):
    """The order to pay; the full payment stands at payments/{id}/."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    amount_minor = serializers.IntegerField()
    rewards_minor = serializers.IntegerField(help_text="Paid with rewards, on top of amount_minor.")
    currency = serializers.CharField()
    gateway = serializers.CharField()
    gateway_order_id = serializers.CharField(allow_null=True)
    expires_at = InstantField(allow_null=True)
    checkout_url = serializers.CharField(allow_null=True, help_text="Where a browser can pay; sandbox only.")


class LineSerializer(StrictSerializer):
    service_id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    minutes = serializers.IntegerField()
    price_minor = serializers.IntegerField()
    discount_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField(help_text="Part of the price.")


class AppointmentSerializer(StrictModelSerializer[Appointment]):
    """`payment` comes from the context (`payments`: by id), so that a list costs one statement for all."""

    start_time = InstantField(source="start_at", read_only=True)
    end_time = InstantField(source="end_at", read_only=True)
    timezone = serializers.CharField(source="location.tz", read_only=True)
    location_id = serializers.UUIDField(read_only=True)
    location_name = serializers.CharField(source="location.name", read_only=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    vehicle_model_id = serializers.UUIDField(read_only=True, allow_null=True)
    services = LineSerializer(source="lines", many=True, read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    payment = serializers.SerializerMethodField()

    class Meta:
        model = Appointment
        fields = [
            "id", "reference", "status", "start_time", "end_time", "timezone", "location_id", "location_name",
            "vehicle_id", "vehicle_model_id", "services", "service_location", "address", "payment_method",
            "total_minor", "discount_minor", "commission_free_minor", "due_minor", "paid_minor", "fee_minor",
            "currency", "hold_expires_at", "payment", "notes", "source", "sequence", "reschedule_count", "odometer_km",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(BookingPaymentSerializer(allow_null=True))
    def get_payment(self, row: Appointment) -> Any:
        found = self.context.get("payments", {}).get(row.pk)
        return BookingPaymentSerializer(found).data if found else None


class GuestAppointmentSerializer(AppointmentSerializer):
    """A guest's own booking; `guest_token` is shown once, when it is made."""

    guest_token = serializers.SerializerMethodField()

    class Meta(AppointmentSerializer.Meta):
        fields = [
            *AppointmentSerializer.Meta.fields,
            "customer_name",
            "customer_phone",
            "customer_email",
            "guest_token",
        ]
        read_only_fields = fields

    def get_guest_token(self, row: Appointment) -> str | None:
        return self.context.get("guest_token") or None


class AvailabilityQuery(StrictSerializer):
    location_id = OpenLocation(Location, source="location", required=False)
    date = serializers.DateField(required=False)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    services = StrictCharField(required=False, help_text="Codes, with commas.")
    service_ids = StrictCharField(required=False, help_text="Ids, with commas.")
    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False)
    vehicle_model_id = serializers.UUIDField(required=False)
    service_location = serializers.ChoiceField(choices=ServicePlace.choices, default=ServicePlace.SHOP)

    def validate_service_ids(self, value: str) -> list[UUID]:
        try:
            return [UUID(part.strip()) for part in value.split(",")]
        except ValueError:
            raise ValidationError("Give ids, separated by commas.") from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (day := attrs.get("date")) is not None:
            if attrs.get("date_from") or attrs.get("date_to"):
                raise ValidationError({"date": ["Give a date, or date_from and date_to."]})
            attrs["date_from"] = attrs["date_to"] = day
        for name in ("date_from", "date_to"):
            if attrs.get(name) is None:
                raise ValidationError({name: ["Give a date, or date_from and date_to."]})
            if not 2 <= attrs[name].year <= 9998:
                raise ValidationError({name: ["This is beyond the calendar."]})
        days = (attrs["date_to"] - attrs["date_from"]).days + 1
        if not 1 <= days <= MAX_DAYS:
            raise ValidationError({"date_to": [f"Ask for 1 to {MAX_DAYS} days at once."]})
        codes = [code.strip() for code in attrs["services"].split(",")] if "services" in attrs else None
        if max(len(codes or ()), len(attrs.get("service_ids") or ())) > MAX_SERVICES:
            raise ValidationError({"services": [f"At most {MAX_SERVICES} services at once."]})
        _, attrs["found"] = find_services(codes, attrs.get("service_ids"))
        return attrs


class SlotSerializer(StrictSerializer):
    start = InstantField()
    end = InstantField()
    remaining = serializers.IntegerField(help_text="How many of these could still start then.")


class AvailabilityOutput(StrictSerializer):
    available_slots = SlotSerializer(many=True)
