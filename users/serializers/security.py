"""Shapes of sessions, devices, passwords, addresses and codes."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer
from users.models import AppSession, DataExport, Identity, UserDevice
from users.serializers.login import LoginOutput, MailField, PhoneField


class SecretField(StrictCharField):
    """A password as it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_length": 128, "trim_whitespace": False, "write_only": True} | kwargs))


class CodeField(StrictCharField):
    """A short code; blanks and dashes that people type do not count."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_length": 20, "write_only": True} | kwargs))

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).replace(" ", "").replace("-", "")


class SessionSerializer(StrictModelSerializer[AppSession]):
    """One login; `current` is the one that asks."""

    device = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()
    expires_at = InstantField(source="idle_expires_at")

    class Meta:
        model = AppSession
        fields = [
            "id", "current", "auth_method", "device", "user_agent", "ip_prefix", "created_at", "last_seen_at",
            "expires_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_device(self, session: AppSession) -> str | None:
        return str(session.device) if session.device else None

    def get_current(self, session: AppSession) -> bool:
        return bool(self.context["request"].auth.session_id == session.pk)


class DeviceSerializer(StrictModelSerializer[UserDevice]):
    """The push token goes in, only whether there is one comes out."""

    push = serializers.SerializerMethodField(help_text="Whether push messages can reach it.")

    class Meta:
        model = UserDevice
        fields = ["id", "device_id", "platform", "name", "app_version", "push", "last_seen_at", "created_at"]
        read_only_fields = fields

    def get_push(self, device: UserDevice) -> bool:
        return bool(device.push_token)


class DeviceInput(StrictSerializer):
    device_id = StrictCharField(max_length=64)
    platform = StrictCharField(required=False, allow_blank=True, max_length=20)
    name = StrictCharField(required=False, allow_blank=True, max_length=80)
    app_version = StrictCharField(required=False, allow_blank=True, max_length=40)
    push_token = StrictCharField(required=False, allow_blank=True, allow_null=True, max_length=500)


class DeviceName(StrictSerializer):
    device_id = StrictCharField(max_length=64)


class PasswordChangeInput(StrictSerializer):
    old_password = SecretField(
        required=False, allow_blank=True, default="", help_text="Not needed by who never had one."
    )
    new_password = SecretField(min_length=8)


class PasswordResetInput(StrictSerializer):
    email = MailField()


class PasswordResetConfirmInput(StrictSerializer):
    """`token` of the link, or `email` and `code` of the letter."""

    token = StrictCharField(required=False, max_length=300)
    email = MailField(required=False)
    code = CodeField(required=False)
    new_password = SecretField(min_length=8)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("token") and not (attrs.get("email") and attrs.get("code")):
            raise ValidationError({"token": ["Give the token of the link, or e-mail address and code."]})
        return attrs


class EmailVerifyInput(StrictSerializer):
    """`token` of the link; or, logged in, the `code` (and the new `email` of a change); or nothing: send it again."""

    token = StrictCharField(required=False, max_length=900)
    code = CodeField(required=False)
    email = MailField(required=False, help_text="With `code`: the new address of a change.")


class EmailChangeInput(StrictSerializer):
    email = MailField()
    password = SecretField(
        required=False, allow_blank=True, default="", help_text="Not needed by who never had one."
    )


class ReauthenticateInput(StrictSerializer):
    """One of them."""

    password = SecretField(required=False)
    otp_code = CodeField(required=False)
    mfa_code = CodeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.values()):
            raise ValidationError({"password": ["Give your password, or a code."]})
        return attrs


class PhoneInput(StrictSerializer):
    """`phone_number` (= `phone`)."""

    phone_number = PhoneField(required=False, max_length=32)
    phone = PhoneField(required=False, max_length=32, help_text="The same as phone_number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, second = attrs.pop("phone_number", ""), attrs.pop("phone", "")
        if first and second and first != second:
            raise ValidationError({"phone": ["This differs from phone_number."]})
        if not first and not second:
            raise ValidationError({"phone_number": ["Give a phone number."]})
        attrs["phone"] = first or second
        return attrs


class OtpRequestInput(PhoneInput):
    challenge_id = serializers.UUIDField(
        required=False, help_text="Of the code that did not come; it ends with the new one."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("challenge_id", None)
        return super().validate(attrs)


class OtpSentOutput(StrictSerializer):
    message = serializers.CharField()
    challenge_id = serializers.UUIDField()
    resend_after = serializers.IntegerField(help_text="Seconds.")


class OtpInput(PhoneInput):
    otp_code = CodeField()
    challenge_id = serializers.UUIDField(required=False, allow_null=True)
    device_id = StrictCharField(required=False, allow_blank=True, max_length=64)
    mfa_code = CodeField(required=False, allow_blank=True)


class VerificationStatusOutput(StrictSerializer):
    phone_number = serializers.CharField(allow_null=True)
    phone_verified = serializers.BooleanField()


class PhoneVerifiedOutput(LoginOutput):
    """With a bearer only `message`, `phone_number` and `phone_verified` come; without one it is a login."""

    access_token = serializers.CharField(required=False)
    refresh_token = serializers.CharField(required=False)
    expires_in = serializers.IntegerField(required=False)
    phone_number = serializers.CharField(required=False)
    phone_verified = serializers.BooleanField(required=False)


class ExchangeInput(StrictSerializer):
    provider = StrictCharField(max_length=40)
    token = StrictCharField(max_length=8192, write_only=True)
    device_id = StrictCharField(required=False, allow_blank=True, max_length=64)
    mfa_code = CodeField(required=False, allow_blank=True)


class IdentityConnectInput(StrictSerializer):
    provider = StrictCharField(max_length=40)
    token = StrictCharField(max_length=8192, write_only=True)


class IdentityId(StrictSerializer):
    id = serializers.UUIDField()


class IdentitySerializer(StrictModelSerializer[Identity]):
    class Meta:
        model = Identity
        fields = ["id", "provider", "email", "phone", "linked_at", "last_used_at"]
        read_only_fields = fields


class AccountDeleteInput(StrictSerializer):
    """Your password; without one a proof of the last minutes (auth/reauthenticate/) is needed."""

    password = SecretField(required=False, allow_blank=True)


class ExportSerializer(StrictModelSerializer[DataExport]):
    url = serializers.SerializerMethodField(
        help_text="A signed address, until expires_at; null before it is ready."
    )

    class Meta:
        model = DataExport
        fields = ["id", "state", "created_at", "expires_at", "size", "url"]
        read_only_fields = fields

    def get_url(self, export: DataExport) -> str | None:
        return self.context.get("url")


class AccountDeleteOutput(StrictSerializer):
    message = serializers.CharField()
    erase_after = InstantField()
