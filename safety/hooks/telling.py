"""How findings are told to a gate's reader."""

from typing import Any

from safety.models import FitmentReport, SafetyReport

GRAVE = frozenset({"high", "critical"})


def grave_findings(report: SafetyReport | FitmentReport) -> list[dict[str, Any]]:
    """The findings that stand in the way, with table and cells."""
    return [finding for finding in report.body["findings"] if finding["severity"] in GRAVE]


def headline(report: SafetyReport | FitmentReport) -> str:
    """One sentence that names the worst table and the reason."""
    worst = next(iter(report.body["findings"]), None)
    if worst is None or report.verdict == "insufficient_data":
        return "Too little of this tune could be checked."
    place = worst["table"] or worst["scalar"]
    return f"{worst['title']}{f' ({place})' if place else ''}: {worst['explanation']}"
