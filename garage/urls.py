from django.urls import path

from garage.views import catalogue

LIST, DETAIL = {"get": "list"}, {"get": "retrieve"}

urlpatterns = [
    path("vehicle-types/", catalogue.VehicleTypeView.as_view(LIST)),
    path("vehicle-types/<uuid:pk>/", catalogue.VehicleTypeView.as_view(DETAIL)),
    path("vehicle-brands/", catalogue.VehicleBrandView.as_view(LIST)),
    path("vehicle-brands/<uuid:pk>/", catalogue.VehicleBrandView.as_view(DETAIL)),
    path("vehicle-models/", catalogue.VehicleModelView.as_view(LIST)),
    path("vehicle-models/<uuid:pk>/", catalogue.VehicleModelView.as_view(DETAIL)),
]

aliases: list[object] = []
