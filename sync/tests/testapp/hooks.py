from core.errors import Unavailable
from sync.ports import Merge, ModelCollection, collections
from sync.tests.testapp.models import Bike, Invoice, Log, Part, Ride, Shop
from sync.tests.testapp.serializers import BikeSerializer, LogSerializer, PartSerializer


class BikePlug(ModelCollection):
    """A bike called busy can't be written just now."""

    def write(self, user, changes):
        if any(change.given.get("nickname") == "busy" for change in changes):
            raise Unavailable
        super().write(user, changes)


collections.register(
    "test_bikes",
    BikePlug(
        code=32001,
        model=Bike,
        serializer=BikeSerializer,
        writable=("nickname", "vin", "odometer_km", "colour", "serviced_at", "tags"),
        filters={"colour": "{row}.colour = %s"},
    ),
)
collections.register(
    "test_parts",
    ModelCollection(
        code=32002,
        model=Part,
        serializer=PartSerializer,
        writable=("bike_id", "title"),
        parents=("test_bikes",),
        owner="",
        scope="EXISTS (SELECT 1 FROM synctest_bike b WHERE b.id = {row}.bike_id AND b.owner_id = %(me)s)",
    ),
)
collections.register(
    "test_invoices", ModelCollection(code=32003, model=Invoice, read_only=("amount_minor", "rev"))
)
collections.register(
    "test_logs",
    ModelCollection(
        code=32004, model=Log, serializer=LogSerializer, writable=("text",), merge=Merge.SERVER_WINS, hot=True
    ),
)
collections.register(
    "test_rides",
    ModelCollection(
        code=32005,
        model=Ride,
        read_only=("title", "rev"),
        owner="",
        scope="EXISTS (SELECT 1 FROM synctest_seat s WHERE s.ride_id = {row}.id AND s.user_id = %(me)s "
        "AND s.left_at IS NULL AND s.deleted_at IS NULL)",
    ),
)
collections.register(
    "test_shops",
    ModelCollection(
        code=32006,
        model=Shop,
        read_only=("name", "city"),
        public=True,
        filters={"city": "{row}.city = %s"},
    ),
)
