"""What phones keep: the membership, the plans, the own referrals, the own rewards."""

from memberships.models import Membership, Plan, Referral, RewardGrant
from sync.ports import Merge, ModelCollection, collections

MEMBERSHIPS, PLANS, REFERRALS, GRANTS = 90, 91, 92, 93  # memberships/migrations/0002_rules.py says the same
KEPT = ("rev", "created_at", "updated_at")

collections.register(
    "memberships",
    ModelCollection(
        code=MEMBERSHIPS,
        model=Membership,
        read_only=(
            "plan_id", "next_plan_id", "status", "price_minor", "currency", "interval", "started_at", "period_start",
            "period_end", "cancel_at_period_end", "suspended_at", "ended_at", "end_reason", *KEPT,
        ),
        owner="user_id",
        merge=Merge.SERVER_WINS,
    ),
)  # fmt: skip
collections.register(
    "membership_plans",
    ModelCollection(
        code=PLANS,
        model=Plan,
        read_only=(
            "code", "name", "description", "rank", "price_minor", "currency", "interval", "benefits", "active", *KEPT,
        ),
        public=True,
    ),
)  # fmt: skip
collections.register(
    "referrals",
    ModelCollection(
        code=REFERRALS,
        model=Referral,
        read_only=("referrer_id", "referred_id", "code_text", "status", "qualified_at", "credited_at", *KEPT),
        owner="referrer_id",
        merge=Merge.SERVER_WINS,
    ),
)
collections.register(
    "reward_grants",
    ModelCollection(
        code=GRANTS,
        model=RewardGrant,
        read_only=("reason", "amount_minor", "currency", "expires_at", "taken_minor", "closed_at", *KEPT),
        owner="user_id",
        merge=Merge.SERVER_WINS,
    ),
)
