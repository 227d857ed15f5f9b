"""Trouble codes, maintenance, device keys and imports."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.serializers.log import DayField
from garage.serializers.vehicle import OptionalText
from telematics import dtc
from telematics.models import DeviceKey, DtcEvent, ImportFormat, ImportJob, MaintenancePlan, Protocol
from telematics.serializers.rules import KEPT, OwnedSerializer
from telematics.services.dtcs import links_of
from telematics.services.maintenance import Reading, due_of


class MeaningOutput(StrictSerializer):
    """What a trouble code says. `safe_to_ride`: yes, care (short and gently) or no."""

    code = serializers.CharField()
    text = serializers.CharField()
    system = serializers.CharField()
    area = serializers.CharField()
    generic = serializers.BooleanField(help_text="The same at every maker.")
    known = serializers.BooleanField()
    origin = serializers.CharField(source="source", help_text="generic, the make, or none.")
    severity = serializers.ChoiceField(choices=["info", "soon", "workshop", "stop"])
    safe_to_ride = serializers.ChoiceField(choices=["yes", "care", "no"])
    advice = serializers.CharField()


class LinkOutput(StrictSerializer):
    url = serializers.CharField()
    body = serializers.DictField()


class LinksOutput(StrictSerializer):
    book = LinkOutput(help_text="POST this to book the repair; add the shop, a time and services.")
    ask = LinkOutput(help_text="POST this to ask the assistant.")


class DtcSerializer(StrictModelSerializer[DtcEvent]):
    vehicle_id = serializers.UUIDField(read_only=True)
    meaning = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = DtcEvent
        fields = [
            "id", "vehicle_id", "code", "status", "meaning", "first_seen", "last_seen", "cleared_at", "occurrences",
            "freeze_frame", "acked_at", "links", *KEPT,
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MeaningOutput)
    def get_meaning(self, row: DtcEvent) -> dict[str, Any]:
        return dict(MeaningOutput(_meaning(row)).data)

    @extend_schema_field(LinksOutput)
    def get_links(self, row: DtcEvent) -> dict[str, Any]:
        return dict(LinksOutput(links_of(row, _meaning(row).text)).data)


def _meaning(row: DtcEvent) -> dtc.Meaning:
    """`own_text`: the manufacturer's, annotated by the view."""
    return dtc.describe(row.code, row.vehicle.make, own_text=getattr(row, "own_text", None))


class MaintenanceSerializer(OwnedSerializer):
    """Every so many kilometres, months or engine hours, whichever comes first. `urgency`: ok, soon or due."""

    title = StrictCharField(max_length=120)
    every_km = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=1_000_000)
    every_months = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=600)
    every_hours = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=100_000)
    last_done_on = DayField(past=True)
    last_done_km = serializers.FloatField(required=False, min_value=0, max_value=5_000_000)
    last_done_hours = serializers.FloatField(required=False, min_value=0, max_value=1_000_000)
    lead_km = serializers.IntegerField(required=False, min_value=0, max_value=100_000)
    lead_days = serializers.IntegerField(required=False, min_value=0, max_value=365)
    lead_hours = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    notes = OptionalText(4000)
    vehicle_id = serializers.UUIDField(read_only=True)
    urgency = serializers.SerializerMethodField()
    due_on = serializers.SerializerMethodField()
    due_km = serializers.SerializerMethodField()
    due_hours = serializers.SerializerMethodField()

    class Meta:
        model = MaintenancePlan
        fields = [
            "id", "vehicle_id", "title", "every_km", "every_months", "every_hours", "last_done_on", "last_done_km",
            "last_done_hours", "lead_km", "lead_days", "lead_hours", "urgency", "due_on", "due_km", "due_hours",
            "notes", *KEPT,
        ]  # fmt: skip
        read_only_fields = KEPT

    def validate_notes(self, notes: str | None) -> str:
        return notes or ""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(self.will_be(attrs, name) for name in ("every_km", "every_months", "every_hours")):
            raise ValidationError({"every_km": ["Give every_km, every_months or every_hours."]})
        return attrs

    def get_urgency(self, row: MaintenancePlan) -> str:
        return due_of(row, self._reading(row)).urgency

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_due_on(self, row: MaintenancePlan) -> str | None:
        due = due_of(row, self._reading(row)).due_on
        return due.isoformat() if due else None

    def get_due_km(self, row: MaintenancePlan) -> float | None:
        return due_of(row, self._reading(row)).due_km

    def get_due_hours(self, row: MaintenancePlan) -> float | None:
        return due_of(row, self._reading(row)).due_hours

    def _reading(self, row: MaintenancePlan) -> Reading:
        reading: Reading = self.context["readings"](row)
        return reading


class MaintenanceDoneInput(StrictSerializer):
    """When the work was done; the present day and readings unless given."""

    done_on = DayField(past=True, required=False)
    odometer_km = serializers.FloatField(required=False, min_value=0, max_value=5_000_000)
    hours = serializers.FloatField(required=False, min_value=0, max_value=1_000_000)


class DeviceKeySerializer(StrictModelSerializer[DeviceKey]):
    vehicle_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = DeviceKey
        fields = ["id", "vehicle_id", "protocol", "name", "prefix", "last_used_at", "told", *KEPT]
        read_only_fields = fields


class DeviceKeyInput(StrictSerializer):
    protocol = serializers.ChoiceField(choices=Protocol.choices)
    name = StrictCharField(required=False, allow_blank=True, max_length=80)


class NewDeviceKeyOutput(DeviceKeySerializer):
    """`key` is shown this once; `url` is what to type into the app."""

    key = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True)

    class Meta(DeviceKeySerializer.Meta):
        fields = [*DeviceKeySerializer.Meta.fields, "key", "url"]
        read_only_fields = fields


class ImportInput(StrictSerializer):
    """`file_id`: a complete file of yours (`files/presign/`, purpose document or attachment)."""

    format = serializers.ChoiceField(choices=ImportFormat.choices)
    file_id = serializers.UUIDField()
    dbc_file_id = serializers.UUIDField(required=False, help_text="For the format dbc: what the frames mean.")
    start_at = InstantField(
        required=False, help_text="The first instant of a file that has no times of its own."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["format"] == ImportFormat.DBC) != ("dbc_file_id" in attrs):
            raise ValidationError({"dbc_file_id": ["The format dbc needs it, and no other has it."]})
        return attrs


class ImportSerializer(StrictModelSerializer[ImportJob]):
    vehicle_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = ImportJob
        fields = [
            "id", "vehicle_id", "format", "file_id", "dbc_file_id", "start_at", "state", "percent", "rows", "accepted",
            "duplicates", "skipped", "message", "finished_at", *KEPT,
        ]  # fmt: skip
        read_only_fields = fields
