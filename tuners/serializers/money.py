"""Earnings, payouts and the account that they go to."""

from rest_framework import serializers

from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer
from payments.models import Payout, PayoutAccount, Posting


class BalanceSerializer(StrictSerializer):
    """What the house owes the tuner; negative after refunds beyond it, and then carried over."""

    currency = serializers.CharField()
    balance_minor = serializers.IntegerField(help_text="All of it.")
    cleared_minor = serializers.IntegerField(help_text="May be paid out now: beyond the refund window.")
    waiting_minor = serializers.IntegerField(help_text="Within the refund window, or held by a dispute.")


class BalancesSerializer(StrictSerializer):
    balances = BalanceSerializer(many=True)


class EarningSerializer(StrictModelSerializer[Posting]):
    """One line of the statement: positive is earned, negative went back or was paid out."""

    at = InstantField(source="entry.at", read_only=True)
    kind = serializers.CharField(source="entry.kind", read_only=True)
    description = serializers.CharField(source="entry.description", read_only=True)
    amount_minor = serializers.SerializerMethodField()

    class Meta:
        model = Posting
        fields = ["id", "at", "kind", "description", "amount_minor", "currency"]
        read_only_fields = fields

    def get_amount_minor(self, row: Posting) -> int:
        return -row.amount_minor


class PayoutAccountInput(StrictSerializer):
    gateway = StrictCharField(max_length=20)
    gateway_account_id = StrictCharField(
        max_length=64, help_text="The linked account, as the gateway names it."
    )
    label = StrictCharField(required=False, allow_blank=True, max_length=80)  # type: ignore[assignment]  # a field of that name


class PayoutAccountSerializer(StrictModelSerializer[PayoutAccount]):
    class Meta:
        model = PayoutAccount
        fields = ["id", "gateway", "gateway_account_id", "label", "verified_at", "created_at"]
        read_only_fields = fields


class PayoutSerializer(StrictModelSerializer[Payout]):
    class Meta:
        model = Payout
        fields = ["id", "amount_minor", "currency", "status", "error", "paid_at", "created_at", "updated_at"]
        read_only_fields = fields
