"""Alerts, the rules that find them, and places."""

from __future__ import annotations

import math
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import StrictCharField, VisibleField
from core.serializers import StrictModelSerializer
from garage.models import Vehicle
from garage.serializers.vehicle import OptionalText
from telematics.derive.alerts import KINDS
from telematics.models import Alert, AlertKind, AlertRule, Geofence

KEPT = ["created_at", "updated_at", "rev"]
MOST_CORNERS: Final = 500
MOST_PARAM: Final = 1_000_000
# Parameters of the kinds that judge no samples.
OTHERS: Final[dict[str, set[str]]] = {AlertKind.SILENT: {"days"}}


class OwnedSerializer(StrictModelSerializer[Any]):
    """The id is the client's to make once."""

    id = serializers.UUIDField(required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if self.instance is not None:
            fields["id"].read_only = True
        return fields

    def will_be(self, attrs: dict[str, Any], name: str) -> Any:
        """The value after this change."""
        if name in attrs:
            return attrs[name]
        if self.instance is not None:
            return getattr(self.instance, name)
        return self.Meta.model._meta.get_field(name).get_default()

    class Meta:
        model: Any = None


class GeofenceSerializer(OwnedSerializer):
    """A circle (`lat`, `lon`, `radius_m`) or a polygon (`corners`: [[lat, lon], ...], not over the date line)."""

    name = StrictCharField(max_length=80)
    lat = serializers.FloatField(required=False, allow_null=True, min_value=-90, max_value=90)
    lon = serializers.FloatField(required=False, allow_null=True, min_value=-180, max_value=180)
    radius_m = serializers.FloatField(required=False, allow_null=True, min_value=20, max_value=1_000_000)
    corners = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        required=False,
        max_length=MOST_CORNERS,
    )

    class Meta:
        model = Geofence
        fields = ["id", "name", "lat", "lon", "radius_m", "corners", *KEPT]
        read_only_fields = KEPT

    def validate_corners(self, corners: list[list[float]]) -> list[list[float]]:
        if not corners:
            return corners
        if len(corners) < 3:
            raise ValidationError("A polygon has at least three corners.")
        if not all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in corners):
            raise ValidationError("Each corner is [lat, lon] in degrees.")
        east = [lon for _, lon in corners]
        if max(east) - min(east) > 180:
            raise ValidationError("A polygon can't reach over the date line.")
        return corners

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        circle = [self.will_be(attrs, name) for name in ("lat", "lon", "radius_m")]
        corners = self.will_be(attrs, "corners")
        if corners and any(value is not None for value in circle):
            raise ValidationError(
                {"corners": ["Give a circle or a polygon; set the other one to null or []."]}
            )
        if not corners and any(value is None for value in circle):
            raise ValidationError({"radius_m": ["Give lat, lon and radius_m, or corners."]})
        if any(value is not None and not math.isfinite(value) for value in circle):
            raise ValidationError({"lat": ["Give finite numbers."]})
        return attrs


class AlertRuleSerializer(OwnedSerializer):
    """`params` of each kind, with their defaults, stand in docs/telematics.md."""

    name = OptionalText(80)
    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False, allow_null=True)
    geofence_id = VisibleField(Geofence, source="geofence", required=False, allow_null=True)
    params = serializers.DictField(child=serializers.FloatField(), required=False)

    class Meta:
        model = AlertRule
        fields = [
            "id", "vehicle_id", "name", "kind", "params", "geofence_id", "on_enter", "on_exit", "active", "since",
            *KEPT,
        ]  # fmt: skip
        read_only_fields = ["since", *KEPT]

    def validate_name(self, name: str | None) -> str:
        return name or ""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind, fence = self.will_be(attrs, "kind"), self.will_be(attrs, "geofence")
        if kind == AlertKind.GEOFENCE and fence is None:
            raise ValidationError({"geofence_id": ["Which place?"]})
        if kind != AlertKind.GEOFENCE and fence is not None:
            raise ValidationError({"geofence_id": ["Only a rule of the kind geofence has a place."]})
        allowed = set(KINDS[kind].params) if kind in KINDS else OTHERS.get(kind, set())
        wrong = {
            name: ["This kind has no such parameter."]
            if name not in allowed
            else ["Give a number from 0 to a million."]
            for name, value in self.will_be(attrs, "params").items()
            if name not in allowed or not (math.isfinite(value) and 0 <= value <= MOST_PARAM)
        }
        if wrong:
            raise ValidationError({"params": wrong})
        return attrs


class AlertSerializer(StrictModelSerializer[Alert]):
    vehicle_id = serializers.UUIDField(read_only=True)
    rule_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = Alert
        fields = [
            "id", "vehicle_id", "rule_id", "kind", "what", "start_at", "end_at", "value", "lat", "lon", "title",
            "seen_at", *KEPT,
        ]  # fmt: skip
        read_only_fields = fields
