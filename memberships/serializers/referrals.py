"""Codes, referrals, and lines of the rewards account."""

from typing import Any

from rest_framework import serializers

from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer
from memberships.models import Referral, ReferralStatus
from payments.models import Posting


class ReferralSerializer(StrictModelSerializer[Referral]):
    """Somebody who came by one's code; people are ids, what staff know stays with staff."""

    referrer_user = serializers.UUIDField(source="referrer_id", read_only=True)
    referred_user = serializers.UUIDField(source="referred_id", read_only=True)
    code = serializers.CharField(source="code_text", read_only=True)
    status = serializers.ChoiceField(choices=ReferralStatus.choices, read_only=True)
    rewards_applied = serializers.SerializerMethodField()

    class Meta:
        model = Referral
        fields = ["id", "referrer_user", "referred_user", "code", "status", "rewards_applied", "created_at"]
        read_only_fields = fields

    def get_rewards_applied(self, row: Referral) -> bool:
        return row.status == ReferralStatus.CREDITED


class AppliedSerializer(ReferralSerializer):
    """The same for the newcomer, who is not told what staff suspect."""

    def to_representation(self, instance: Referral) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        return shown | {"status": "pending"}


class OwnReferralsOutput(StrictSerializer):
    """One's code, the link to share, and who came by it, the newest first (at most 200)."""

    code = serializers.CharField(allow_null=True)
    link = serializers.CharField(allow_null=True)
    referrals = ReferralSerializer(many=True)


class ApplyInput(StrictSerializer):
    code = StrictCharField(max_length=40)


class RewardLineSerializer(StrictModelSerializer[Posting]):
    """One line of the rewards account from its owner's side: earned is positive, spent negative."""

    kind = serializers.CharField(source="entry.kind", read_only=True)
    description = serializers.CharField(source="entry.description", read_only=True)
    amount_minor = serializers.SerializerMethodField()
    at = InstantField(source="entry.at", read_only=True)

    class Meta:
        model = Posting
        fields = ["id", "kind", "description", "amount_minor", "currency", "at"]
        read_only_fields = fields

    def get_amount_minor(self, row: Any) -> int:
        return int(-row.amount_minor)
