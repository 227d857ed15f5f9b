"""Shapes of input and output: strict on the way in, plain and fast on the way out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from core.fields import InstantField, StrictCharField
from core.renderers import snake

M = TypeVar("M", bound=models.Model)

UNKNOWN = "Unknown field."
TWICE = "Give this field once, in one spelling."


class StrictMixin:
    """Refuses unknown fields by name and takes `vehicleId` for `vehicle_id`."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            data = self._known_keys(data)
        return super().to_internal_value(data)  # type: ignore[misc]

    def _known_keys(self, data: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.fields  # type: ignore[attr-defined]
        known: dict[str, Any] = {}
        wrong: dict[str, list[str]] = {}
        for key, value in data.items():
            name = key if key in fields else snake(key)
            if name not in fields:
                wrong[key] = [UNKNOWN]
            elif name in known:
                wrong[name] = [TWICE]
            else:
                known[name] = value
        if wrong:
            raise ValidationError(wrong)
        return known


class StrictSerializer(StrictMixin, serializers.Serializer[Any]):
    """Input of a deed, or output of a shape that is no model."""


class StrictModelSerializer(StrictMixin, serializers.ModelSerializer[M]):
    """A model's shape; text is text and instants are instants."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: StrictCharField,
        models.TextField: StrictCharField,
        models.DateTimeField: InstantField,
    }


@lru_cache(maxsize=256)
def _judge(shape: type[serializers.Serializer[Any]], partial: bool) -> serializers.Serializer[Any]:
    return shape(partial=partial)


@lru_cache(maxsize=1024)
def _narrow_judge(
    shape: type[serializers.Serializer[Any]], partial: bool, given: frozenset[str]
) -> serializers.Serializer[Any]:
    """Without the fields that a body of these keys leaves out and nobody misses."""
    judge = shape(partial=partial)
    for name, field in [*judge.fields.items()]:
        if name not in given and (partial or (not field.required and field.default is empty)):
            del judge.fields[name]
    return judge


def judged(shape: type[serializers.Serializer[Any]], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """What a valid body says. Raises ValidationError like `is_valid(raise_exception=True)`.

    One instance judges all bodies with the same keys: a new one copies all its declared fields, which costs more
    than judging, and fields that are not given cost as much as others. Only for shapes that need neither a context
    nor an instance.
    """
    judge = _judge(shape, partial)
    if (
        isinstance(data, Mapping) and data.keys() <= judge.fields.keys()
    ):  # else all are needed, to name the unknown
        judge = _narrow_judge(shape, partial, frozenset(data))
    return dict(judge.run_validation(data))


class MessageSerializer(StrictSerializer):
    """A short sentence for a person."""

    message = serializers.CharField()
