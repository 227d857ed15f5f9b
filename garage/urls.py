from typing import Any

from django.urls import URLPattern, path

from garage.views import backups, catalogue, flashing, vehicles

Actions = dict[str, Any]
LIST: Actions = {"get": "list"}
DETAIL: Actions = {"get": "retrieve"}
OWN_LIST: Actions = {"get": "list", "post": "create"}
OWN_DETAIL: Actions = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}


def vehicle_routes(prefix: str, view: Any, decode: Any) -> list[URLPattern]:
    return [
        path(f"{prefix}/", view.as_view(OWN_LIST)),
        path(f"{prefix}/decode-vin/", decode.as_view()),
        path(f"{prefix}/<uuid:pk>/", view.as_view(OWN_DETAIL)),
        path(f"{prefix}/<uuid:pk>/link-dongle/", view.as_view({"post": "link_dongle"})),
        path(f"{prefix}/<uuid:pk>/unlink-dongle/", view.as_view({"post": "unlink_dongle"})),
    ]


class VehicleAlias(vehicles.VehicleViewSet):
    alias = True


class DecodeVinAlias(vehicles.DecodeVinView):
    alias = True


urlpatterns = [
    path("vehicle-types/", catalogue.VehicleTypeView.as_view(LIST)),
    path("vehicle-types/<uuid:pk>/", catalogue.VehicleTypeView.as_view(DETAIL)),
    path("vehicle-brands/", catalogue.VehicleBrandView.as_view(LIST)),
    path("vehicle-brands/<uuid:pk>/", catalogue.VehicleBrandView.as_view(DETAIL)),
    path("vehicle-models/", catalogue.VehicleModelView.as_view(LIST)),
    path("vehicle-models/<uuid:pk>/", catalogue.VehicleModelView.as_view(DETAIL)),
    *vehicle_routes("garage/vehicles", vehicles.VehicleViewSet, vehicles.DecodeVinView),
    path("garage/ecu-backups/", backups.BackupViewSet.as_view(OWN_LIST)),
    path(
        "garage/ecu-backups/<uuid:pk>/",
        backups.BackupViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("garage/ecu-backups/<uuid:pk>/download/", backups.BackupViewSet.as_view({"post": "download"})),
    path("garage/flash-jobs/", flashing.FlashViewSet.as_view(OWN_LIST)),
    path("garage/flash-jobs/<uuid:pk>/", flashing.FlashViewSet.as_view(DETAIL)),
    path("garage/flash-jobs/<uuid:pk>/events/", flashing.FlashEventView.as_view(OWN_LIST)),
    path("garage/flash-jobs/<uuid:pk>/manifest/", flashing.ManifestView.as_view()),
]

aliases = vehicle_routes("vehicles", VehicleAlias, DecodeVinAlias)
