"""Trouble codes over time: reports of what is stored in a vehicle, in order, become spells. Pure.

A report counts by its instant, not by when it came: any order of reports gives the same spells.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Told:
    """One code of a report."""

    code: str
    status: str
    freeze_frame: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """At `at` (ms): all codes that are present; None where it did not speak of codes."""

    at: int
    codes: tuple[Told, ...] | None
    mil: bool | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """A code from its first report to the first one without it (ms)."""

    code: str
    status: str
    first: int
    last: int
    occurrences: int
    cleared: int | None = None
    freeze_frame: dict[str, Any] = field(default_factory=dict)


def spells(reports: Iterable[Report]) -> list[Spell]:
    """By code and time. Reports of one instant count as one that has all their codes."""
    done: list[Spell] = []
    present: dict[str, Spell] = {}
    for report in _by_instant(reports):
        named = {told.code: told for told in report.codes or ()}
        ended = sorted(present.keys() - named.keys())
        done += [replace(present.pop(code), cleared=report.at) for code in ended]
        for code, told in named.items():
            known = present.get(code)
            present[code] = (
                Spell(code, told.status, report.at, report.at, 1, None, told.freeze_frame)
                if known is None
                else replace(
                    known,
                    status=told.status,
                    last=report.at,
                    occurrences=known.occurrences + 1,
                    freeze_frame=told.freeze_frame or known.freeze_frame,
                )
            )
    return sorted([*done, *present.values()], key=lambda spell: (spell.first, spell.code))


def lamp_on_since(reports: Iterable[Report]) -> list[int]:
    """Instants (ms) at which the warning light was on after it was off, or unknown."""
    found, lit = [], False
    for report in sorted(
        (one for one in reports if one.mil is not None), key=lambda one: (one.at, not one.mil)
    ):
        if report.mil and not lit:
            found.append(report.at)
        lit = bool(report.mil)
    return found


def _by_instant(reports: Iterable[Report]) -> list[Report]:
    """Those that speak of codes, in order; of two at one instant the codes of both, the stronger status first."""
    strength = {"permanent": 0, "stored": 1, "pending": 2}
    joined: dict[int, dict[str, Told]] = {}
    for report in reports:
        if report.codes is None:
            continue
        here = joined.setdefault(report.at, {})
        for told in report.codes:
            known = here.get(told.code)
            if known is None or _rank(told, strength) < _rank(known, strength):
                here[told.code] = told
    return [Report(at, tuple(joined[at].values())) for at in sorted(joined)]


def _rank(told: Told, strength: dict[str, int]) -> tuple[int, str]:
    return strength.get(told.status, 3), repr(sorted(told.freeze_frame.items(), key=lambda item: item[0]))
