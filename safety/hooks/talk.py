"""Conversations about a safety report."""

from uuid import UUID

from chat.ports import About, contexts
from safety.models import SafetyReport


class ReportTalk:
    """Whoever had a file analysed asks support what it means."""

    def about(self, id: UUID, user_id: UUID) -> About | None:  # noqa: A002 -- the port's own word
        row = SafetyReport.objects.live().filter(pk=id, owner_id=user_id).select_related("vehicle").first()
        if row is None:
            return None
        facts = {
            "Verdict": row.get_verdict_display() or row.get_state_display(),
            "Vehicle": str(row.vehicle),
            "File": row.filename,
            "Analysed": f"{row.created_at:%Y-%m-%d %H:%M} UTC",
        }
        return About(
            title=f"Safety report of {row.vehicle}",
            facts=tuple((label, value) for label, value in facts.items() if value),
            link=f"safety/safetyreport/{row.pk}/change/",
        )


contexts.register("safety_report", ReportTalk())
