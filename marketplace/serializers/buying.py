"""Purchases, entitlements, downloads, reviews and favourites."""

from typing import Any

from rest_framework import serializers

from core.fields import InstantField, StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import Vehicle
from marketplace.models import Entitlement, Favourite, Purchase, PurchaseStatus, Tune, TuneReview


class PurchaseInput(StrictSerializer):
    tune_id = VisibleField(Tune, source="tune")
    vehicle_id = VisibleField(Vehicle, source="vehicle", required=False, allow_null=True)
    gateway = StrictCharField(required=False, allow_null=True, max_length=20)
    rewards_minor = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53 - 1,
        help_text="Of the buyer's rewards, to pay a part or all.",
    )


class PurchaseOrderSerializer(StrictSerializer):
    """The order to pay; the full payment stands at payments/{id}/."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    amount_minor = serializers.IntegerField()
    rewards_minor = serializers.IntegerField(help_text="Paid with rewards, on top of amount_minor.")
    currency = serializers.CharField()
    gateway = serializers.CharField()
    gateway_order_id = serializers.CharField(allow_null=True)
    expires_at = InstantField(allow_null=True)
    checkout_url = serializers.CharField(allow_null=True, help_text="Where a browser can pay; sandbox only.")


class PurchaseSerializer(StrictModelSerializer[Purchase]):
    tune_id = serializers.UUIDField(read_only=True)
    tune_title = serializers.CharField(source="tune.title", read_only=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    version_number = serializers.IntegerField(source="version.number", read_only=True)

    class Meta:
        model = Purchase
        fields = [
            "id",
            "tune_id",
            "tune_title",
            "vehicle_id",
            "vin",
            "version_number",
            "price_minor",
            "currency",
            "status",
            "paid_at",
            "ended_at",
            "refunded_minor",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class PurchaseOutput(StrictSerializer):
    """What a purchase answers: its state, and the order to pay (null when it was free)."""

    id = serializers.UUIDField(source="purchase.pk")
    status = serializers.ChoiceField(source="purchase.status", choices=PurchaseStatus.choices)
    tune_id = serializers.UUIDField(source="purchase.tune_id")
    vehicle_id = serializers.UUIDField(source="purchase.vehicle_id", allow_null=True)
    price_minor = serializers.IntegerField(source="purchase.price_minor")
    currency = serializers.CharField(source="purchase.currency")
    payment = PurchaseOrderSerializer(allow_null=True)


class EntitlementSerializer(StrictModelSerializer[Entitlement]):
    tune_id = serializers.UUIDField(read_only=True)
    tune_title = serializers.CharField(source="tune.title", read_only=True)
    purchase_id = serializers.UUIDField(read_only=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    downloads_left = serializers.IntegerField(read_only=True)
    version_number = serializers.IntegerField(read_only=True, help_text="The newest that may be downloaded.")

    class Meta:
        model = Entitlement
        fields = [
            "id",
            "tune_id",
            "tune_title",
            "purchase_id",
            "vehicle_id",
            "vin",
            "status",
            "granted_at",
            "ended_at",
            "downloads_left",
            "version_number",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class DownloadSerializer(StrictSerializer):
    url = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    version = serializers.IntegerField(help_text="Its number.")
    expires_at = InstantField()


class TuneReviewInput(StrictSerializer):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    text = StrictCharField(required=False, allow_blank=True, max_length=4000)


class TuneReplyInput(StrictSerializer):
    text = StrictCharField(allow_blank=True, max_length=4000, help_text="Empty takes the reply back.")


class TuneReviewSerializer(StrictModelSerializer[TuneReview]):
    author = serializers.SerializerMethodField(help_text="First name only.")

    class Meta:
        model = TuneReview
        fields = ["id", "author", "rating", "text", "reply", "replied_at", "created_at", "updated_at"]
        read_only_fields = fields

    def get_author(self, row: TuneReview) -> str:
        return row.author.first_name or "A rider"


class FavouriteSerializer(StrictModelSerializer[Favourite]):
    id = serializers.UUIDField(required=False)
    tune_id = VisibleField(Tune, source="tune")
    tune_title = serializers.CharField(source="tune.title", read_only=True)

    class Meta:
        model = Favourite
        fields = ["id", "tune_id", "tune_title", "note", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def update(self, instance: Favourite, validated_data: dict[str, Any]) -> Favourite:
        validated_data.pop("tune", None)  # another tune is another favourite
        validated_data.pop("id", None)
        return super().update(instance, validated_data)
