"""Routes of what follows from samples, and the doors of devices."""

from typing import Any

from django.urls import path

from telematics.views import devices, doors, facts, health

LIST: dict[str, Any] = {"get": "list"}
OWN_LIST: dict[str, Any] = {"get": "list", "post": "create"}
DETAIL: dict[str, Any] = {"get": "retrieve"}
OWN_DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

facts_urls = [
    path("<uuid:vehicle_id>/trips/", facts.TripViewSet.as_view(LIST)),
    path("<uuid:vehicle_id>/stops/", facts.StopsView.as_view()),
    path("<uuid:vehicle_id>/daily/", facts.DailyView.as_view()),
    path("<uuid:vehicle_id>/economy/", facts.EconomyView.as_view()),
    path("<uuid:vehicle_id>/dtcs/", health.DtcViewSet.as_view(LIST)),
    path("<uuid:vehicle_id>/alerts/", health.AlertViewSet.as_view(LIST)),
    path("<uuid:vehicle_id>/maintenance/", health.MaintenanceViewSet.as_view(OWN_LIST)),
    path("<uuid:vehicle_id>/device-keys/", devices.DeviceKeyViewSet.as_view(OWN_LIST)),
    path("<uuid:vehicle_id>/import/", devices.ImportViewSet.as_view(OWN_LIST)),
    path("trips/<uuid:pk>/", facts.TripViewSet.as_view(DETAIL | {"patch": "partial_update"})),
    path("dtcs/<uuid:pk>/", health.DtcViewSet.as_view(DETAIL)),
    path("dtcs/<uuid:pk>/ack/", health.DtcViewSet.as_view({"post": "ack"})),
    path("dtc-codes/<str:code>/", health.MeaningView.as_view()),
    path("alerts/<uuid:pk>/", health.AlertViewSet.as_view(DETAIL)),
    path("alerts/<uuid:pk>/ack/", health.AlertViewSet.as_view({"post": "ack"})),
    path("alert-rules/", health.RuleViewSet.as_view(OWN_LIST)),
    path("alert-rules/<uuid:pk>/", health.RuleViewSet.as_view(OWN_DETAIL)),
    path("geofences/", health.GeofenceViewSet.as_view(OWN_LIST)),
    path("geofences/<uuid:pk>/", health.GeofenceViewSet.as_view(OWN_DETAIL)),
    path("maintenance/<uuid:pk>/", health.MaintenanceViewSet.as_view(OWN_DETAIL)),
    path("maintenance/<uuid:pk>/done/", health.MaintenanceViewSet.as_view({"post": "done"})),
    path(
        "device-keys/<uuid:pk>/",
        devices.DeviceKeyViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("imports/<uuid:pk>/", devices.ImportViewSet.as_view(DETAIL)),
]
door_urls = [
    path("torque/<str:key>/", doors.TorqueView.as_view()),
    path("osmand/", doors.OsmandView.as_view()),
    path("owntracks/", doors.OwnTracksView.as_view()),
]
