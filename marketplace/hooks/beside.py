"""A customer's purchases, beside their conversation with support."""

from collections.abc import Sequence
from uuid import UUID

from chat.ports import Line, besides
from marketplace.models import Purchase
from payments.amounts import money


class PurchasesBeside:
    title = "Purchases"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = Purchase.objects.filter(user_id=user_id, deleted_at=None).select_related("tune")
        return [
            Line(
                row.tune.title,
                f"{row.get_status_display()}, {money(row.price_minor, row.currency)}, {row.created_at:%d %b %Y}",
                "marketplace.purchase",
                row.pk,
            )
            for row in rows.order_by("-created_at", "-id")[:limit]
        ]


besides.register("purchases", PurchasesBeside())
