"""Tables of telematics: storage.py how samples lie, facts.py what follows from them, health.py codes and devices."""

from telematics.models.facts import (
    Alert,
    AlertKind,
    AlertRule,
    EditKind,
    Geofence,
    Label,
    Trip,
    TripEdit,
)
from telematics.models.health import (
    DeviceKey,
    DtcDefinition,
    DtcEvent,
    DtcReport,
    DtcStatus,
    ImportFormat,
    ImportJob,
    ImportState,
    MaintenancePlan,
    Protocol,
)
from telematics.models.storage import Archive, Daily, Dirty, Latest, Segment, Source, Tail

__all__ = [
    "Alert",
    "AlertKind",
    "AlertRule",
    "Archive",
    "Daily",
    "DeviceKey",
    "Dirty",
    "DtcDefinition",
    "DtcEvent",
    "DtcReport",
    "DtcStatus",
    "EditKind",
    "Geofence",
    "ImportFormat",
    "ImportJob",
    "ImportState",
    "Label",
    "Latest",
    "MaintenancePlan",
    "Protocol",
    "Segment",
    "Source",
    "Tail",
    "Trip",
    "TripEdit",
]
