"""Serializer fields that take no liberties, and model-bound ones that see only what the caller may see."""

import math
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db.models import Model
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator


class NoSurrogates(ProhibitSurrogateCharactersValidator):
    """The same rule, but no walk through a good text character by character."""

    def __call__(self, value: Any) -> None:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            super().__call__(value)


_OWN_RULES = {MaxLengthValidator, ProhibitNullCharactersValidator, NoSurrogates}


class StrictCharField(serializers.CharField):
    """Text only: DRF would take a number or a boolean for text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            NoSurrogates() if isinstance(rule, ProhibitSurrogateCharactersValidator) else rule
            for rule in self.validators
        ]

    def run_validation(self, data: Any = empty) -> Any:
        """A plain text in ASCII is judged at a glance; all else, and all that is wrong, goes the long way."""
        if type(data) is str and data.isascii() and self._is_plain:
            text = data.strip() if self.trim_whitespace else data
            if text and len(text) <= self._most and "\0" not in text:
                return text
        return super().run_validation(data)

    @cached_property
    def _is_plain(self) -> bool:
        """Nobody has added a rule."""
        return (
            not self.read_only
            and type(self).to_internal_value is StrictCharField.to_internal_value
            and all(type(rule) in _OWN_RULES for rule in self.validators)
        )

    @cached_property
    def _most(self) -> float:
        return math.inf if self.max_length is None else self.max_length

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class InstantField(serializers.DateTimeField):
    """An ISO 8601 instant; out in UTC with `Z`. Edges of the calendar are a 400, not an overflow."""

    default_error_messages = {"instant": "Give an instant such as 2026-11-20T09:30:00Z."}

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        try:
            parsed = parse_datetime(value) if isinstance(value, str) else None
            if parsed is None or parsed.tzinfo is None:
                self.fail("instant")
            return parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("instant")

    def to_representation(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return str(value.astimezone(UTC).isoformat().replace("+00:00", "Z"))


class VisibleField(serializers.UUIDField):
    """The id of a row that the caller may see; anything else is "not found" at this field.

    `VisibleField(Tune, source="tune")` gives the row itself to the service. Who judges many records at once
    puts the visible rows into the context before: `visible_rows` = {model: {id: row}}.
    """

    default_error_messages = {"absent": "There is no such record."}

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        self.model = model
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        wanted = super().to_internal_value(data)
        read_before = self.context.get("visible_rows", {}).get(self.model)
        if read_before is not None:
            row = read_before.get(wanted)
        else:
            rows: Any = self.model._default_manager
            row = rows.visible_to(self.context["request"].user).filter(pk=wanted).first()
        if row is None:
            self.fail("absent")
        return row

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(getattr(value, "pk", value))
