"""All of the project's routes and the test app's (`@pytest.mark.urls`)."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from sync.tests.testapp.views import BikeViewSet, ShopViewSet

router = SimpleRouter()
router.register("test/bikes", BikeViewSet, basename="test-bikes")
router.register("test/shops", ShopViewSet, basename="test-shops")

urlpatterns = [path("api/v1/", include(router.urls)), path("", include("config.urls"))]
