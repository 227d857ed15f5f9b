"""A person's memberships, codes, referrals and rewards: to take along, and to forget."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import clock
from core.ports import personal_data
from memberships.models import Membership, MembershipInvoice, Referral, ReferralCode, RewardGrant
from memberships.services.leaving import forget


class MembershipData:
    """Runs as the system role, in the transaction of the job that asks."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "memberships": list(
                Membership.objects.filter(user_id=user_id).values(
                    "id", "plan__name", "status", "price_minor", "currency", "started_at", "period_start", "period_end",
                    "cancel_at_period_end", "ended_at", "end_reason", "churn_reason", "churn_note", "created_at",
                )
            ),
            "membership_invoices": list(
                MembershipInvoice.objects.filter(membership__user_id=user_id).values(
                    "kind", "plan__name", "status", "price_minor", "credit_minor", "currency", "period_start",
                    "period_end", "paid_at",
                )
            ),
            "referral_codes": list(
                ReferralCode.objects.filter(user_id=user_id).values("code", "active", "expires_at", "created_at")
            ),
            "referrals_made": list(
                Referral.objects.filter(referrer_id=user_id).values("code_text", "status", "created_at")
            ),
            "referred_by_code": list(
                Referral.objects.filter(referred_id=user_id).values("code_text", "status", "created_at")
            ),
            "rewards_given": list(
                RewardGrant.objects.filter(user_id=user_id).values(
                    "reason", "amount_minor", "currency", "note", "expires_at", "taken_minor", "created_at"
                )
            ),
        }  # fmt: skip

    def erase(self, user_id: UUID) -> None:
        """The membership ends, rewards go back to the house, codes open nothing; the books stay without words."""
        forget(user_id)
        now = clock.now()
        Membership.objects.filter(user_id=user_id).exclude(churn_note="").update(churn_note="")
        for code in ReferralCode.objects.filter(user_id=user_id, deleted_at=None):
            code.code, code.active, code.deleted_at = f"X{code.pk.hex[-20:].upper()}", False, now
            code.save(update_fields=["code", "active", "deleted_at"])
        Referral.objects.filter(referrer_id=user_id).exclude(code_text="").update(code_text="REMOVED")
        RewardGrant.objects.filter(user_id=user_id).exclude(note="").update(note="")


personal_data.register("memberships", MembershipData())
