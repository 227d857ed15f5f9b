"""What others ask: the account payload (as annotations, no statement of its own), and benefits by code."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from core import clock
from memberships.benefits import TIER
from memberships.models import InvoiceStatus, Membership, MembershipInvoice, ReferralCode
from memberships.states import ENTITLED
from payments.models import Posting
from users.models import User


def entitled_rows() -> Any:
    """Memberships whose benefits hold: paid, or in grace, and no bank is looking into them."""
    return Membership.objects.filter(status__in=ENTITLED, suspended_at=None, deleted_at=None)


class MembershipFact:
    """A column of the membership whose benefits hold; null without one."""

    def __init__(self, column: str) -> None:
        self.column = column

    def annotation(self) -> Combinable:
        return Subquery(entitled_rows().filter(user=OuterRef("pk")).values(self.column)[:1])


class CodeFact:
    """The code that the person shares: as `services.codes.shown`."""

    def annotation(self) -> Combinable:
        rows = ReferralCode.objects.filter(user=OuterRef("pk"), active=True, deleted_at=None)
        rows = rows.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
        return Subquery(rows.order_by("own", "-created_at").values("code")[:1])


class BalanceFact:
    """What is on the person's rewards account, minor units of REWARDS_CURRENCY."""

    def annotation(self) -> Combinable:
        lines = Posting.objects.filter(
            account__owner_id=OuterRef("pk"),
            account__code__startswith="rewards:",
            currency=settings.REWARDS_CURRENCY,
        )
        owed = (
            lines.order_by().values("account_id").annotate(owed=Sum("amount_minor") * -1).values("owed")[:1]
        )
        return Coalesce(Subquery(owed), Value(0), output_field=BigIntegerField())


class PlanBenefit:
    """The value of one benefit for a person, from the plan that they are on; None without one.

    One statement. Ask in a context that may see the person: their own, or the system's.
    """

    def __init__(self, code: str) -> None:
        self.code = code

    def value_for(self, user: User) -> Any:
        column = "plan__code" if self.code == TIER else f"plan__benefits__{self.code}"
        return entitled_rows().filter(user=user).values_list(column, flat=True).first()


class OfferTiers(PlanBenefit):
    """The plan codes whose offers a person may use: those that the plan names, and the plan's own."""

    def value_for(self, user: User) -> list[str]:
        found = (
            entitled_rows().filter(user=user).values_list("plan__code", "plan__benefits__offer_tiers").first()
        )
        return sorted({found[0], *(found[1] or [])}) if found else []


class PeriodStart:
    """Since when the period runs that a member is in now: "a period" is counted from there.

    A renewal that was paid ahead moves the membership's own `period_start` into the future; until then the invoice of
    the period before it knows.
    """

    def value_for(self, user: User) -> datetime | None:
        now = clock.now()
        found = entitled_rows().filter(user=user).values_list("pk", "period_start").first()
        if found is None or found[1] is None or found[1] <= now:
            return found[1] if found else None
        paid = MembershipInvoice.objects.filter(
            membership_id=found[0], status=InvoiceStatus.PAID, period_start__lte=now
        )
        start: datetime | None = paid.order_by("-period_start").values_list("period_start", flat=True).first()
        return start
