"""A customer's safety reports, beside their conversation with support."""

from collections.abc import Sequence
from uuid import UUID

from chat.ports import Line, besides
from safety.models import SafetyReport


class ReportsBeside:
    title = "Safety reports"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = SafetyReport.objects.live().filter(owner_id=user_id).select_related("vehicle").defer("body")
        return [
            Line(
                row.get_verdict_display() or row.get_state_display(),
                ", ".join(filter(None, (str(row.vehicle), row.filename, f"{row.created_at:%d %b %Y}"))),
                "safety.safetyreport",
                row.pk,
            )
            for row in rows.order_by("-created_at", "-id")[:limit]
        ]


besides.register("safety_reports", ReportsBeside())
