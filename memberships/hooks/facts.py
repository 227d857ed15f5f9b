"""Plugs of the account: its facts, its benefits by code, its own code, and the friend's code of a registration."""

from core.errors import DomainError, Invalid
from memberships.benefits import KINDS, PERIOD, TIER
from memberships.selectors.facts import (
    BalanceFact,
    CodeFact,
    MembershipFact,
    OfferTiers,
    PeriodStart,
    PlanBenefit,
)
from memberships.services.codes import first_code
from memberships.services.referring import apply_code, find_code
from users.models import User
from users.ports import account_facts, benefits, newcomers, registration_extras


class CodeAtSignUp:
    """A referral code in the body of a registration: refused by name, before there is an account."""

    def validate(self, value: str) -> None:
        try:
            find_code(value)
        except DomainError as problem:
            raise Invalid(fields={"referral_code": [problem.text]}) from None

    def apply(self, user: User, value: str) -> None:
        apply_code(user=user, text=value)


class CodeToShare:
    """Everybody has a code of their own from the first answer on."""

    def joined(self, user: User) -> None:
        first_code(user)


account_facts.register("membership_id", MembershipFact("pk"))
account_facts.register("membership_tier", MembershipFact("plan__code"))
account_facts.register("referral_code", CodeFact())
account_facts.register("rewards_balance", BalanceFact())
newcomers.register("referral_code", CodeToShare())
registration_extras.register("referral_code", CodeAtSignUp())
benefits.register(TIER, PlanBenefit(TIER))
benefits.register(PERIOD, PeriodStart())
for _code in KINDS:
    benefits.register(_code, OfferTiers(_code) if _code == "offer_tiers" else PlanBenefit(_code))
