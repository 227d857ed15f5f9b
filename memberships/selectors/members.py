"""What a member sees of their membership."""

from typing import Any

from memberships.models import Membership, MembershipInvoice
from memberships.states import LIVE
from users.models import User

SHOWN = 24  # invoices


def membership_of(user: User) -> Membership | None:
    """The live one, else the one that ended last; through what the person may see."""
    rows: Any = Membership.objects.visible_to(user).select_related("plan", "next_plan", "subscription")
    found: Membership | None = (
        rows.filter(status__in=LIVE).first() or rows.order_by("-ended_at", "-created_at").first()
    )
    return found


def invoices_of(user: User, membership: Membership | None) -> list[MembershipInvoice]:
    """The newest invoices of one membership, void ones left out."""
    rows: Any = MembershipInvoice.objects.visible_to(user).select_related("plan")
    mine = rows.filter(membership=membership).exclude(status="void").order_by("-created_at")[:SHOWN]
    return list(mine)
