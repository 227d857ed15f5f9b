"""Plugs for staff and newcomers: the card of the start page (the week, changed verdicts) and the demo world."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count

from core import clock
from core.ports import dashboard_cards, demo_worlds
from garage.models import Vehicle
from marketplace.models import TuneVersion
from safety.models import FitmentReport, ReportState, SafetyReport, Verdict
from safety.services import analyse, check_version, read_subject

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


class DemoReports:
    """Tara's tunes with their badges, and one of them judged for the bikes of Alice and Bob."""

    def fill(self, world: dict[str, Any]) -> None:
        versions = list(
            TuneVersion.objects.filter(tune__tuner=world["tara_tuner"], published_at__isnull=False)
            .select_related("tune")
            .order_by("created_at", "id")
        )
        for version in versions:
            check_version(version.pk)
        for owner in (world["alice"], world["bob"]):
            bike = Vehicle.objects.live().filter(owner=owner).order_by("created_at", "id").first()
            if versions and bike and not SafetyReport.objects.filter(owner=owner).exists():
                analyse(user=owner, vehicle=bike, subject=read_subject(versions[0]), wait=True)


dashboard_cards.register("safety", SafetyCard())
demo_worlds.register("safety", DemoReports())
