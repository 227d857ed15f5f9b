"""Refusals of memberships, referrals and rewards. Codes never change."""

from typing import Any

from core.errors import DomainError, Invalid, constraint_errors


class MembershipExists(DomainError):
    code, status, message = "membership_exists", 409, "You have a membership already."


class NoMembership(DomainError):
    code, status, message = "no_membership", 404, "You have no membership."


class PlanNotForSale(DomainError):
    code, status, message = "plan_not_for_sale", 409, "This plan can't be joined any more."


class SamePlan(DomainError):
    code, status, message = "same_plan", 409, "This is your plan already."


class MembershipNotActive(DomainError):
    code, status, message = (
        "membership_not_active",
        409,
        "Your membership is not active. Please pay for it first.",
    )


class NotResumable(DomainError):
    code, status, message = "nothing_to_resume", 409, "There is nothing to resume."


class PaymentUnderWay(DomainError):
    code, status, message = "membership_payment_under_way", 409, "A payment for your membership is under way."


class BelowUsage(DomainError):
    """`fields.plan` says of what more is used than the plan would give; `fields.accept_losses` as below."""

    code, status, message = "plan_below_usage", 409, "You use more than this plan gives."

    def __init__(self, texts: list[str], losses: dict[str, list[str]]) -> None:
        super().__init__(fields={"plan": texts, **({"accept_losses": losses} if losses else {})})


class LossNotAccepted(DomainError):
    """`fields.accept_losses`: by benefit code, what would be lost; the same again with these codes goes through."""

    code, status, message = (
        "plan_loses",
        409,
        "You would lose something by this plan. Please say that you know.",
    )

    def __init__(self, losses: dict[str, list[str]]) -> None:
        super().__init__(fields={"accept_losses": losses})


class MembershipForward(DomainError):
    code, status, message = "membership_state_conflict", 409, "This is not possible in its present state."


# -- Referrals


class CodeUnknown(DomainError):
    code, status, message = "referral_code_unknown", 404, "There is no such code."


class CodeExpired(DomainError):
    code, status, message = "referral_code_expired", 409, "This code is no longer valid."


class OwnCode(DomainError):
    code, status, message = "own_referral_code", 409, "This is your own code."


class AlreadyReferred(DomainError):
    code, status, message = "already_referred", 409, "You have used a code already."


class TooLateForCode(DomainError):
    code, status = "referral_too_late", 409
    message = "A code can be used by new members before their first payment."


class CodeTaken(Invalid):
    code, message = "referral_code_taken", "This code is taken."

    def __init__(self) -> None:
        super().__init__(fields={"code": [self.message]})


class ReferralDecided(DomainError):
    code, status, message = "referral_decided", 409, "This referral is beyond a decision."


_BY_CONSTRAINT: dict[str, Any] = {
    "memberships_one_live": MembershipExists,
    "memberships_one_open_invoice": PaymentUnderWay,
    "memberships_forward_only": MembershipForward,
    "memberships_referred_once": AlreadyReferred,
    "memberships_not_oneself": OwnCode,
    "memberships_code_once": CodeTaken,
}
for _name, _error in _BY_CONSTRAINT.items():
    constraint_errors.register(_name, _error)
