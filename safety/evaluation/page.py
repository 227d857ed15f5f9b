"""The results as a page."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from safety.engine import ENGINE_VERSION, RULESET_VERSION
from safety.evaluation.measure import Count, Results

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTRO = """# How often the safety analysis is right

This page is written by `python -m safety.evaluation --seed {seed} --write docs/safety-evaluation.md`; do not edit it.
Engine {engine}, ruleset {ruleset}, seed {seed}, {real} third-party tunes (read from beside the repository, never
copied) and {generated} generated ones (CC0).

Method: every fault kind is put once into every tune where it is possible; region, size and way are drawn anew each
time. "With a baseline" compares with the tune before the fault, as with an ECU backup. A fault counts as found when a
finding of severity high or critical names the right table or setting and belongs to the right group of rules.
"Flagged" is a verdict of confirm or block. Generated tunes are kinder than real ones; nothing in the analysis is
learned from either. The faults were written by the people who wrote the rules; others may put in other faults. A
figure here is no promise for another file, and no analysis makes a tune safe.

Not measured here: how many of a tuner's own successive revisions are flagged (no such series is at hand).
"""


def total(counts: Mapping[str, Count]) -> Count:
    result = Count()
    for count in counts.values():
        result.trials += count.trials
        result.flagged += count.flagged
        result.attributed += count.attributed
    return result


def page(results: Results) -> str:
    parts = [
        _INTRO.format(
            seed=results.seed,
            engine=ENGINE_VERSION,
            ruleset=RULESET_VERSION,
            real=results.real,
            generated=results.generated,
        ),
        _summary(results),
        _recall("Plain faults", results.with_base, results.alone),
        _recall("Small faults", results.small, results.small_alone),
        _alarms(results),
        _bands(results),
        _natural(results),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _summary(results: Results) -> str:
    alarms = total(results.alarms)
    rows = [
        (
            "attributed recall with a baseline, plain faults",
            f"{total(results.with_base).recall:.3f}",
            ">= 0.99",
        ),
        ("attributed recall with a baseline, small faults", f"{total(results.small).recall:.3f}", ">= 0.95"),
        (
            "attributed recall of the tune alone, plain faults",
            f"{total(results.alone).recall:.3f}",
            ">= 0.80",
        ),
        (
            "attributed recall of the tune alone, small faults",
            f"{total(results.small_alone).recall:.3f}",
            "-",
        ),
        ("false alarms on good and harmlessly edited tunes", _share(alarms), "<= 2 %"),
        ("the same, third-party tunes only", _share(results.alarms_real), "<= 2 %"),
        ("time of an analysis with baseline, median", f"{median(results.milliseconds):.1f} ms", "<= 40 ms"),
        ("time of an analysis with baseline, longest", f"{max(results.milliseconds):.0f} ms", "-"),
    ]
    lines = ["| measure | result | goal |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    return "## Summary\n\n" + "\n".join(lines) + "\n"


def _share(count: Count) -> str:
    if not count.trials:
        return "not measured"
    return f"{count.flagged / count.trials:.2%} ({count.flagged} of {count.trials})"


def _recall(title: str, with_base: Mapping[str, Count], alone: Mapping[str, Count]) -> str:
    lines = [
        "| fault | files | flagged | attributed | alone: flagged | alone: attributed |",
        "|---|---|---|---|---|---|",
    ]
    for kind, count in with_base.items():
        other = alone[kind]
        lines.append(
            f"| {kind} | {count.trials} | {count.flagged / count.trials:.2f} | {count.recall:.2f}"
            f" | {other.flagged / other.trials:.2f} | {other.recall:.2f} |"
        )
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def _alarms(results: Results) -> str:
    lines = ["| edit | analyses (with and without baseline) | flagged |", "|---|---|---|"]
    lines += [f"| {kind} | {count.trials} | {count.flagged} |" for kind, count in results.alarms.items()]
    return "## False alarms\n\n" + "\n".join(lines) + "\n"


def _bands(results: Results) -> str:
    """Does a higher score really mean a faulty file more often?"""
    lines = ["| score | files | of these faulty |", "|---|---|---|"]
    for band in sorted(results.bands, key=lambda text: int(text.partition("-")[0])):
        good, bad = results.bands[band]
        lines.append(f"| {band} | {good + bad} | {bad / (good + bad):.0%} |")
    return "## Calibration of the score (with a baseline)\n\n" + "\n".join(lines) + "\n"


def _natural(results: Results) -> str:
    if not results.natural:
        return "## Published files that are broken\n\nThe third-party files were not present.\n"
    lines = [
        "| file | verdict, alone |",
        "|---|---|",
        *(f"| {n} | {v} |" for n, v in results.natural.items()),
    ]
    return "## Published files that are broken\n\n" + "\n".join(lines) + "\n"
