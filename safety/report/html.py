"""The printable page: what a rider would show his tuner. No scripts; every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from safety.report import svg
from safety.report.heat import chosen
from safety.report.words import GROUPS, LAYERS, SEVERITY_WORDS, VERDICT_TEXTS, VERDICT_TITLES, facts, shown

if TYPE_CHECKING:
    from safety.findings import Finding
    from safety.report.model import Report

_STYLE: Final = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--soft:#5a5f66;--rule:#c9ced4;--box:#f4f5f7}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e8e8e8;--soft:#a4abb3;--rule:#3b424a;--box:#1e2329}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:0 0 .25rem}
.verdict{border:3px solid var(--ink);border-radius:.5rem;padding:1rem;margin-bottom:1rem}
.finding{border:1px solid var(--rule);border-left-width:.5rem;border-radius:.25rem;background:var(--box);
padding:.75rem 1rem;margin:.75rem 0;break-inside:avoid}
.critical{border-left-color:#b35806}.high{border-left-color:#f1a340}.medium{border-left-color:#998ec3}
.low,.info{border-left-color:var(--rule)}
.tag{font-weight:700;text-transform:uppercase;font-size:.8rem;letter-spacing:.04em}
.soft{color:var(--soft)}dl{display:grid;grid-template-columns:10rem 1fr;gap:.2rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:1rem 0;overflow-x:auto;break-inside:avoid}svg{max-width:100%;height:auto}
.paper{fill:var(--paper)}.ink{fill:var(--ink)}.line{stroke:var(--ink)}
ul{padding-left:1.2rem}
@media print{body{max-width:none;padding:0;font-size:.85rem}:root{--paper:#fff;--ink:#000;--box:#fff}}
"""

# A sign in front of the word, so that severity never hangs on colour alone.
_SIGNS: Final = {
    "critical": "\u2716",
    "high": "\u25b2",
    "medium": "\u25c6",
    "low": "\u25cf",
    "info": "\u2139",
}


def render(report: Report, *, nonce: str = "", title: str = "Safety report") -> str:
    """A whole page. `nonce` goes to the style element, for a page under a content security policy."""
    style = f'<style nonce="{escape(nonce)}">' if nonce else "<style>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title>{style}{_STYLE}</style></head><body>"
        + "".join((_head(report), _findings(report), _maps(report), _not_checked(report), _foot(report)))
        + "</body></html>\n"
    )


def _head(report: Report) -> str:
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts(report.to_dict())
    )
    reason = f"<p>{escape(report.reason)}</p>" if report.reason else ""
    return (
        f'<header><div class="verdict"><h1>{escape(VERDICT_TITLES[report.verdict])}</h1>'
        f"<p>{escape(VERDICT_TEXTS[report.verdict])}</p>{reason}</div><dl>{rows}</dl></header>"
    )


def _findings(report: Report) -> str:
    if not report.findings:
        return "<h2>Findings</h2><p>None.</p>"
    return "<h2>Findings</h2>" + "".join(_finding(finding) for finding in report.findings)


def _finding(finding: Finding) -> str:
    place = finding.source_name or finding.table or finding.scalar
    lines = [f"<p>{escape(finding.explanation)}</p>"]
    if finding.limit not in {None, ""}:
        layer = LAYERS.get(finding.limit_source, finding.limit_source)
        lines.append(
            f'<p class="soft">Found {escape(shown(finding.value))}, limit {escape(shown(finding.limit))}'
            f" (from {escape(layer)}).</p>"
        )
    if finding.suggestion:
        lines.append(f"<p>{escape(finding.suggestion)}</p>")
    where = f" &middot; {escape(place)}" if place else ""
    return (
        f'<section class="finding {escape(finding.severity)}"><h3><span class="tag">{_SIGNS[finding.severity]}'
        f" {escape(SEVERITY_WORDS[finding.severity])}</span> {escape(finding.title)}</h3>"
        f'<p class="soft">{escape(finding.code)} &middot; {escape(GROUPS[finding.group])}{where}</p>{"".join(lines)}</section>'
    )


def _maps(report: Report) -> str:
    parts = [
        f"<figure>{svg.render(view, kind, report.findings, standalone=False)}</figure>"
        for view, kind in chosen(report)
    ]
    return "<h2>Tables</h2>" + "".join(parts) if parts else ""


def _not_checked(report: Report) -> str:
    if not report.not_checked:
        return ""
    items = "".join(
        f"<li><strong>{escape(entry.code)}</strong>: {escape(entry.reason)}</li>"
        for entry in report.not_checked
    )
    return f"<h2>Not checked</h2><ul>{items}</ul>"


def _foot(report: Report) -> str:
    shares = ", ".join(f"{GROUPS[group]} {share:.0%}" for group, share in report.group_shares.items())
    text = f"<p>Share of each group in the risk: {escape(shares)}.</p>" if shares else ""
    return f"<footer><h2>About this report</h2>{text}<p>{escape(report.disclaimer)}</p></footer>"
