"""The owner's log. Each row names a vehicle of the caller; what it cost is minor units and a currency, or neither."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core import clock
from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import Document, FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord, Vehicle
from garage.models.choices import FuelUnit, ReadingSource
from garage.reminding import Due, urgency
from garage.serializers.vehicle import KilometresField, OptionalText

MOST_MINOR = 10**13
FIRST_DAY = date(1885, 1, 1)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LAST_DAY = date(2200, 12, 31)


class DayField(serializers.DateField):
    """A calendar day, YYYY-MM-DD. `past` ones may be a day ahead of UTC: it is tomorrow somewhere."""

    default_error_messages = {"future": "This lies in the future.", "range": "This is no day of a vehicle."}

    def __init__(self, *, past: bool = False, **extra: Any) -> None:
        self.past = past
        super().__init__(input_formats=["%Y-%m-%d"], **extra)

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail("range")
        if self.past and day > clock.now().date() + timedelta(days=1):
            self.fail("future")
        return day


class CurrencyField(OptionalText):
    """ISO 4217, upper case."""

    default_error_messages = {"currency": "Give an ISO 4217 code such as INR."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
            self.fail("currency")
        return text


class RowSerializer(StrictModelSerializer[Any]):
    """What every row about a vehicle has."""

    id = serializers.UUIDField(required=False)
    vehicle_id = VisibleField(Vehicle, source="vehicle")
    notes = OptionalText(4000)

    def get_fields(self) -> dict[str, Any]:
        """The id is the client's to make once."""
        fields = super().get_fields()
        if self.instance is not None:
            fields["id"].read_only = True
        return fields

    def to_internal_value(self, data: Any) -> Any:
        values: dict[str, Any] = super().to_internal_value(data)
        texts = {
            field.attname for field in self.Meta.model._meta.concrete_fields if field.empty_strings_allowed
        }
        return {name: "" if value is None and name in texts else value for name, value in values.items()}

    def will_be(self, attrs: dict[str, Any], name: str) -> Any:
        """The value after this change."""
        return attrs[name] if name in attrs else getattr(self.instance, name, None)

    class Meta:
        model: Any = None


class CostSerializer(RowSerializer):
    odometer_km = KilometresField(required=False, allow_null=True)
    amount_minor = serializers.IntegerField(
        min_value=0,
        max_value=MOST_MINOR,
        required=False,
        allow_null=True,
        help_text="Minor units: paise, cents.",
    )
    currency = CurrencyField(3)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        amount, currency = self.will_be(attrs, "amount_minor"), self.will_be(attrs, "currency")
        if amount is not None and not currency:
            raise ValidationError({"currency": ["An amount needs its currency."]})
        if amount is None and currency:
            if attrs.get("currency"):
                raise ValidationError({"amount_minor": ["A currency needs an amount."]})
            attrs["currency"] = ""
        return attrs


COST = ["odometer_km", "amount_minor", "currency", "notes"]
KEPT = ["created_at", "updated_at", "rev"]


class ModSerializer(CostSerializer):
    title = StrictCharField(max_length=120)
    part_number = OptionalText(80)
    installed_on = DayField(past=True, required=False, allow_null=True)
    removed_on = DayField(past=True, required=False, allow_null=True)

    class Meta:
        model = Mod
        fields = ["id", "vehicle_id", "title", "part_number", "installed_on", "removed_on", *COST, *KEPT]
        read_only_fields = KEPT

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        first, last = self.will_be(attrs, "installed_on"), self.will_be(attrs, "removed_on")
        if first and last and last < first:
            raise ValidationError({"removed_on": ["This lies before installed_on."]})
        return attrs


class ServiceSerializer(CostSerializer):
    title = StrictCharField(max_length=120)
    done_on = DayField(past=True)

    class Meta:
        model = ServiceRecord
        fields = ["id", "vehicle_id", "title", "done_on", *COST, *KEPT]
        read_only_fields = KEPT


class FuelUpSerializer(CostSerializer):
    filled_on = DayField(past=True)
    quantity = serializers.DecimalField(
        7, 3, min_value=Decimal("0.001"), max_value=5000, help_text="In `unit`."
    )
    unit = serializers.ChoiceField(FuelUnit.choices, required=False)
    full_tank = serializers.BooleanField(required=False)
    missed_previous = serializers.BooleanField(
        required=False, help_text="A fuel-up before this one was not noted."
    )
    station = OptionalText(120)
    consumption_per_100km = serializers.DecimalField(
        9,
        2,
        source="consumption",
        read_only=True,
        allow_null=True,
        help_text="Units per 100 km since the full tank before; null where that can't be known.",
    )

    class Meta:
        model = FuelUp
        fields = [
            "id", "vehicle_id", "filled_on", "quantity", "unit", "full_tank", "missed_previous", "station",
            *COST, "consumption_per_100km", *KEPT,
        ]  # fmt: skip
        read_only_fields = KEPT


class DocumentSerializer(RowSerializer):
    """`file_id`: a completed file of purpose `document`; its bytes come by `files/{id}/`."""

    title = StrictCharField(max_length=120)
    file_id = serializers.UUIDField(required=False, allow_null=True)
    issued_on = DayField(required=False, allow_null=True)
    expires_on = DayField(required=False, allow_null=True)

    class Meta:
        model = Document
        fields = ["id", "vehicle_id", "title", "kind", "file_id", "issued_on", "expires_on", "notes", *KEPT]
        read_only_fields = KEPT

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = self.will_be(attrs, "issued_on"), self.will_be(attrs, "expires_on")
        if first and last and last < first:
            raise ValidationError({"expires_on": ["This lies before issued_on."]})
        return attrs


class ReminderSerializer(RowSerializer):
    """Due at a date, at a reading, or at whichever comes first. With `every_...` it moves on when it is done."""

    title = StrictCharField(max_length=120)
    due_on = DayField(required=False, allow_null=True)
    due_odometer_km = KilometresField(required=False, allow_null=True)
    every_months = serializers.IntegerField(min_value=1, max_value=240, required=False, allow_null=True)
    every_km = KilometresField(required=False, allow_null=True)
    last_done_on = DayField(past=True, required=False, allow_null=True)
    last_done_odometer_km = KilometresField(required=False, allow_null=True)
    done_at = InstantField(required=False, allow_null=True)
    urgency = serializers.SerializerMethodField(help_text="ok, soon, due or overdue; ok once it is done.")

    class Meta:
        model = Reminder
        fields = [
            "id", "vehicle_id", "title", "due_on", "due_odometer_km", "every_months", "every_km", "urgency",
            "last_done_on", "last_done_odometer_km", "done_at", "notes", *KEPT,
        ]  # fmt: skip
        read_only_fields = KEPT

    def get_urgency(self, row: Reminder) -> str:
        if row.done_at is not None:
            return "ok"
        due = Due(row.due_on, row.due_odometer_km)
        return urgency(due, today=clock.now().date(), odometer_km=row.vehicle.odometer_km)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.will_be(attrs, "due_on") is None and self.will_be(attrs, "due_odometer_km") is None:
            raise ValidationError({"due_on": ["Give a date, an odometer reading, or both."]})
        if attrs.get("every_km") == 0:
            raise ValidationError({"every_km": ["Give more than 0 km."]})
        return attrs


class DoneInput(StrictSerializer):
    """When it was done; the reading is the vehicle's present one unless given."""

    done_on = DayField(past=True, required=False)
    odometer_km = KilometresField(required=False, allow_null=True)


class OdometerSerializer(StrictModelSerializer[OdometerEntry]):
    vehicle_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = OdometerEntry
        fields = ["id", "vehicle_id", "reading_km", "read_at", "source", "note", *KEPT]
        read_only_fields = fields


class ReadAtField(InstantField):
    """An instant (ISO 8601), or a day, which counts from its first second in UTC; not in the future."""

    default_error_messages = {"future": "This lies in the future.", "range": "This is no day of a vehicle."}

    def to_internal_value(self, value: Any) -> Any:
        text = str(value).strip()
        at = super().to_internal_value(f"{text}T00:00:00Z" if DAY.fullmatch(text) else value)
        if at > clock.now():
            self.fail("future")
        if at.date() < FIRST_DAY:
            self.fail("range")
        return at


class ReadingInput(StrictSerializer):
    """One reading of the past, as a row of a table."""

    id = serializers.UUIDField(required=False)
    vehicle_id = VisibleField(Vehicle, source="vehicle")
    read_at = ReadAtField()
    reading_km = KilometresField()
    source = serializers.ChoiceField(choices=ReadingSource.choices, default=ReadingSource.OWNER)  # type: ignore[assignment]  # a column of that name
    note = StrictCharField(required=False, allow_blank=True, max_length=200)

    def validate_source(self, value: str) -> str:
        """Only a correction means more than that the owner typed it in."""
        return value if value == ReadingSource.CORRECTION else ReadingSource.OWNER


class SpanQuery(StrictSerializer):
    """Of one vehicle, between two days, both included; the last twelve months unless given."""

    vehicle_id = VisibleField(Vehicle, source="vehicle")
    date_from = DayField(required=False)
    date_to = DayField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        today = clock.now().date()
        attrs.setdefault("date_to", today)
        attrs.setdefault("date_from", attrs["date_to"] - timedelta(days=365))
        if attrs["date_from"] > attrs["date_to"]:
            raise ValidationError({"date_from": ["This lies after date_to."]})
        return attrs


class MonthCostOutput(StrictSerializer):
    month = serializers.CharField(help_text="YYYY-MM")
    currency = serializers.CharField()
    service_minor = serializers.IntegerField()
    fuel_minor = serializers.IntegerField()
    mods_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField()


class TotalOutput(StrictSerializer):
    currency = serializers.CharField()
    total_minor = serializers.IntegerField()
    per_km_minor = serializers.DecimalField(20, 2, allow_null=True)


class CostsOutput(StrictSerializer):
    """Sums per currency: nothing is converted."""

    months = MonthCostOutput(many=True)
    totals = TotalOutput(many=True)
    distance_km = serializers.DecimalField(8, 1, allow_null=True)


class OdometerPoint(StrictSerializer):
    date = serializers.DateField()
    odometer_km = serializers.DecimalField(8, 1)


class ConsumptionPoint(StrictSerializer):
    date = serializers.DateField()
    per_100km = serializers.DecimalField(9, 2)
    unit = serializers.CharField()


class PricePoint(StrictSerializer):
    date = serializers.DateField()
    per_unit_minor = serializers.DecimalField(20, 2)
    unit = serializers.CharField()
    currency = serializers.CharField()


class CostPoint(StrictSerializer):
    month = serializers.CharField()
    currency = serializers.CharField()
    total_minor = serializers.IntegerField()


class ChartsOutput(StrictSerializer):
    odometer = OdometerPoint(many=True)
    consumption = ConsumptionPoint(many=True)
    fuel_price = PricePoint(many=True)
    cost = CostPoint(many=True)
