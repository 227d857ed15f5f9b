"""What users lets higher apps plug in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
class Newcomer(Protocol):
    """Something that every account has from its first moment, such as a code to share."""

    def joined(self, user: User) -> None:
        """In the transaction that makes the account, whichever way somebody came in; never the network."""
        ...


@runtime_checkable
class AccountFact(Protocol):
    """One extra field of the account payload, as an annotation on users: no statement of its own."""

    def annotation(self) -> Expression | Combinable: ...


@runtime_checkable
class Benefit(Protocol):
    """The value of a benefit (assistant quota, discount) for a user; registered under its code."""

    def value_for(self, user: User) -> Any: ...


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What somebody uses beyond what a smaller plan gives, in a sentence.

    `final` refuses the plan: something that was promised to others, or to the person, would break. Else it is the
    person's own to give up, once they were told and said yes.
    """

    text: str
    final: bool = True


@runtime_checkable
class Usage(Protocol):
    """How much of a benefit a person uses; registered under the benefit's code. A plan that gives less is refused to
    them, or has to be accepted.
    """

    def shortfall(self, user: User, given: Any, at: datetime) -> Shortfall | None:
        """What is beyond `given` (a plan's value of the benefit; None: it gives none) from the instant `at` on.

        Called as the system role, in the transaction of the change; a few statements, no network.
        """
        ...


registration_extras: Registry[RegistrationExtra] = Registry("registration_extras", RegistrationExtra)
newcomers: Registry[Newcomer] = Registry("newcomers", Newcomer)
account_facts: Registry[AccountFact] = Registry("account_facts", AccountFact)
# Public numbers of a profile (tunes, reviews, flashes), by name; never about what a person keeps private.
profile_stats: Registry[AccountFact] = Registry("profile_stats", AccountFact)
benefits: Registry[Benefit] = Registry("benefits", Benefit)
usages: Registry[Usage] = Registry("usages", Usage)


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """What an issuer vouches for."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    phone: str = ""
    phone_verified: bool = False
    name: str = ""
    session_id: str = ""
    amr: tuple[str, ...] = ()
    expires_at: int = 0


@runtime_checkable
class IdentityProvider(Protocol):
    """One issuer, as one entry of settings.IDENTITY_PROVIDERS describes it."""

    name: str
    issuer: str

    def verify(self, token: str) -> ExternalIdentity:
        """Raises `users.errors.TokenRefused` (401) or `ProviderDown` (503)."""
        ...

    def accepts(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        """Is this entry for a token that says so of itself? Nothing is verified yet."""
        ...

    def vouch(self, token: str, identity: ExternalIdentity) -> ExternalIdentity:
        """The same with what the issuer has proved of addresses; asked once, before an account is linked.

        Raises TokenRefused, ProviderDown.
        """
        ...


@runtime_checkable
class ProviderKind(Protocol):
    """Makes a provider from its entry in the settings; registered under the entry's `kind`."""

    def __call__(self, config: Mapping[str, Any], /) -> IdentityProvider: ...


identity_providers: Registry[ProviderKind] = Registry("identity_providers", ProviderKind)
