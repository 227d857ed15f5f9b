"""Shapes of a person: to themselves, and to others."""

import re
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator
from rest_framework import serializers

from core.fields import InstantField, StrictCharField
from core.serializers import StrictSerializer
from users.models import Role

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class NameField(StrictCharField):
    """A name is one line: it ends up in letters and lists. No control or direction characters."""

    default_error_messages = {"control": "A name has no line breaks or control characters."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if _CONTROL.search(text):
            self.fail("control")
        return text


class PictureField(StrictCharField):
    """The https address of a picture; null is none."""

    default_error_messages = {"https": "Give an https address."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            URLValidator(schemes=["https"])(text)
        except DjangoValidationError:
            self.fail("https")
        return text


class AccountSerializer(StrictSerializer):
    """The `user` object."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    phone_number = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True, help_text="The same as phone_number.")
    email_verified = serializers.BooleanField()
    phone_verified = serializers.BooleanField()
    is_verified = serializers.BooleanField()
    role = serializers.ChoiceField(choices=Role.choices)
    profile_picture = serializers.CharField(allow_null=True)
    bio = serializers.CharField()
    location = serializers.CharField()
    experience = serializers.CharField()
    membership_id = serializers.UUIDField(allow_null=True)
    membership_tier = serializers.CharField(allow_null=True)
    referral_code = serializers.CharField(allow_null=True)
    rewards_balance = serializers.IntegerField()
    default_session_id = serializers.CharField(allow_null=True)
    created_at = InstantField()


class OwnProfileOutput(StrictSerializer):
    user = AccountSerializer()


class OwnProfileInput(StrictSerializer):
    """What a person may change of themselves; addresses have flows of their own."""

    name = NameField(required=False, allow_blank=False, max_length=160)
    first_name = NameField(required=False, allow_blank=False, max_length=80)
    last_name = NameField(required=False, allow_blank=True, max_length=80)
    profile_picture = PictureField(
        required=False, allow_null=True, help_text="An https address, or null for none."
    )
    bio = StrictCharField(required=False, allow_blank=True, max_length=2000)
    location = StrictCharField(required=False, allow_blank=True, max_length=120)
    experience = StrictCharField(required=False, allow_blank=True, max_length=40)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "profile_picture" in attrs:
            attrs["profile_picture"] = attrs["profile_picture"] or ""
        return attrs | split_name(attrs) if "name" in attrs else attrs


def split_name(attrs: dict[str, Any]) -> dict[str, str]:
    """First and last name from both, or from the one `name` that some clients send (which is removed)."""
    first, _, last = attrs.pop("name", "").strip().partition(" ")
    return {
        "first_name": attrs.get("first_name") or first[:80],
        "last_name": attrs.get("last_name") or last.strip()[:80],
    }


class PublicProfileSerializer(StrictSerializer):
    """What other people see."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    is_verified = serializers.BooleanField()
    profile_picture = serializers.CharField(allow_null=True)
    bio = serializers.CharField()
    location = serializers.CharField()
    experience = serializers.CharField()
    created_at = InstantField()
    stats = serializers.DictField(child=serializers.IntegerField(), help_text="Public numbers, by name.")
