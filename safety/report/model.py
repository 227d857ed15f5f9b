"""A report as plain values: it can be stored as JSON and rendered again later without the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from safety.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICTS: Final = ("pass", "caution", "insufficient_data", "confirm", "block", "not_analysed")

DISCLAIMER: Final = (
    "Every limit used here is a heuristic default, not a guarantee. The checks look at the file only, not at the"
    " engine, its wear, its fuel or its sensors. No analysis makes a tune safe: start with a log, and with somebody"
    " who knows the engine."
)


@dataclass(frozen=True)
class NotChecked:
    """A rule that could not run, and why."""

    code: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "reason": self.reason}


@dataclass(frozen=True)
class TableView:
    """The numbers of one table for a heat map; `base` is the baseline on the tune's axes."""

    key: str
    name: str
    units: str
    x_units: str
    y_units: str
    x: list[float]
    y: list[float]
    z: list[list[float]]
    base: list[list[float]] | None = None

    def to_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Report:
    """`score` 0-100 is the risk found (0: nothing). The verdict comes from the worst finding, not from it."""

    verdict: str
    score: int
    group_shares: Mapping[str, float]
    coverage: float
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    engine_version: str
    ruleset_version: str
    tune: Mapping[str, Any]
    baseline: Mapping[str, Any] | None
    vehicle: Mapping[str, Any]
    reason: str = ""  # for not_analysed: why
    tables: Mapping[str, TableView] = field(default_factory=dict)

    @property
    def disclaimer(self) -> str:
        return DISCLAIMER

    def to_dict(self) -> dict[str, Any]:
        """The public shape of a report."""
        return {
            "verdict": self.verdict,
            "score": self.score,
            "group_shares": dict(self.group_shares),
            "coverage": self.coverage,
            "findings": [finding.to_dict() for finding in self.findings],
            "not_checked": [entry.to_dict() for entry in self.not_checked],
            "engine_version": self.engine_version,
            "ruleset_version": self.ruleset_version,
            "tune": dict(self.tune),
            "baseline": None if self.baseline is None else dict(self.baseline),
            "vehicle": dict(self.vehicle),
            "reason": self.reason,
            "disclaimer": DISCLAIMER,
        }

    def to_stored(self) -> dict[str, Any]:
        """The public shape and, under `tables`, the numbers that the heat maps need."""
        return {**self.to_dict(), "tables": {key: view.to_dict() for key, view in self.tables.items()}}

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Report:
        """Raises KeyError or TypeError on data that `to_stored` did not write."""
        findings = tuple(
            Finding(**{**entry, "cells": tuple(tuple(cell) for cell in entry["cells"])})
            for entry in data["findings"]
        )
        return cls(
            verdict=data["verdict"],
            score=data["score"],
            group_shares=data["group_shares"],
            coverage=data["coverage"],
            findings=findings,
            not_checked=tuple(NotChecked(**entry) for entry in data["not_checked"]),
            engine_version=data["engine_version"],
            ruleset_version=data["ruleset_version"],
            tune=data["tune"],
            baseline=data["baseline"],
            vehicle=data["vehicle"],
            reason=data.get("reason", ""),
            tables={key: TableView(**view) for key, view in data.get("tables", {}).items()},
        )
