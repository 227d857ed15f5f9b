"""The routes of the plain peer, named as the product's."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from bench.plain.views import FacetedTuneViewSet, Login, Nothing, Pull, Register, TuneViewSet, VehicleViewSet

router = SimpleRouter()
router.register("garage/vehicles", VehicleViewSet, basename="vehicle")
router.register("marketplace/tunes", TuneViewSet, basename="tune")
router.register("marketplace/faceted", FacetedTuneViewSet, basename="faceted")

urlpatterns = [
    path("api/v1/auth/register/", Register.as_view()),
    path("api/v1/auth/login/", Login.as_view()),
    path("api/v1/sync/pull/", Pull.as_view()),
    path("api/v1/sync/schema/", Nothing.as_view()),
    path("api/v1/", include(router.urls)),
]
