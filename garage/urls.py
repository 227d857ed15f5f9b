from typing import Any

from django.urls import URLPattern, path

from garage.services.tables import EXPORTED, KINDS
from garage.views import backups, catalogue, flashing, log, tables, vehicles

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


def log_routes(name: str, view: Any) -> list[URLPattern]:
    return [
        path(f"garage/{name}/", view.as_view(OWN_LIST)),
        path(f"garage/{name}/<uuid:pk>/", view.as_view(OWN_DETAIL)),
    ]


def table_routes(name: str) -> list[URLPattern]:
    """Views of their own for each kind, so that the schema tells them apart."""
    routes = [path(f"garage/{name}/export.csv", tables.ExportView.as_view(kind=name))]
    if name in KINDS:
        routes.append(path(f"garage/{name}/import/", tables.ImportView.as_view(kind=name)))
    return routes


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
    *log_routes("mods", log.ModViewSet),
    *log_routes("service-records", log.ServiceViewSet),
    *log_routes("fuel-ups", log.FuelUpViewSet),
    *log_routes("documents", log.DocumentViewSet),
    *log_routes("reminders", log.ReminderViewSet),
    path("garage/reminders/<uuid:pk>/done/", log.ReminderViewSet.as_view({"post": "done"})),
    path("garage/odometer-entries/", log.OdometerViewSet.as_view(LIST)),
    path("garage/odometer-entries/<uuid:pk>/", log.OdometerViewSet.as_view(DETAIL)),
    *(route for kind in EXPORTED for route in table_routes(kind)),
    path("garage/vehicles/import/", tables.ImportVehiclesView.as_view()),
    path("garage/odometer-entries/import/", tables.ImportReadingsView.as_view()),
    path("garage/costs/", log.CostsView.as_view()),
    path("garage/charts/", log.ChartsView.as_view()),
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
