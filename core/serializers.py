"""Shapes of input and output: strict on the way in, plain and fast on the way out."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

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


class MessageSerializer(StrictSerializer):
    """A short sentence for a person."""

    message = serializers.CharField()


class _Idle(threading.local):
    """Serializers of this thread that judge nothing at the moment, by class."""

    def __init__(self) -> None:
        self.judges: defaultdict[type[Any], list[Any]] = defaultdict(list)


_idle = _Idle()


def checked(
    shape: type[serializers.BaseSerializer[Any]],
    data: Any,
    *,
    context: Mapping[str, Any],
    partial: bool = False,
) -> dict[str, Any]:
    """The validated data of `shape(data=data)`, for hot writes that save by a statement of their own.

    One serializer judges the requests of a thread in turn: to build its fields takes several times as long as what
    they check. Raises ValidationError.
    """
    idle = _idle.judges[shape]
    judge: Any = idle.pop() if idle else shape()
    judge.initial_data, judge.partial, judge._context = data, partial, dict(context)
    try:
        return dict(judge.run_validation(data))
    finally:
        judge.initial_data, judge._context = None, {}
        idle.append(judge)
