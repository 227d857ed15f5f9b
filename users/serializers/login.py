"""Bodies of the auth routes. Both spellings of the seed documents (`phone`, `phone_number`) are taken."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import StrictCharField
from core.serializers import StrictSerializer
from users.serializers.person import AccountSerializer, NameField, split_name
from users.services.accounts import clean_phone


class PhoneField(StrictCharField):
    """A phone number in any common spelling; E.164 inside."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return clean_phone(text, self.field_name or "phone_number") if text else ""


class MailField(serializers.EmailField):
    """A mail address as text; case does not matter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data)).lower()


class AddressMixin(StrictSerializer):
    """`email` and/or `phone_number` (= `phone`)."""

    email = MailField(required=False, allow_blank=True)
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
    name = NameField(required=False, allow_blank=True, max_length=160)
    first_name = NameField(required=False, allow_blank=True, max_length=80)
    last_name = NameField(required=False, allow_blank=True, max_length=80)
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
    mfa_code = StrictCharField(
        required=False,
        allow_blank=True,
        max_length=20,
        help_text="After 401 `mfa_required`: the second factor.",
    )


class RefreshInput(StrictSerializer):
    refresh_token = StrictCharField(max_length=200)


class TokenOutput(StrictSerializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")


class LoginOutput(TokenOutput):
    message = serializers.CharField()
    user = AccountSerializer()
