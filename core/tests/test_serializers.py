"""One judge for all bodies says what a judge of its own would say of each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import StrictCharField
from core.serializers import StrictSerializer, judged


class Engine(StrictSerializer):
    cylinders = serializers.IntegerField(min_value=1)
    maker = StrictCharField(required=False)


class Bike(StrictSerializer):
    make = StrictCharField(max_length=5)
    wheels = serializers.IntegerField(default=2)
    year = serializers.IntegerField(required=False, allow_null=True)
    mods = serializers.ListField(child=StrictCharField(), required=False)
    engine = Engine(source="*", required=False)
    rev = serializers.IntegerField(read_only=True)

    def validate_year(self, year):
        if year == 13:
            raise ValidationError("Unlucky.")
        return year


VALUES = st.one_of(
    st.none(), st.integers(0, 20), st.sampled_from(["", "KTM", "a long name", ["exhaust"], {"cylinders": 2}, {"cylinders": 0}, {}])
)  # fmt: skip
BODIES = st.dictionaries(
    st.sampled_from(["make", "wheels", "year", "mods", "engine", "rev", "Make", "colour"]), VALUES
)


def alone(body, *, partial):
    shape = Bike(data=body, partial=partial)
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)


def said(judge, body, *, partial):
    try:
        return judge(body, partial=partial)
    except ValidationError as problem:
        return problem.detail


@settings(max_examples=150, deadline=None)
@given(st.one_of(BODIES, st.just([]), st.just("text")), st.booleans())
def test_what_a_body_says_does_not_depend_on_those_before_it(body, partial):
    assert said(lambda data, partial: judged(Bike, data, partial=partial), body, partial=partial) == said(
        alone, body, partial=partial
    )


@pytest.mark.parametrize(
    "text, fine", [("Zoë 🏍", True), ("half a \ud83c character", False), ("\udfff", False)]
)
def test_a_text_is_of_whole_characters(text, fine):
    class Words(StrictSerializer):
        text = StrictCharField()

    judge = Words(data={"text": text})
    assert judge.is_valid() is fine
    assert fine or judge.errors["text"][0].code == "surrogate_characters_not_allowed"
