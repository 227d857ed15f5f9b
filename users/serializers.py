"""Bodies of the auth routes. Both spellings of the seed documents (`phone`, `phone_number`) are taken."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField
from core.serializers import StrictSerializer
from users.models import Role
from users.services import clean_phone


class PhoneField(StrictCharField):
    """A phone number in any common spelling; E.164 inside."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return clean_phone(text, self.field_name or "phone_number") if text else ""


class AddressMixin(StrictSerializer):
    """`email` and/or `phone_number` (= `phone`)."""

    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    phone_number = PhoneField(required=False, allow_blank=True, max_length=32)
    phone = PhoneField(required=False, allow_blank=True, max_length=32, help_text="The same as phone_number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, second = attrs.pop("phone_number", ""), attrs.pop("phone", "")
        if first and second and first != second:
            raise ValidationError({"phone": ["This differs from phone_number."]})
        attrs["phone"] = first or second or None
        if not attrs.get("email") and not attrs["phone"]:
            raise ValidationError({"email": ["Give an e-mail address or a phone number."]})
        return attrs


class RegisterInput(AddressMixin):
    password = StrictCharField(min_length=8, max_length=128, trim_whitespace=False, write_only=True)
    name = StrictCharField(required=False, allow_blank=True, max_length=160)
    first_name = StrictCharField(required=False, allow_blank=True, max_length=80)
    last_name = StrictCharField(required=False, allow_blank=True, max_length=80)
    referral_code = StrictCharField(required=False, allow_blank=True, allow_null=True, max_length=40)
    device_id = StrictCharField(required=False, allow_blank=True, max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        attrs |= split_name(attrs)
        if not attrs["first_name"]:
            raise ValidationError({"name": ["Give a name."]})
        attrs["extras"] = {"referral_code": attrs.pop("referral_code", None) or ""}
        return attrs


class LoginInput(AddressMixin):
    password = StrictCharField(max_length=128, trim_whitespace=False, write_only=True)
    device_id = StrictCharField(required=False, allow_blank=True, max_length=64)


class RefreshInput(StrictSerializer):
    refresh_token = StrictCharField(max_length=200)


class TokenOutput(StrictSerializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")


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


class LoginOutput(TokenOutput):
    message = serializers.CharField()
    user = AccountSerializer()


class ProfileOutput(StrictSerializer):
    user = AccountSerializer()


class ProfileInput(StrictSerializer):
    """What a person may change of themselves; addresses have flows of their own."""

    name = StrictCharField(required=False, allow_blank=False, max_length=160)
    first_name = StrictCharField(required=False, allow_blank=False, max_length=80)
    last_name = StrictCharField(required=False, allow_blank=True, max_length=80)
    bio = StrictCharField(required=False, allow_blank=True, max_length=2000)
    location = StrictCharField(required=False, allow_blank=True, max_length=120)
    experience = StrictCharField(required=False, allow_blank=True, max_length=40)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | split_name(attrs) if "name" in attrs else attrs


def split_name(attrs: dict[str, Any]) -> dict[str, str]:
    """First and last name from both, or from the one `name` that some clients send (which is removed)."""
    first, _, last = attrs.pop("name", "").strip().partition(" ")
    return {
        "first_name": attrs.get("first_name") or first[:80],
        "last_name": attrs.get("last_name") or last.strip()[:80],
    }
