"""Plugs of the marketplace: the gate before the shelf, the badge on it, the analysis after a purchase."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.jobs import enqueue
from marketplace.models import FileState, Purchase, Tune, TuneVersion
from marketplace.ports import Objection, bought, publish_gates, tune_badges
from safety.engine import RULESET_VERSION
from safety.hooks.telling import grave_findings, headline
from safety.models import FitmentReport, Verdict
from safety.services import check_version
from safety.services.fitments import MOST_PROFILES, declared

LOOK_AT_IT = frozenset({Verdict.CONFIRM, Verdict.INSUFFICIENT, Verdict.NOT_ANALYSED})
# From harmless to grave: the badge shows the worst.
ORDER = [
    Verdict.PASS,
    Verdict.CAUTION,
    Verdict.INSUFFICIENT,
    Verdict.NOT_ANALYSED,
    Verdict.CONFIRM,
    Verdict.BLOCK,
]


class FitmentGate:
    """What today's rules say of a version, for every kind of vehicle that it is declared for."""

    def prepare(self, tune: Tune, version: TuneVersion) -> None:
        check_version(version.pk)

    def objections(self, tune: Tune, version: TuneVersion) -> list[Objection]:
        if version.state == FileState.UNREADABLE:
            return []  # the marketplace itself says so
        profiles = declared(version.pk)[1]
        reports = {
            report.profile_digest: report
            for report in FitmentReport.objects.live().filter(
                version=version, ruleset_version=RULESET_VERSION
            )
        }
        found = [
            objection
            for profile in profiles[:MOST_PROFILES]
            if (objection := self._judge(reports.get(profile.digest), profile.label)) is not None
        ]
        if len(profiles) > MOST_PROFILES:
            text = f"Of {len(profiles)} kinds of vehicle only {MOST_PROFILES} were checked."
            found.append(Objection("safety_partly_checked", text, review=True))
        return found

    def _judge(self, report: FitmentReport | None, label: str) -> Objection | None:
        if report is None:
            return Objection("safety_not_checked", f"{label}: not checked yet.", review=True)
        detail = {
            "fits": label,
            "verdict": report.verdict,
            "score": report.score,
            "findings": grave_findings(report),
        }
        text = f"{label}: {headline(report)}"
        if report.verdict == Verdict.BLOCK:
            return Objection("safety_blocked", text, detail)
        if report.verdict in LOOK_AT_IT:
            return Objection(f"safety_{report.verdict}", text, detail, review=True)
        return None


class CheckedBadge:
    """Checked, with so many findings: the worst of all kinds of vehicle; notices don't count."""

    def badges(self, version_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        rows = FitmentReport.objects.live().filter(version_id__in=version_ids)
        by_version: dict[UUID, list[FitmentReport]] = {}
        for row in rows:
            by_version.setdefault(row.version_id, []).append(row)
        return {version_id: self._badge(found) for version_id, found in by_version.items()}

    def _badge(self, reports: list[FitmentReport]) -> dict[str, Any]:
        worst = max(reports, key=lambda report: (ORDER.index(Verdict(report.verdict)), report.score))
        count = sum(finding["severity"] != "info" for finding in worst.body["findings"])
        noun = "finding" if count == 1 else "findings"
        rules = sorted({report.ruleset_version for report in reports})
        words = "Not analysed" if worst.verdict == Verdict.NOT_ANALYSED else f"Checked, {count} {noun}"
        return {
            "text": f"{words}, ruleset {', '.join(rules)}",
            "verdict": worst.verdict,
            "findings": count,
            "ruleset_version": rules[-1],
            "fitments": len(reports),
            "checked_at": min(report.checked_at for report in reports),
        }


class AnalysisForTheBuyer:
    """Whoever buys a tune hears what it would mean for their own vehicle."""

    def bought(self, purchase: Purchase) -> None:
        enqueue("safety.analyse_purchase", purchase_id=str(purchase.pk))


publish_gates.register("safety", FitmentGate())
tune_badges.register("safety", CheckedBadge())
bought.register("safety", AnalysisForTheBuyer())
