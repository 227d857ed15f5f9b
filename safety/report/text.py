"""A report as plain text, for a mail or a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from safety.report.words import GROUPS, LAYERS, SEVERITY_WORDS, VERDICT_TEXTS, VERDICT_TITLES, facts, shown

if TYPE_CHECKING:
    from safety.findings import Finding
    from safety.report.model import Report

_WIDTH: Final = 96


def render(report: Report) -> str:
    """Lines of at most 96 characters; texts from files were made printable when they were read."""
    parts = [VERDICT_TITLES[report.verdict].upper(), *_wrap(VERDICT_TEXTS[report.verdict])]
    if report.reason:
        parts += _wrap(report.reason)
    parts.append("")
    parts += [f"{label + ':':<16}{text}" for label, text in facts(report.to_dict())]
    if report.findings:
        parts += ["", "FINDINGS"]
        for finding in report.findings:
            parts += ["", *_finding(finding)]
    if report.not_checked:
        parts += ["", "NOT CHECKED"]
        parts += [
            line for entry in report.not_checked for line in _wrap(f"- {entry.code}: {entry.reason}", "  ")
        ]
    parts += ["", *_wrap(report.disclaimer)]
    return "\n".join(parts) + "\n"


def _wrap(text: str, later: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=later) or [""]


def _finding(finding: Finding) -> list[str]:
    head = f"[{SEVERITY_WORDS[finding.severity]}] {finding.title} ({finding.code}, {GROUPS[finding.group].lower()})"
    lines = [*_wrap(head, "  "), *_wrap("  " + finding.explanation, "  ")]
    place = finding.source_name or finding.table or finding.scalar
    if place:
        lines.append(f"  Where: {place}")
    if finding.limit not in {None, ""}:
        layer = LAYERS.get(finding.limit_source, finding.limit_source)
        lines.append(f"  Found {shown(finding.value)}, limit {shown(finding.limit)} (from {layer})")
    if finding.suggestion:
        lines += _wrap("  " + finding.suggestion, "  ")
    return lines
