from memberships.models.members import (
    ChurnReason,
    EndReason,
    InvoiceKind,
    InvoiceStatus,
    Membership,
    MembershipInvoice,
    MembershipStatus,
)
from memberships.models.plans import Plan, PlanAtGateway
from memberships.models.referrals import (
    GrantReason,
    Referral,
    ReferralCode,
    ReferralStatus,
    RewardGrant,
)

__all__ = [
    "ChurnReason",
    "EndReason",
    "GrantReason",
    "InvoiceKind",
    "InvoiceStatus",
    "Membership",
    "MembershipInvoice",
    "MembershipStatus",
    "Plan",
    "PlanAtGateway",
    "Referral",
    "ReferralCode",
    "ReferralStatus",
    "RewardGrant",
]
