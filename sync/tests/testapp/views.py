from core.views import ScopedViewSet
from sync.tests.testapp.models import Bike, Shop
from sync.tests.testapp.serializers import BikeSerializer, ShopSerializer
from sync.views import SinceMixin, SyncedViewSet


class BikeViewSet(SyncedViewSet):
    model = Bike
    serializer_class = BikeSerializer
    collection = "test_bikes"
    filterset_fields = ("colour",)


class ShopViewSet(SinceMixin, ScopedViewSet):
    model = Shop
    serializer_class = ShopSerializer
    collection = "test_shops"
