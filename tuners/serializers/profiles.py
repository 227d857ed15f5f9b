"""Bodies of the tuner routes."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core import clock
from core.fields import InstantField, StrictCharField
from core.geo import MAX_RADIUS_KM, Near, whole
from core.serializers import StrictModelSerializer, StrictSerializer
from tuners.models import (
    CertificationKind,
    Speciality,
    TunerApplication,
    TunerCertification,
    TunerProfile,
    TunerReview,
    TunerRole,
)


class PlaceMixin(StrictSerializer):
    """`lat` and `lng` in degrees: both or neither."""

    lat = serializers.FloatField(required=False, allow_null=True, min_value=-90, max_value=90)
    lng = serializers.FloatField(required=False, allow_null=True, min_value=-180, max_value=180)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lng" in attrs) or (attrs.get("lat") is None) != (attrs.get("lng") is None):
            raise ValidationError({"lng": ["Give lat and lng together."]})
        return attrs | {name: whole(attrs[name]) for name in ("lat", "lng") if attrs.get(name) is not None}


def specialities_field() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices=Speciality.choices), required=False, max_length=12
    )


class TunerProfileInput(PlaceMixin):
    """What a tuner may change; verification is nobody's own business."""

    business = StrictCharField(required=False, max_length=120)
    bio = StrictCharField(required=False, allow_blank=True, max_length=4000)
    location = StrictCharField(required=False, allow_blank=True, max_length=120)
    specialities = specialities_field()


class TunerSerializer(StrictModelSerializer[TunerProfile]):
    user_id = serializers.UUIDField(read_only=True)
    rating = serializers.FloatField(read_only=True, allow_null=True, help_text="Mean of the reviews, 1 to 5.")
    score = serializers.FloatField(read_only=True, help_text="Bayesian mean: sorts fairly with few reviews.")
    specialities = serializers.ListField(
        child=serializers.ChoiceField(choices=Speciality.choices), read_only=True
    )
    verified = serializers.BooleanField(read_only=True)
    distance_m = serializers.SerializerMethodField(help_text="Only when lat and lng were given.")

    class Meta:
        model = TunerProfile
        fields = [
            "id",
            "user_id",
            "business",
            "bio",
            "location",
            "lat",
            "lng",
            "specialities",
            "role",
            "verified",
            "verified_at",
            "rating",
            "rating_count",
            "score",
            "distance_m",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_distance_m(self, row: TunerProfile) -> int | None:
        return getattr(row, "distance_m", None)


class OwnTunerSerializer(TunerSerializer):
    """The same with what only the tuner sees."""

    class Meta(TunerSerializer.Meta):
        fields = [*TunerSerializer.Meta.fields, "status", "verified_until", "suspended_reason"]
        read_only_fields = fields


class DiscoverQuery(PlaceMixin):
    """Query of the list of tuners."""

    search = StrictCharField(required=False, allow_blank=True, max_length=200)
    speciality = serializers.ChoiceField(choices=Speciality.choices, required=False)
    min_rating = serializers.FloatField(required=False, min_value=1, max_value=5, help_text="Least score.")
    radius_km = serializers.FloatField(required=False, min_value=0.1, max_value=MAX_RADIUS_KM)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        lat, lng, radius = attrs.pop("lat", None), attrs.pop("lng", None), attrs.pop("radius_km", None)
        if radius is not None and lat is None:
            raise ValidationError({"radius_km": ["Give lat and lng too."]})
        attrs["near"] = None if lat is None else Near(lat, lng, radius or MAX_RADIUS_KM)
        return attrs


class CertificationInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=CertificationKind.choices)
    title = StrictCharField(max_length=160)
    issuer = StrictCharField(required=False, allow_blank=True, max_length=160)
    number = StrictCharField(required=False, allow_blank=True, max_length=80)
    expires_on = serializers.DateField(required=False, allow_null=True)
    file_id = serializers.UUIDField(help_text="An upload with the purpose `certification`.")

    def validate_expires_on(self, value: Any) -> Any:
        if value is not None and value <= clock.now().date():
            raise ValidationError("This certification has expired.")
        return value


class ApplicationInput(PlaceMixin):
    role = serializers.ChoiceField(choices=TunerRole.choices, default=TunerRole.TUNER)
    business = StrictCharField(max_length=120)
    bio = StrictCharField(required=False, allow_blank=True, max_length=4000)
    location = StrictCharField(required=False, allow_blank=True, max_length=120)
    specialities = specialities_field()
    statement = StrictCharField(required=False, allow_blank=True, max_length=4000)
    certifications = CertificationInput(many=True, allow_empty=False, max_length=10)  # type: ignore[call-arg]  # of the list

    def validate_certifications(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({row["file_id"] for row in rows}) < len(rows):
            raise ValidationError("Each certification needs a file of its own.")
        return rows


class CertificationSerializer(StrictModelSerializer[TunerCertification]):
    class Meta:
        model = TunerCertification
        fields = ["id", "kind", "title", "issuer", "number", "expires_on", "file_id", "status", "reason"]
        read_only_fields = fields


class ApplicationSerializer(StrictModelSerializer[TunerApplication]):
    certifications = CertificationSerializer(many=True, read_only=True)
    specialities = serializers.ListField(
        child=serializers.ChoiceField(choices=Speciality.choices), read_only=True
    )

    class Meta:
        model = TunerApplication
        fields = [
            "id",
            "role",
            "business",
            "bio",
            "location",
            "lat",
            "lng",
            "specialities",
            "statement",
            "status",
            "reason",
            "certifications",
            "decided_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class TunerReviewInput(StrictSerializer):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    text = StrictCharField(required=False, allow_blank=True, max_length=4000)


class TunerReplyInput(StrictSerializer):
    text = StrictCharField(allow_blank=True, max_length=4000, help_text="Empty takes the reply back.")


class TunerReviewSerializer(StrictModelSerializer[TunerReview]):
    author = serializers.SerializerMethodField(help_text="First name only.")
    verified_by = serializers.CharField(source="right_kind", read_only=True)
    replied_at = InstantField(read_only=True, allow_null=True)

    class Meta:
        model = TunerReview
        fields = [
            "id",
            "author",
            "verified_by",
            "rating",
            "text",
            "reply",
            "replied_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_author(self, row: TunerReview) -> str:
        return row.author.first_name or "A rider"
