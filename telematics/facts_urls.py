"""Routes of what follows from samples, and the doors of devices."""

from typing import Any

from django.urls import path

from telematics.views import devices, doors, facts, health

LIST: dict[str, Any] = {"get": "list"}
OWN_LIST: dict[str, Any] = {"get": "list", "post": "create"}
DETAIL: dict[str, Any] = {"get": "retrieve"}
OWN_DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

facts_urls = [
    path("telematics/<uuid:vehicle_id>/trips/", facts.TripViewSet.as_view(LIST)),
    path("telematics/<uuid:vehicle_id>/stops/", facts.StopsView.as_view()),
    path("telematics/<uuid:vehicle_id>/daily/", facts.DailyView.as_view()),
    path("telematics/<uuid:vehicle_id>/economy/", facts.EconomyView.as_view()),
    path("telematics/<uuid:vehicle_id>/dtcs/", health.DtcViewSet.as_view(LIST)),
    path("telematics/<uuid:vehicle_id>/alerts/", health.AlertViewSet.as_view(LIST)),
    path("telematics/<uuid:vehicle_id>/maintenance/", health.MaintenanceViewSet.as_view(OWN_LIST)),
    path("telematics/<uuid:vehicle_id>/device-keys/", devices.DeviceKeyViewSet.as_view(OWN_LIST)),
    path("telematics/<uuid:vehicle_id>/import/", devices.ImportViewSet.as_view(OWN_LIST)),
    path("telematics/trips/<uuid:pk>/", facts.TripViewSet.as_view(DETAIL | {"patch": "partial_update"})),
    path("telematics/dtcs/<uuid:pk>/", health.DtcViewSet.as_view(DETAIL)),
    path("telematics/dtcs/<uuid:pk>/ack/", health.DtcViewSet.as_view({"post": "ack"})),
    path("telematics/dtc-codes/<str:code>/", health.MeaningView.as_view()),
    path("telematics/alerts/<uuid:pk>/", health.AlertViewSet.as_view(DETAIL)),
    path("telematics/alerts/<uuid:pk>/ack/", health.AlertViewSet.as_view({"post": "ack"})),
    path("telematics/alert-rules/", health.RuleViewSet.as_view(OWN_LIST)),
    path("telematics/alert-rules/<uuid:pk>/", health.RuleViewSet.as_view(OWN_DETAIL)),
    path("telematics/geofences/", health.GeofenceViewSet.as_view(OWN_LIST)),
    path("telematics/geofences/<uuid:pk>/", health.GeofenceViewSet.as_view(OWN_DETAIL)),
    path("telematics/maintenance/<uuid:pk>/", health.MaintenanceViewSet.as_view(OWN_DETAIL)),
    path("telematics/maintenance/<uuid:pk>/done/", health.MaintenanceViewSet.as_view({"post": "done"})),
    path(
        "telematics/device-keys/<uuid:pk>/",
        devices.DeviceKeyViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("telematics/imports/<uuid:pk>/", devices.ImportViewSet.as_view(DETAIL)),
    path("ingest/torque/<str:key>/", doors.TorqueView.as_view()),
    path("ingest/osmand/", doors.OsmandView.as_view()),
    path("ingest/owntracks/", doors.OwnTracksView.as_view()),
]
