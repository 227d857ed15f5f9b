"""What users lets higher apps plug in."""

from typing import Any, Protocol, runtime_checkable

from django.db.models import Expression
from django.db.models.expressions import Combinable

from core.registry import Registry
from users.models import User


@runtime_checkable
class RegistrationExtra(Protocol):
    """An optional field of sign-up, such as a referral code; registered under the field's name."""

    def validate(self, value: str) -> None:
        """Raises `core.errors.Invalid` naming the field."""
        ...

    def apply(self, user: User, value: str) -> None:
        """In the transaction that makes the account."""
        ...


@runtime_checkable
class AccountFact(Protocol):
    """One extra field of the account payload, as an annotation on users: no statement of its own."""

    def annotation(self) -> Expression | Combinable: ...


@runtime_checkable
class Benefit(Protocol):
    """The value of a benefit (assistant quota, discount) for a user; registered under its code."""

    def value_for(self, user: User) -> Any: ...


registration_extras: Registry[RegistrationExtra] = Registry("registration_extras", RegistrationExtra)
account_facts: Registry[AccountFact] = Registry("account_facts", AccountFact)
# Public numbers of a profile (tunes, reviews, flashes), by name; never about what a person keeps private.
profile_stats: Registry[AccountFact] = Registry("profile_stats", AccountFact)
benefits: Registry[Benefit] = Registry("benefits", Benefit)
