"""The context that rules look at, and the register of rules with what each one says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from safety.diff import Mask, TableDiff, diff
from safety.findings import MOST_CELLS, Cell, Finding, milder

if TYPE_CHECKING:
    from safety.calibration import CalibrationMap, Table
    from safety.rules.logs import LogEvidence
    from safety.thresholds import Limit, Thresholds
    from safety.vehicle import VehicleProfile


@dataclass(frozen=True, eq=False)
class Context:
    """All that a rule may look at. Rules are pure: the same context gives the same findings."""

    tune: CalibrationMap
    base: CalibrationMap | None
    vehicle: VehicleProfile
    limits: Thresholds
    baseline_kind: str | None = None  # backup | stock | previous | nearest
    baseline_problem: str = ""  # why a given baseline could not be read
    diffs: Mapping[str, TableDiff] = field(default_factory=dict)
    log: LogEvidence | None = None

    @classmethod
    def of(
        cls,
        tune: CalibrationMap,
        base: CalibrationMap | None,
        vehicle: VehicleProfile,
        *,
        limits: Thresholds,
        baseline_kind: str | None = None,
        baseline_problem: str = "",
        log: LogEvidence | None = None,
    ) -> Context:
        pairs = diff(tune, base) if base is not None else {}
        return cls(tune, base, vehicle, limits, baseline_kind, baseline_problem, pairs, log)

    def pairs(self, role: str) -> Iterator[TableDiff]:
        return (pair for pair in self.diffs.values() if pair.tune.role == role)

    @property
    def redline(self) -> float:
        """Of the vehicle, else the tune's own rev limit where it is possible, else a usual value."""
        if self.vehicle.redline_rpm:
            return self.vehicle.redline_rpm
        limit = self.tune.number("rev_limit")
        return limit if limit is not None and 2000 <= limit <= 20000 else 7000.0

    @property
    def boosted(self) -> bool | None:
        """From the vehicle; else from a boost control that the tune has switched on."""
        stated = self.vehicle.boosted
        return stated if stated is not None else self.tune.on("boost_control")


Check = Callable[[Context], list[Finding]]


@dataclass(frozen=True)
class Rule:
    """`needs`: all of them; `a|b` is one of two. table:, scalar:, vehicle: name a fact, `baseline` and
    `image` speak for themselves. A rule whose `applies` is false has no bearing on this file.
    """

    code: str
    group: str
    title: str
    says: str  # to a rider
    severity: str  # the worst it can give
    needs: tuple[str, ...]
    thresholds: tuple[str, ...]
    source: str
    check: Check
    applies: Callable[[Context], bool]

    def missing(self, context: Context) -> str | None:
        """The first need that is not met, in words; None when the rule can run."""
        for need in self.needs:
            if not any(_met(option, context) for option in need.split("|")):
                return _WORDS.get(need.split("|")[0].partition(":")[0], "needs {}").format(
                    need.replace("|", " or ")
                    .replace("table:", "")
                    .replace("scalar:", "")
                    .replace("vehicle:", "")
                )
        return None

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "group": self.group,
            "title": self.title,
            "says": self.says,
            "severity": self.severity,
            "inputs": list(self.needs),
            "thresholds": list(self.thresholds),
            "source": self.source,
        }


_WORDS: Final[Mapping[str, str]] = {
    "table": "the file holds no {} table",
    "scalar": "the file holds no {}",
    "vehicle": "the vehicle's {} is not known",
    "baseline": "there is no baseline (ECU backup) to compare with",
    "image": "the file is not a binary image",
    "log": "no log was given",
    "checksum": "the definition does not say how the checksum is computed",
}


def _met(need: str, context: Context) -> bool:
    kind, _, name = need.partition(":")
    image = context.tune.image
    return {
        "table": lambda: context.tune.main(name) is not None,
        "scalar": lambda: name in context.tune.scalars,
        "vehicle": lambda: getattr(context.vehicle, name) is not None,
        "baseline": lambda: context.base is not None,
        "log": lambda: context.log is not None,
        "image": lambda: image is not None,
        "checksum": lambda: image is not None and image.checksum_ok is not None,
    }[kind]()


RULES: dict[str, Rule] = {}


def rule(
    code: str,
    group: str,
    title: str,
    says: str,
    *,
    severity: str,
    needs: Sequence[str] = (),
    thresholds: Sequence[str] = (),
    source: str = "practice",
    applies: Callable[[Context], bool] = lambda _: True,
) -> Callable[[Check], Check]:
    """Register a rule; a code that is taken is a mistake of ours."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"rule {code} exists")
        RULES[code] = Rule(
            code, group, title, says, severity, tuple(needs), tuple(thresholds), source, check, applies
        )
        return check

    return register


@dataclass(frozen=True)
class Note:
    """The values of a finding that differ from rule to rule; `make` adds what the register knows."""

    severity: str
    explanation: str
    title: str = ""
    table: str = ""
    scalar: str = ""
    source_name: str = ""
    cells: tuple[Cell, ...] = ()
    value: float | str | None = None
    limit: float | str | None = None
    limit_source: str = "default"
    confidence: str = "high"
    suggestion: str = ""


@dataclass(frozen=True)
class Over:
    """A value over its limit, and the words for it."""

    severity: str
    text: str
    value: float | str
    limit: float | str
    layer: str = "default"


def make(code: str, note: Note) -> Finding:
    entry = RULES[code]
    return Finding(
        code=code,
        group=entry.group,
        severity=note.severity,
        title=note.title or entry.title,
        explanation=note.explanation,
        table=note.table,
        scalar=note.scalar,
        source_name=note.source_name,
        cells=note.cells,
        value=note.value,
        limit=note.limit,
        limit_source=note.limit_source,
        confidence=note.confidence,
        suggestion=note.suggestion,
    )


def on_table(key: str, table: Table, severity: str) -> str:
    """A second, blended map is judged at most medium: whether it ever acts is not in the file."""
    del key
    return milder(severity, "medium") if table.secondary else severity


def cells_of(
    table: Table, mask: Mask, limit: float | None = None, pair: TableDiff | None = None
) -> tuple[Cell, ...]:
    """The marked cells for a report, the first MOST_CELLS of them."""
    found: list[Cell] = []
    for row, col in zip(*np.nonzero(mask), strict=True):
        base = None if pair is None else round(float(pair.base_z[row, col]), 4)
        found.append(
            (
                int(row),
                int(col),
                float(table.x[col]),
                float(table.y[row]),
                round(float(table.z[row, col]), 4),
                limit,
                base,
            )
        )
        if len(found) == MOST_CELLS:
            break
    return tuple(found)


def step(value: float, *limits: tuple[str, Limit]) -> tuple[str, Limit] | None:
    """The worst severity whose limit the value exceeds; limits are given mildest first."""
    over = [(severity, limit) for severity, limit in limits if value > limit.value]
    return over[-1] if over else None
