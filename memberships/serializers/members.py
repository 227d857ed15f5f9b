"""Plans, memberships, and what a member may ask for."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer
from memberships.benefits import KINDS
from memberships.models import ChurnReason, InvoiceKind, InvoiceStatus, Membership, MembershipStatus, Plan
from memberships.states import ENTITLED
from payments.ports import gateways
from payments.serializers import MAX_AMOUNT, PaymentSerializer


class BenefitsField(serializers.JSONField):
    """Values by benefit code, as docs/memberships.md lists them."""


class PlanSerializer(StrictModelSerializer[Plan]):
    benefits = extend_schema_field({"type": "object", "additionalProperties": True})(BenefitsField)(
        read_only=True,
        help_text="By code: offer_tiers, service_discount_bps, telemetry_retention_days and so on.",
    )

    class Meta:
        model = Plan
        fields = [
            "id", "code", "name", "description", "rank", "price_minor", "currency", "tax_bps", "interval", "benefits",
            "active", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class PlanField(StrictCharField):
    """A plan by its code or its id; the row goes to the service."""

    default_error_messages = {"absent": "There is no such plan."}

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        rows = Plan.objects.visible_to(self.context["request"].user)
        found = rows.filter(code=text).first()
        if found is None:
            try:
                key = serializers.UUIDField().to_internal_value(text)
            except ValidationError:
                self.fail("absent")
            found = rows.filter(pk=key).first()
        if found is None:
            self.fail("absent")
        return found


class PayInput(StrictSerializer):
    gateway = StrictCharField(required=False, allow_null=True, max_length=20)
    rewards_minor = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_AMOUNT, help_text="Of one's rewards, to pay a part or all."
    )


class SubscribeInput(PayInput):
    plan = PlanField(help_text="Code or id.")
    auto_renew = serializers.BooleanField(
        default=True,
        help_text="A standing order at the gateway, where it can; else periods are sold as orders.",
    )


class ChangeInput(PayInput):
    plan = PlanField(help_text="Code or id.")
    accept_losses = serializers.ListField(
        child=serializers.ChoiceField(choices=list(KINDS)),
        required=False,
        max_length=len(KINDS),
        help_text="Benefits of which the person gives up what a smaller plan does not give (see plan_loses).",
    )


class ResumeInput(StrictSerializer):
    gateway = StrictCharField(required=False, allow_null=True, max_length=20)


class LeaveInput(StrictSerializer):
    """Why somebody leaves; both may be left out."""

    reason = serializers.ChoiceField(choices=ChurnReason.choices, required=False, allow_blank=True)
    note = StrictCharField(required=False, allow_blank=True, max_length=500)


class MembershipSerializer(StrictModelSerializer[Membership]):
    plan = PlanSerializer(read_only=True)
    next_plan = serializers.CharField(source="next_plan.code", read_only=True, allow_null=True, default=None)
    status = serializers.ChoiceField(choices=MembershipStatus.choices, read_only=True)
    benefits_hold = serializers.SerializerMethodField()
    renewal = serializers.SerializerMethodField(
        help_text="gateway: it charges by itself; orders: each is paid."
    )

    class Meta:
        model = Membership
        fields = [
            "id", "plan", "next_plan", "status", "benefits_hold", "renewal", "price_minor", "currency", "interval",
            "started_at", "period_start", "period_end", "cancel_at_period_end", "suspended_at", "ended_at",
            "end_reason", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_benefits_hold(self, row: Membership) -> bool:
        return row.status in ENTITLED and row.suspended_at is None

    @extend_schema_field({"type": "string", "enum": ["gateway", "orders"]})
    def get_renewal(self, row: Membership) -> str:
        return "gateway" if row.subscription_id else "orders"


class MembershipInvoiceSerializer(StrictSerializer):
    """What a period cost; the paper stands at payments/{payment_id}/invoice.pdf."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=InvoiceKind.choices)
    status = serializers.ChoiceField(choices=InvoiceStatus.choices)
    plan = serializers.CharField(source="plan.code")
    price_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField()
    due_minor = serializers.IntegerField()
    currency = serializers.CharField()
    period_start = InstantField(allow_null=True)
    period_end = InstantField(allow_null=True)
    payment_id = serializers.UUIDField(allow_null=True)
    paid_at = InstantField(allow_null=True)
    created_at = InstantField()


class StandingOrderSerializer(StrictSerializer):
    """A standing order to authorise: at `short_url`, or in a checkout with the id and `key_id`."""

    id = serializers.CharField(source="gateway_subscription_id")
    gateway = serializers.CharField()
    status = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    short_url = serializers.CharField()
    key_id = serializers.SerializerMethodField()

    def get_key_id(self, row: Any) -> str:
        return gateways[row.gateway].key_id


class PaymentShape(PaymentSerializer):
    """The order to pay, as `payments` shows it, made of its payload."""

    def get_subject(self, row: Any) -> dict[str, Any]:
        found: dict[str, Any] = row["subject"]
        return found

    def get_checkout_url(self, row: Any) -> str | None:
        found: str | None = row["checkout_url"]
        return found


class OwnMembershipOutput(StrictSerializer):
    """`membership` is the live one, else the one that ended last; null for who never had one."""

    membership = MembershipSerializer(allow_null=True)
    invoices = MembershipInvoiceSerializer(many=True)


class StandingOutput(StrictSerializer):
    """A membership, and what is to pay for it now."""

    membership = MembershipSerializer()
    payment = PaymentShape(allow_null=True)
    subscription = StandingOrderSerializer(allow_null=True)
    credit_minor = serializers.IntegerField(help_text="For what is left of the present period.")
