"""Tunes, versions and what they fit."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import StrictCharField, VisibleField
from core.serializers import StrictModelSerializer, StrictSerializer
from garage.models import FuelType, VehicleModel
from marketplace.fitment import label_of
from marketplace.models import Compatibility, Stage, Tune, TuneVersion
from marketplace.prices import CURRENCIES, MAXIMUM
from marketplace.serializers.search import FacetsSerializer
from marketplace.services.tunes import MAX_PICTURES

MAX_FITS = 100
VERDICTS = ["fits", "unsure", "no"]


class EcuSerializer(StrictSerializer):
    family = StrictCharField(required=False, allow_blank=True, max_length=80)
    hardware = StrictCharField(required=False, allow_blank=True, max_length=80)
    software = StrictCharField(required=False, allow_blank=True, max_length=80)


class FitInput(StrictSerializer):
    """One kind of vehicle: a catalogue model, or make and model in words, or an ECU family alone."""

    vehicle_model_id = VisibleField(VehicleModel, source="vehicle_model", required=False, allow_null=True)
    make = StrictCharField(required=False, allow_blank=True, max_length=80)
    model = StrictCharField(required=False, allow_blank=True, max_length=80)
    year_from = serializers.IntegerField(required=False, allow_null=True, min_value=1885, max_value=2100)
    year_to = serializers.IntegerField(required=False, allow_null=True, min_value=1885, max_value=2100)
    ecu = EcuSerializer(required=False)
    calibration_ids = serializers.ListField(
        child=StrictCharField(max_length=80), required=False, max_length=50
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known: VehicleModel | None = attrs.get("vehicle_model")
        if known is not None:
            attrs |= {"make": known.brand.name, "model": known.name}
            attrs.setdefault("year_from", known.year_from)
            attrs.setdefault("year_to", known.year_to)
        for name, value in attrs.pop("ecu", {}).items():
            attrs[f"ecu_{name}"] = value
        if attrs.get("model") and not attrs.get("make"):
            raise ValidationError({"make": ["Give the make of this model."]})
        if not attrs.get("make") and not attrs.get("ecu_family"):
            raise ValidationError({"make": ["Give a vehicle model, a make, or an ECU family."]})
        low, high = attrs.get("year_from"), attrs.get("year_to")
        if low is not None and high is not None and high < low:
            raise ValidationError({"year_to": ["This lies before year_from."]})
        return attrs


class FitSerializer(StrictModelSerializer[Compatibility]):
    vehicle_model_id = serializers.UUIDField(read_only=True, allow_null=True)
    ecu = serializers.SerializerMethodField()
    calibration_ids = serializers.ListField(child=serializers.CharField(), read_only=True)
    label = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field of that name

    class Meta:
        model = Compatibility
        fields = [
            "id",
            "vehicle_model_id",
            "make",
            "model",
            "year_from",
            "year_to",
            "ecu",
            "calibration_ids",
            "verified",
            "label",
        ]
        read_only_fields = fields

    @extend_schema_field(EcuSerializer)
    def get_ecu(self, row: Compatibility) -> dict[str, str]:
        return {"family": row.ecu_family, "hardware": row.ecu_hardware, "software": row.ecu_software}

    def get_label(self, row: Compatibility) -> str:
        return label_of(row)


class VersionSerializer(StrictModelSerializer[TuneVersion]):
    """What everybody may know of a version; never where its file lies."""

    class Meta:
        model = TuneVersion
        fields = [
            "id",
            "number",
            "size",
            "sha256",
            "changelog",
            "state",
            "format",
            "family",
            "signature",
            "calibration_id",
            "checksum_ok",
            "published_at",
            "created_at",
        ]
        read_only_fields = fields


class OwnVersionSerializer(VersionSerializer):
    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "filename", "detail"]
        read_only_fields = fields


class VersionInput(StrictSerializer):
    file_id = serializers.UUIDField(help_text="A complete upload with the purpose `tune_version`.")
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="Hexadecimal, small letters.")
    changelog = StrictCharField(required=False, allow_blank=True, max_length=4000)


class PictureSerializer(StrictSerializer):
    file_id = serializers.UUIDField()
    url = serializers.CharField()


class SellerSerializer(StrictSerializer):
    id = serializers.UUIDField()
    business = serializers.CharField()


class CardSerializer(StrictModelSerializer[Tune]):
    """One row of a list. The shelf keeps the same shape ready made (0003); a test holds the two together."""

    picture = serializers.SerializerMethodField(help_text="Address of the cover.")
    gain_power_kw = serializers.DecimalField(6, 2, allow_null=True, read_only=True)
    gain_torque_nm = serializers.DecimalField(6, 2, allow_null=True, read_only=True)
    rating = serializers.FloatField(allow_null=True, read_only=True, help_text="Mean of the reviews, 1 to 5.")
    score = serializers.FloatField(read_only=True, help_text="Bayesian mean: sorts fairly with few reviews.")
    tuner = SellerSerializer(read_only=True)
    fits = serializers.SerializerMethodField(help_text="The first five, in words.")
    version_number = serializers.SerializerMethodField()

    class Meta:
        model = Tune
        fields = [
            "id",
            "title",
            "summary",
            "stage",
            "fuel_type",
            "price_minor",
            "currency",
            "vin_bound",
            "picture",
            "gain_power_kw",
            "gain_torque_nm",
            "rating",
            "rating_count",
            "score",
            "sales_count",
            "tuner",
            "fits",
            "version_number",
            "published_at",
        ]
        read_only_fields = fields

    def get_picture(self, row: Tune) -> str | None:
        return row.pictures[0]["url"] if row.pictures else None

    def get_fits(self, row: Tune) -> list[str]:
        return [label_of(fit) for fit in live_fits(row)[:5]]

    def get_version_number(self, row: Tune) -> int | None:
        return max((version.number for version in row.versions.all() if version.published_at), default=None)


class TunePageSerializer(StrictSerializer):
    """A page of the list of tunes."""

    results = CardSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    count = serializers.JSONField(required=False, help_text="Only with `count=true`; `1000+` beyond.")
    facets = FacetsSerializer(required=False, help_text="Only with `facets=true`.")


class TuneSerializer(CardSerializer):
    """A tune on its own page."""

    pictures = PictureSerializer(many=True, read_only=True)
    compatibility = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField(help_text="The newest published one.")
    badges = serializers.SerializerMethodField(
        help_text="What was found in this version, by who looked: `safety` {text, verdict, findings, ...}."
    )

    class Meta(CardSerializer.Meta):
        fields = [
            *CardSerializer.Meta.fields,
            "description",
            "requirements",
            "pictures",
            "compatibility",
            "version",
            "badges",
            "status",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field(FitSerializer(many=True))
    def get_compatibility(self, row: Tune) -> list[dict[str, Any]]:
        return list(FitSerializer(live_fits(row), many=True).data)

    @extend_schema_field(VersionSerializer(allow_null=True))
    def get_version(self, row: Tune) -> dict[str, Any] | None:
        shown = shown_version(row)
        return VersionSerializer(shown).data if shown else None

    @extend_schema_field(serializers.DictField(child=serializers.DictField()))
    def get_badges(self, row: Tune) -> dict[str, Any]:
        shown = shown_version(row)
        found: dict[str, Any] = self.context.get("badges", {}).get(shown.pk, {}) if shown else {}
        return found


class OwnTuneSerializer(TuneSerializer):
    """The same with what only its tuner sees."""

    class Meta(TuneSerializer.Meta):
        fields = [*TuneSerializer.Meta.fields, "moderation_reason"]
        read_only_fields = fields


class FiguresSerializer(StrictSerializer):
    """What a tuner wants to know of a tune; `gross_minor` is what buyers paid less what they got back."""

    favourites = serializers.IntegerField()
    downloads = serializers.IntegerField()
    sales = serializers.IntegerField()
    sales_30_days = serializers.IntegerField()
    refunds = serializers.IntegerField()
    gross_minor = serializers.IntegerField()


class BenchTuneSerializer(OwnTuneSerializer):
    """One's own tunes, drafts included, with their figures."""

    figures = serializers.SerializerMethodField()

    class Meta(OwnTuneSerializer.Meta):
        fields = [*OwnTuneSerializer.Meta.fields, "figures"]
        read_only_fields = fields

    @extend_schema_field(FiguresSerializer)
    def get_figures(self, row: Tune) -> dict[str, int]:
        found: dict[str, int] = self.context["figures"][row.pk]
        return found


class TuneInput(StrictSerializer):
    """What a tuner writes about a tune."""

    id = serializers.UUIDField(required=False)
    title = StrictCharField(max_length=120)
    summary = StrictCharField(required=False, allow_blank=True, max_length=300)
    description = StrictCharField(required=False, allow_blank=True, max_length=10_000)
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    fuel_type = serializers.ChoiceField(choices=FuelType.choices, required=False, allow_blank=True)
    requirements = StrictCharField(required=False, allow_blank=True, max_length=4000)
    gain_power_kw = serializers.DecimalField(
        6, 2, required=False, allow_null=True, min_value=-500, max_value=1500
    )
    gain_torque_nm = serializers.DecimalField(
        6, 2, required=False, allow_null=True, min_value=-500, max_value=3000
    )
    price_minor = serializers.IntegerField(required=False, min_value=0, max_value=MAXIMUM)
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    vin_bound = serializers.BooleanField(required=False)
    picture_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_PICTURES
    )
    compatibility = FitInput(many=True, required=False, source="fits", max_length=MAX_FITS)  # type: ignore[call-arg]  # of the list


class TunePatch(TuneInput):
    id = None  # type: ignore[assignment]  # a tune keeps its id


class FitQuery(StrictSerializer):
    vehicle_id = serializers.UUIDField()


class ReasonSerializer(StrictSerializer):
    code = serializers.CharField()
    message = serializers.CharField()


class FitAnswer(StrictSerializer):
    """verdict: fits, unsure (something about the vehicle is unknown) or no; the reasons say why."""

    tune_id = serializers.UUIDField()
    vehicle_id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reasons = ReasonSerializer(many=True)
    label = serializers.CharField(  # type: ignore[assignment]  # a field of that name
        help_text="The row that was compared, in words."
    )
    verified = serializers.BooleanField(help_text="Staff saw it run on such a vehicle.")


def shown_version(row: Tune) -> TuneVersion | None:
    """The newest published version; of a prefetched tune without a statement."""
    shown = [version for version in row.versions.all() if version.published_at]
    return max(shown, key=lambda one: one.number, default=None)


def live_fits(row: Tune) -> list[Compatibility]:
    """The rows in the order of the shelf; of a prefetched tune without a statement."""
    rows = [fit for fit in row.fits.all() if fit.deleted_at is None]
    return sorted(rows, key=lambda fit: (fit.make, fit.model, fit.year_from or 9999, str(fit.pk)))
