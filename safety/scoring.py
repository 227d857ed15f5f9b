"""From findings to one number and one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from safety.findings import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Chance of a real fault behind a finding, by severity; calibrated in docs/safety-evaluation.md.
CHANCE: Final[Mapping[str, float]] = {
    "info": 0.0,
    "low": 0.05,
    "medium": 0.15,
    "high": 0.45,
    "critical": 0.85,
}
NOT_COUNTED: Final = frozenset({"F"})  # the law is not a danger to the engine


def score(findings: Sequence[Finding]) -> tuple[int, Mapping[str, float]]:
    """100 x (1 - product over groups of (1 - p)) with each group's worst finding, and each group's p."""
    shares: dict[str, float] = {}
    for finding in findings:
        if finding.group not in NOT_COUNTED:
            shares[finding.group] = max(shares.get(finding.group, 0.0), CHANCE[finding.severity])
    shares = {group: share for group, share in sorted(shares.items()) if share > 0}
    left = 1.0
    for share in shares.values():
        left *= 1.0 - share
    return round(100 * (1.0 - left)), shares


def verdict(findings: Sequence[Finding], coverage: float, least: float) -> str:
    """By the worst finding, never averaged; too little coverage is at best insufficient_data."""
    ranks = [finding.rank for finding in findings if finding.group not in NOT_COUNTED]
    worst = SEVERITIES[max(ranks, default=0)]
    if worst == "critical":
        return "block"
    if worst == "high":
        return "confirm"
    if coverage < least:
        return "insufficient_data"
    return "caution" if worst == "medium" else "pass"
