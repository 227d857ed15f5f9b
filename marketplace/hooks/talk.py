"""Conversations about a purchase."""

from uuid import UUID

from chat.models import Part
from chat.ports import About, contexts
from marketplace.models import Purchase


class PurchaseTalk:
    """The buyer talks with the tuner, or the other way round."""

    def about(self, id: UUID, user_id: UUID) -> About | None:  # noqa: A002 -- the port's own word
        row = Purchase.objects.filter(pk=id).select_related("tune__tuner", "version").first()
        if row is None or user_id not in {row.user_id, row.tune.tuner.user_id}:
            return None
        facts = {
            "Tune": row.tune.title,
            "Version": str(row.version) if row.version else "",
            "Status": row.get_status_display(),
        }
        return About(
            title=row.tune.title,
            kind="order",
            people={row.user_id: Part.USER, row.tune.tuner.user_id: Part.TUNER},
            facts=tuple((label, value) for label, value in facts.items() if value),
            link=f"marketplace/purchase/{row.pk}/change/",
        )


contexts.register("purchase", PurchaseTalk())
