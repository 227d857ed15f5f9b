"""The query of the list of tunes."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from core.fields import StrictCharField
from core.serializers import StrictSerializer
from garage.models import FuelType
from marketplace.models import Stage
from marketplace.prices import CURRENCIES
from marketplace.selectors.search import ORDERINGS

MAX_PRICE = 2**53
KINDS = ["make", "model", "ecu", "tune"]


class TuneQuery(StrictSerializer):
    """Filters, order and page. Names are compared without case, blanks and punctuation."""

    search = StrictCharField(required=False, allow_blank=True, max_length=200)
    make = StrictCharField(required=False, allow_blank=True, max_length=80)
    model = StrictCharField(required=False, allow_blank=True, max_length=80, help_text="Together with make.")
    year = serializers.IntegerField(required=False, min_value=1885, max_value=2100)
    ecu = StrictCharField(required=False, allow_blank=True, max_length=80, help_text="ECU family.")
    vehicle_type = StrictCharField(required=False, allow_blank=True, max_length=80, help_text="Its code.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    fuel_type = serializers.ChoiceField(choices=FuelType.choices, required=False)
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    free = serializers.BooleanField(required=False, allow_null=True, default=None)
    price_min = serializers.IntegerField(required=False, min_value=0, max_value=MAX_PRICE)
    price_max = serializers.IntegerField(required=False, min_value=0, max_value=MAX_PRICE)
    min_rating = serializers.FloatField(required=False, min_value=1, max_value=5, help_text="Least score.")
    tuner = serializers.UUIDField(required=False)
    compatible_with = serializers.UUIDField(
        required=False, help_text="One of your vehicles: only tunes that fit it, or may fit it."
    )
    ordering = serializers.ChoiceField(
        choices=[sign + name for name in ORDERINGS for sign in ("", "-")], default="-published_at"
    )
    cursor = StrictCharField(required=False, max_length=400)
    page_size = serializers.IntegerField(default=50, min_value=1, max_value=200)
    count = serializers.BooleanField(default=False, help_text="Also answer the total, counted to 1000.")
    facets = serializers.BooleanField(default=False, help_text="Also answer facets, of up to 1000 matches.")


_FIELDS = (
    TuneQuery().fields
)  # bound once: a serializer a request would copy all of them, a third of a millisecond
_DEFAULTS = {name: field.default for name, field in _FIELDS.items() if field.default is not empty}


def read_tune_query(params: Mapping[str, str]) -> dict[str, Any]:
    """The values of TuneQuery's parameters; others are no business of ours (trackers add theirs).

    Raises ValidationError naming each wrong parameter.
    """
    values, wrong = dict(_DEFAULTS), dict[str, Any]()
    for name in _FIELDS.keys() & params.keys():
        try:
            values[name] = _FIELDS[name].run_validation(params[name])
        except ValidationError as problem:
            wrong[name] = problem.detail
    if values.get("model") and not values.get("make"):
        wrong.setdefault("make", ["Give the make of this model."])
    if wrong:
        raise ValidationError(wrong)
    return values


class FacetSerializer(StrictSerializer):
    value = serializers.CharField()
    count = serializers.IntegerField()


class FacetsSerializer(StrictSerializer):
    """Values with the number of matches, most first; of a sample of 1000 when `matches` says `1000+`."""

    make = FacetSerializer(many=True)
    model = FacetSerializer(many=True)
    ecu = FacetSerializer(many=True)
    stage = FacetSerializer(many=True)
    fuel_type = FacetSerializer(many=True)
    vehicle_type = FacetSerializer(many=True)
    matches = serializers.JSONField(help_text="A number, or `1000+`.")


class SuggestionSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=KINDS)
    text = serializers.CharField()


class SuggestionsSerializer(StrictSerializer):
    suggestions = SuggestionSerializer(many=True)


class SuggestQuery(StrictSerializer):
    q = StrictCharField(min_length=2, max_length=60)
