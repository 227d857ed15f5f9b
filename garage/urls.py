from typing import Any

from django.urls import URLPattern, path

from garage.views import catalogue, vehicles

LIST, DETAIL = {"get": "list"}, {"get": "retrieve"}
OWN_LIST = {"get": "list", "post": "create"}
OWN_DETAIL = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}


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
]

aliases = vehicle_routes("vehicles", VehicleAlias, DecodeVinAlias)
