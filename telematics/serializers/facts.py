"""Trips, stops, days, economy: what was derived, and how its owner edits it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from telematics.models import Label, Trip

KEPT = ["created_at", "updated_at", "rev"]


class TripSerializer(StrictModelSerializer[Trip]):
    """Units: m, s, km/h, 1/min, degC, litres, km, degrees, percent of the tank."""

    vehicle_id = serializers.UUIDField(read_only=True)
    duration_s = serializers.SerializerMethodField()
    l_per_100km = serializers.SerializerMethodField(help_text="null where the fuel is not known.")

    class Meta:
        model = Trip
        fields = [
            "id", "vehicle_id", "start_at", "end_at", "duration_s", "distance_m", "distance_source", "gps_m",
            "drive_s", "idle_s", "speed_max", "speed_avg", "rpm_max", "coolant_max", "fuel_l", "fuel_source",
            "l_per_100km", "level_used", "refuelled", "odometer_start_km", "odometer_end_km", "start_lat",
            "start_lon", "end_lat", "end_lon", "samples", "label", "note", *KEPT,
        ]  # fmt: skip
        read_only_fields = fields

    def get_duration_s(self, row: Trip) -> float:
        return (row.end_at - row.start_at).total_seconds()

    def get_l_per_100km(self, row: Trip) -> float | None:
        if row.fuel_l is None or not row.distance_m:
            return None
        return round(row.fuel_l / row.distance_m * 100_000, 3)


class TripEditInput(StrictSerializer):
    """One deed at a time: words, or `merge_with` (the trip before or after), or `split_at`."""

    label = serializers.ChoiceField(choices=Label.choices, required=False)  # type: ignore[assignment]  # DRF's own word
    note = StrictCharField(required=False, allow_blank=True, max_length=300)
    merge_with = VisibleField(Trip, required=False)
    split_at = InstantField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        words = {"label", "note"} & attrs.keys()
        deeds = [name for name in ("merge_with", "split_at") if name in attrs]
        if not attrs:
            raise ValidationError({"label": ["Give label, note, merge_with or split_at."]})
        if len(deeds) + bool(words) > 1:
            raise ValidationError({deeds[-1]: ["Do one thing at a time."]})
        return attrs


class StopOutput(StrictSerializer):
    start_at = InstantField()
    end_at = InstantField(allow_null=True, help_text="null while it lasts.")
    duration_s = serializers.FloatField(allow_null=True)
    lat = serializers.FloatField(allow_null=True)
    lon = serializers.FloatField(allow_null=True)


class StopsOutput(StrictSerializer):
    results = StopOutput(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class DayOutput(StrictSerializer):
    """A day in UTC. `stats`: signal -> [min, max, mean, last, count]."""

    day = serializers.DateField()
    samples = serializers.IntegerField(source="n")
    distance_m = serializers.FloatField(source="dist_m", allow_null=True)
    fuel_l = serializers.FloatField(allow_null=True)
    drive_s = serializers.IntegerField()
    idle_s = serializers.IntegerField()
    speed_max = serializers.FloatField(source="vmax", allow_null=True)
    stats = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()))


class DaysOutput(StrictSerializer):
    results = DayOutput(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class EconomyQuery(StrictSerializer):
    """`from`, `to`: as of samples. `tank_l`: turns a level in percent into litres."""

    tank_l = serializers.FloatField(required=False, min_value=1, max_value=2000)


class CostOutput(StrictSerializer):
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    per_l_minor = serializers.FloatField(help_text="Of the newest fuel-up in litres with a price.")


class EconomyOutput(StrictSerializer):
    """Over all trips of the time asked for whose fuel is known; mpg in US and imperial gallons."""

    trips = serializers.IntegerField()
    distance_m = serializers.FloatField()
    drive_s = serializers.FloatField()
    idle_s = serializers.FloatField()
    fuel_l = serializers.FloatField(allow_null=True)
    fuel_sources = serializers.ListField(child=serializers.CharField())
    level_used = serializers.FloatField(allow_null=True, help_text="Percent of the tank.")
    refuelled = serializers.FloatField(allow_null=True, help_text="Percent of the tank, while under way.")
    l_per_100km = serializers.FloatField(allow_null=True)
    km_per_l = serializers.FloatField(allow_null=True)
    mpg_us = serializers.FloatField(allow_null=True)
    mpg_imp = serializers.FloatField(allow_null=True)
    cost = CostOutput(allow_null=True)
