"""Bodies and answers of the payment routes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField
from core.refs import Ref
from core.serializers import StrictSerializer
from payments.models import PaymentStatus, RefundStatus
from payments.ports import payables
from payments.selectors import checkout_url

MAX_AMOUNT = 2**53 - 1  # what every JSON client can count to


class SubjectSerializer(StrictSerializer):
    """What the payment is for."""

    kind = serializers.CharField()
    id = serializers.UUIDField()


class PaymentSerializer(StrictSerializer):
    """A payment as its payer sees it; amounts in minor units of `currency`."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    gateway = serializers.CharField()
    gateway_order_id = serializers.CharField(allow_null=True)
    expires_at = InstantField(allow_null=True)
    subject = serializers.SerializerMethodField()
    description = serializers.CharField()
    rewards_minor = serializers.IntegerField(help_text="Paid with rewards, on top of amount_minor.")
    captured_minor = serializers.IntegerField()
    refunded_minor = serializers.IntegerField()
    captured_at = InstantField(allow_null=True)
    created_at = InstantField()
    updated_at = InstantField()
    checkout_url = serializers.SerializerMethodField()

    @extend_schema_field(SubjectSerializer)
    def get_subject(self, row: Any) -> dict[str, Any]:
        return {"kind": row.subject_kind, "id": row.subject_id}

    @extend_schema_field(
        {"type": ["string", "null"], "description": "A page to pay at; only the sandbox has one."}
    )
    def get_checkout_url(self, row: Any) -> str | None:
        return checkout_url(row)


class IdField(serializers.UUIDField):
    """A UUID as text: DRF would take the number 7 for one."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class CreateOrderInput(StrictSerializer):
    """Exactly one of the ids, each named by the app that sells the thing; `gateway` only to pay elsewhere."""

    gateway = StrictCharField(required=False, max_length=20)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for plug in payables.values():
            fields[plug.id_field] = IdField(required=False)
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kinds = {plug.id_field: kind for kind, plug in payables.items()}
        given = [name for name in kinds if name in attrs]
        if len(given) != 1:
            names = ", ".join(kinds) or "nothing"
            raise ValidationError(f"Give exactly one of: {names}.")
        return {"target": Ref(kinds[given[0]], attrs[given[0]]), "gateway": attrs.get("gateway")}


class CreateOrderOutput(StrictSerializer):
    payment = PaymentSerializer()
    key_id = serializers.CharField(help_text="The gateway's public key, for the client's checkout.")


class VerifyInput(StrictSerializer):
    """What the checkout gave to the client. Odd values are a bad signature, not a bad field."""

    razorpay_order_id = StrictCharField(max_length=64, required=False)
    razorpay_subscription_id = StrictCharField(max_length=64, required=False)
    razorpay_payment_id = StrictCharField(max_length=64)
    razorpay_signature = StrictCharField(max_length=256, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("razorpay_order_id" in attrs) == ("razorpay_subscription_id" in attrs):
            raise ValidationError({"razorpay_order_id": ["Give this, or razorpay_subscription_id."]})
        return attrs


class VerifyOutput(StrictSerializer):
    payment = PaymentSerializer()


class CheckoutCardInput(StrictSerializer):
    """What a gateway would tell of a card: two payments with the same one are made with the same instrument."""

    last4 = serializers.RegexField(r"^[0-9]{4}$")
    name = StrictCharField(max_length=80, help_text="Of the holder, as it stands on the card.")


class CheckoutInput(StrictSerializer):
    """The person at the sandbox's checkout; without a card the sandbox tells no instrument."""

    card = CheckoutCardInput(required=False)


class CheckoutOutput(StrictSerializer):
    """What a checkout hands to its client; pass it on to `payments/verify/`."""

    razorpay_order_id = serializers.CharField()
    razorpay_payment_id = serializers.CharField()
    razorpay_signature = serializers.CharField()
    payment_status = serializers.ChoiceField(choices=PaymentStatus.choices)


class WebhookOutput(StrictSerializer):
    status = serializers.CharField()


class RefundSerializer(StrictSerializer):
    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=RefundStatus.choices)
    reason = serializers.CharField()
    created_at = InstantField()
    processed_at = InstantField(allow_null=True)


class RefundInput(StrictSerializer):
    amount_minor = serializers.IntegerField(required=False, min_value=1, max_value=MAX_AMOUNT)
    reason = StrictCharField(max_length=200)


class CollectCashInput(StrictSerializer):
    amount_minor = serializers.IntegerField(required=False, min_value=1, max_value=MAX_AMOUNT)


class TrialLineSerializer(StrictSerializer):
    account = serializers.CharField()
    kind = serializers.CharField()
    currency = serializers.CharField()
    debit_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField()
    balance_minor = serializers.IntegerField()


class TrialTotalSerializer(StrictSerializer):
    currency = serializers.CharField()
    balance_minor = serializers.IntegerField(help_text="Zero, or the books are wrong.")


class TrialBalanceOutput(StrictSerializer):
    lines = TrialLineSerializer(many=True)
    totals = TrialTotalSerializer(many=True)
    balanced = serializers.BooleanField()


class WebhookEventSerializer(StrictSerializer):
    id = serializers.UUIDField()
    gateway = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    received_at = InstantField()
    handled_at = InstantField(allow_null=True)
