from rest_framework.exceptions import ValidationError

from core.fields import VisibleField
from core.serializers import StrictModelSerializer
from sync.tests.testapp.models import Bike, Log, Part, Shop


class BikeSerializer(StrictModelSerializer[Bike]):
    class Meta:
        model = Bike
        fields = ["id", "nickname", "vin", "odometer_km", "colour", "serviced_at", "tags", "rev"]
        read_only_fields = ["id", "rev"]
        extra_kwargs = {"odometer_km": {"min_value": 0}}

    def validate_vin(self, value: str) -> str:
        return value.upper()


class PartSerializer(StrictModelSerializer[Part]):
    bike_id = VisibleField(Bike, source="bike")

    class Meta:
        model = Part
        fields = ["id", "bike_id", "title"]
        read_only_fields = ["id"]

    def validate_title(self, value: str) -> str:
        if value == "nitrous":
            raise ValidationError("Not on this road.")
        return value


class LogSerializer(StrictModelSerializer[Log]):
    class Meta:
        model = Log
        fields = ["id", "text"]
        read_only_fields = ["id"]


class ShopSerializer(StrictModelSerializer[Shop]):
    class Meta:
        model = Shop
        fields = ["id", "name", "city"]
        read_only_fields = fields
