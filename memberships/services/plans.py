"""The plans that a house begins with, and what staff change of one: its price for the next periods, its benefits at once."""

from typing import Any
from uuid import UUID

from django.conf import settings

from core import audit
from core.errors import Invalid, PreconditionFailed
from core.rls import as_system
from memberships.benefits import problems
from memberships.models import Plan
from memberships.starting import PLANS
from users.models import User


def edit_terms(*, plan_id: UUID, price_minor: int, benefits: dict[str, Any], rev: int, by: User) -> Plan:
    """New terms of a plan as it was at revision `rev`. Raises PreconditionFailed when somebody was quicker, Invalid."""
    if wrong := problems(benefits):
        raise Invalid(fields={"benefits": wrong})
    if price_minor <= 0:
        raise Invalid(fields={"price_minor": ["A plan costs something."]})
    with as_system("staff keep the plans"):
        plan: Plan = Plan.objects.select_for_update().get(pk=plan_id)
        if plan.rev != rev:
            raise PreconditionFailed
        old = {"price_minor": plan.price_minor, "benefits": plan.benefits}
        plan.price_minor, plan.benefits = price_minor, benefits
        plan.save(update_fields=["price_minor", "benefits"])
        audit.record(
            "membership.plan_edited",
            actor=by.pk,
            target=plan.code,
            old=old,
            price_minor=price_minor,
            benefits=benefits,
        )
        return plan


def load_plans() -> list[str]:
    """The plans that a house begins with, as far as there never were any by these codes; the codes that were made.

    What staff changed, retired or deleted stays as it is.
    """
    with as_system("plans are nobody's"):
        known = set(Plan.objects.filter(code__in=PLANS).values_list("code", flat=True))
        rows = [
            Plan(code=code, currency=settings.REWARDS_CURRENCY, **facts)
            for code, facts in PLANS.items()
            if code not in known
        ]
        Plan.objects.bulk_create(rows, ignore_conflicts=True)  # two machines may start at once
        return [row.code for row in rows]
