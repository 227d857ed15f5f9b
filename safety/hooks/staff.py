"""The card on the staff start page: the verdicts of the week, and live tunes that changed theirs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count

from core import clock
from core.ports import dashboard_cards
from safety.models import FitmentReport, ReportState, SafetyReport, Verdict

WEEK = timedelta(days=7)


class SafetyCard:
    title = "Safety"

    def rows(self) -> list[tuple[str, str]]:
        counts = self._verdicts()
        changed = FitmentReport.objects.live().filter(changed_at__isnull=False)
        waiting = SafetyReport.objects.live().filter(state=ReportState.QUEUED)
        return [
            ("Analysed in 7 days", str(sum(counts.values()))),
            ("of these blocked", str(counts.get(Verdict.BLOCK, 0))),
            ("Waiting for the analyser", str(waiting.count())),
            ("Live tunes with a changed verdict", str(changed.values("version__tune").distinct().count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        counts = self._verdicts()
        return {
            "labels": [verdict.label for verdict in Verdict],
            "datasets": [
                {"label": "Reports in 7 days", "data": [counts.get(verdict, 0) for verdict in Verdict]}
            ],
        }

    def _verdicts(self) -> dict[str, int]:
        rows = SafetyReport.objects.filter(state=ReportState.READY, created_at__gte=clock.now() - WEEK)
        return dict(rows.order_by().values_list("verdict").annotate(number=Count("pk")))


dashboard_cards.register("safety", SafetyCard())
