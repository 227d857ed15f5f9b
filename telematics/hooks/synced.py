"""What phones keep of telematics: trips, codes and alerts to read, rules and places to write. Codes never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sync.ports import Change, Deed, Merge, ModelCollection, collections
from telematics.models import Alert, AlertRule, DtcEvent, Geofence, Trip
from telematics.serializers.rules import AlertRuleSerializer, GeofenceSerializer
from telematics.services import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT: Final = ("rev", "created_at", "updated_at")


class RuleCollection(ModelCollection):
    """A pushed rule judges from now on, as one by REST does."""

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.deed is Deed.UPDATE:
                change.values = rules.began_anew(change.row, change.values)
        super().write(user, changes)


class FenceCollection(ModelCollection):
    """A place that moves, or goes, takes its rules along."""

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        super().write(user, changes)
        for change in changes:
            if change.deed is Deed.UPDATE:
                rules.fence_moved(change.row)
            elif change.deed is Deed.DELETE and change.row is not None:
                rules.fence_gone(change.row)


collections.register(
    "trips",
    ModelCollection(
        code=110,
        model=Trip,
        read_only=(
            "vehicle_id", "start_at", "end_at", "distance_m", "distance_source", "drive_s", "idle_s", "speed_max",
            "speed_avg", "rpm_max", "coolant_max", "fuel_l", "fuel_source", "level_used", "refuelled",
            "odometer_start_km", "odometer_end_km", "start_lat", "start_lon", "end_lat", "end_lon", "samples",
            "label", "note", *KEPT,
        ),
        merge=Merge.SERVER_WINS,
        parents=("vehicles",),
    ),
)  # fmt: skip
collections.register(
    "dtcs",
    ModelCollection(
        code=111,
        model=DtcEvent,
        read_only=(
            "vehicle_id", "code", "status", "first_seen", "last_seen", "cleared_at", "occurrences", "freeze_frame",
            "acked_at", *KEPT,
        ),
        merge=Merge.SERVER_WINS,
        parents=("vehicles",),
    ),
)  # fmt: skip
collections.register(
    "geofences",
    FenceCollection(
        code=114,
        model=Geofence,
        serializer=GeofenceSerializer,
        writable=("name", "lat", "lon", "radius_m", "corners"),
    ),
)
collections.register(
    "alert_rules",
    RuleCollection(
        code=113,
        model=AlertRule,
        serializer=AlertRuleSerializer,
        writable=(
            "vehicle_id", "name", "kind", "params", "geofence_id", "on_enter", "on_exit", "active",
        ),
        read_only=("since", *KEPT),
        parents=("vehicles", "geofences"),
    ),
)  # fmt: skip
collections.register(
    "alerts",
    ModelCollection(
        code=112,
        model=Alert,
        read_only=(
            "vehicle_id", "rule_id", "kind", "what", "start_at", "end_at", "value", "lat", "lon", "title", "seen_at",
            *KEPT,
        ),
        merge=Merge.SERVER_WINS,
        parents=("vehicles", "alert_rules"),
    ),
)  # fmt: skip
