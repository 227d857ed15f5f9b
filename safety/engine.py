"""The way in: read a file, analyse a tune."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from safety.calibration import CalibrationMap
from safety.formats import registry
from safety.formats.base import LIMITS, Definition, Limits, sha256
from safety.nearest import soften
from safety.problems import NotAnalysed, Refused
from safety.report.model import NotChecked, Report, TableView
from safety.rules import RULES, Context, LogEvidence
from safety.rules.base import Note, Rule, make
from safety.scoring import score, verdict
from safety.thresholds import Thresholds, Value, digest
from safety.vehicle import VehicleProfile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safety.diff import TableDiff
    from safety.findings import Finding

__all__ = [
    "ENGINE_VERSION",
    "LIMITS",
    "CalibrationMap",
    "Definition",
    "NotAnalysed",
    "Refused",
    "Report",
    "VehicleProfile",
    "analyse",
    "analyse_files",
    "not_analysed",
    "read",
    "refused",
    "rules_catalogue",
    "ruleset_version",
]

ENGINE_VERSION: Final = "1.0"
_COVERED: Final = frozenset("ABCDE")
_DECIDED_ALONE: Final = frozenset({"BACKUP_MISSING", "UNUSED"})  # notices: nothing that could be covered


@cache
def ruleset_version() -> str:
    """Changes with any rule's metadata or any default limit: a report is kept under it."""
    rules = json.dumps([rule.to_dict() for rule in RULES.values()], sort_keys=True)
    return f"1-{hashlib.sha256((rules + digest() + ENGINE_VERSION).encode()).hexdigest()[:10]}"


RULESET_VERSION: Final = ruleset_version()


def rules_catalogue() -> list[dict[str, Any]]:
    """Every rule's metadata, in the order of the catalogue's groups."""
    return [rule.to_dict() for rule in sorted(RULES.values(), key=lambda rule: rule.group)]


def read(
    data: bytes, name: str, definition: Definition | None = None, limits: Limits = LIMITS
) -> CalibrationMap:
    """Parse a tune. Raises Refused (damaged, hostile, too large) or NotAnalysed (not understood)."""
    return registry.parse(data, name, definition, limits)


def analyse(
    tune: CalibrationMap,
    vehicle: VehicleProfile,
    baseline: CalibrationMap | None = None,
    *,
    baseline_kind: str | None = None,
    baseline_problem: str = "",
    overrides: Mapping[str, Value] | None = None,
    log: LogEvidence | None = None,
) -> Report:
    """Run every rule that can run. `baseline_kind` is backup, stock, previous or nearest (a stand-in
    from another vehicle of the same engine: findings against it are softened, see `safety.nearest`).

    Raises UnknownThreshold for an override that is not a limit of ours.
    """
    kind = (baseline_kind or "backup") if baseline is not None else None
    limits = Thresholds(tune.family, vehicle, overrides)
    context = Context.of(
        tune, baseline, vehicle, limits=limits, baseline_kind=kind, baseline_problem=baseline_problem, log=log
    )
    findings: list[Finding] = []
    not_checked: list[NotChecked] = []
    ran = able = 0
    for rule in RULES.values():
        if not rule.applies(context):
            continue
        missing = rule.missing(context)
        if missing is None:
            findings += rule.check(context)
        else:
            not_checked.append(NotChecked(rule.code, missing))
        if _counts(rule, baseline):
            able += 1
            ran += missing is None
    coverage = round(ran / able, 3) if able else 0.0
    findings = _without_symptoms(findings)
    if kind == "nearest":
        findings = soften(
            findings, frozenset(code for code, rule in RULES.items() if "baseline" in rule.needs)
        )
    findings.sort(key=lambda finding: (-finding.rank, finding.group, finding.code))
    points, shares = score(findings)
    return Report(
        verdict=verdict(findings, coverage, limits["coverage_least"].value),
        score=points,
        group_shares=shares,
        coverage=coverage,
        findings=tuple(findings),
        not_checked=tuple(not_checked),
        engine_version=ENGINE_VERSION,
        ruleset_version=RULESET_VERSION,
        tune=tune.identity(),
        baseline=None if baseline is None else {**baseline.identity(), "kind": kind},
        vehicle=vehicle.to_dict(),
        tables={key: _view(key, tune, context.diffs.get(key)) for key in tune.tables},
    )


def _without_symptoms(findings: Sequence[Finding]) -> list[Finding]:
    """A blank table breaks every rule at once: only what says so is told about it."""
    blank = {finding.table for finding in findings if finding.code == "BLANK_PAGE" and finding.table}
    causes = {"BLANK_PAGE", "AXIS_FLAT", "AXIS_NOT_ASCENDING"}
    return [finding for finding in findings if finding.table not in blank or finding.code in causes]


def _counts(rule: Rule, baseline: CalibrationMap | None) -> bool:
    """Whether a rule is part of the coverage: comparing counts only where there is a baseline, whose lack
    BACKUP_MISSING and the list of what was not checked tell already.
    """
    if rule.group not in _COVERED or rule.code in _DECIDED_ALONE:
        return False
    return baseline is not None or "baseline" not in rule.needs


def _view(key: str, tune: CalibrationMap, pair: TableDiff | None) -> TableView:
    table = tune.tables[key]
    units = {"kpa": "kPa", "tps": "% throttle"}.get(table.load, table.y_units)
    return TableView(
        key=key,
        name=table.name,
        units=table.units,
        x_units=table.x_units,
        y_units="" if table.curve else units,
        x=table.x.round(3).tolist(),
        y=table.y.round(3).tolist(),
        z=table.z.round(4).tolist(),
        base=None if pair is None else pair.base_z.round(4).tolist(),
    )


def refused(problem: Refused, data: bytes, vehicle: VehicleProfile) -> Report:
    """The report on a file that is corrupt or hostile: block."""
    code = "CHECKSUM_RECORD" if problem.reason_code == "checksum_record" else "FILE_CORRUPT"
    note = Note(
        "critical",
        problem.message,
        value=problem.reason_code,
        limit_source="file",
        suggestion="Get the file again from its source; do not flash it.",
    )
    finding = make(code, note)
    return _without_tables("block", (finding,), problem.message, data, vehicle)


def not_analysed(problem: NotAnalysed, data: bytes, vehicle: VehicleProfile) -> Report:
    """The report on a file that nobody here understands: no judgement of any kind."""
    finding = make(
        "FILE_UNSUPPORTED", Note("medium", problem.message, value=problem.reason_code, limit_source="file")
    )
    return _without_tables("not_analysed", (finding,), problem.message, data, vehicle)


def _without_tables(
    word: str, findings: Sequence[Finding], reason: str, data: bytes, vehicle: VehicleProfile
) -> Report:
    points, shares = score(findings)
    codes = {finding.code for finding in findings}
    return Report(
        verdict=word,
        score=points,
        group_shares=shares,
        coverage=0.0,
        findings=tuple(findings),
        not_checked=tuple(NotChecked(code, "the file was not read") for code in RULES if code not in codes),
        engine_version=ENGINE_VERSION,
        ruleset_version=RULESET_VERSION,
        tune={"sha256": sha256(data), "family": "", "signature": "", "calibration_id": "", "format": ""},
        baseline=None,
        vehicle=vehicle.to_dict(),
        reason=reason,
    )


def analyse_files(
    data: bytes,
    name: str,
    vehicle: VehicleProfile,
    *,
    definition: Definition | None = None,
    baseline: tuple[bytes, str] | None = None,
    baseline_definition: Definition | None = None,
    baseline_kind: str | None = None,
    overrides: Mapping[str, Value] | None = None,
) -> Report:
    """Read and analyse in one go; a file that cannot be read gives a report too, never an exception.

    `baseline` is (bytes, name). A baseline that cannot be read becomes the finding BACKUP_UNREADABLE.
    Only UnknownThreshold (a mistake of the caller) is raised.
    """
    try:
        tune = read(data, name, definition)
    except Refused as problem:
        return refused(problem, data, vehicle)
    except NotAnalysed as problem:
        return not_analysed(problem, data, vehicle)
    base, trouble = None, ""
    if baseline is not None:
        try:
            base = read(*baseline, baseline_definition or definition)
        except (Refused, NotAnalysed) as problem:
            trouble = problem.message
    return analyse(
        tune, vehicle, base, baseline_kind=baseline_kind, baseline_problem=trouble, overrides=overrides
    )
