"""A customer's membership, beside their conversation with support."""

from collections.abc import Sequence
from uuid import UUID

from chat.ports import Line, besides
from memberships.models import Membership


class MembershipBeside:
    title = "Membership"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = Membership.objects.filter(user_id=user_id, deleted_at=None).select_related("plan")
        return [
            Line(
                row.plan.name,
                row.get_status_display()
                + (f", paid until {row.period_end:%d %b %Y}" if row.period_end else ""),
                "memberships.membership",
                row.pk,
            )
            for row in rows.order_by("-created_at")[:limit]
        ]


besides.register("membership", MembershipBeside())
