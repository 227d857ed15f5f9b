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


WAYS = (
    {},
    {"max_length": 5},
    {"allow_blank": True, "max_length": 3},
    {"trim_whitespace": False, "max_length": 4},
    {"min_length": 3},
    {"read_only": True},
    {"validators": [lambda value: None]},
    {"allow_null": True, "required": False},
)


@given(
    st.sampled_from(range(len(WAYS))),
    st.one_of(st.text(max_size=8), st.integers(), st.none(), st.just("a\0b")),
)
@settings(max_examples=300, deadline=None)
def test_a_glance_at_a_text_finds_what_the_long_way_finds(way, value):
    class Patient(StrictCharField):
        _is_plain = False

    quick, long = (outcome(kind(**WAYS[way]), value) for kind in (StrictCharField, Patient))
    assert quick == long


def outcome(field, value):
    try:
        return field.run_validation(value)
    except (ValidationError, serializers.SkipField) as problem:
        return getattr(problem, "detail", "skipped")


def test_a_field_with_rules_of_its_own_is_never_glanced_at():
    class Loud(StrictCharField):
        def to_internal_value(self, data):
            return super().to_internal_value(data).upper()

    assert Loud().run_validation("quiet") == "QUIET"
    assert outcome(StrictCharField(validators=[refuse]), "text") == ["never"]


def refuse(value):
    raise ValidationError("never")
