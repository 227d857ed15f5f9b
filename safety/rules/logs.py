"""Group G: what a log of real driving says about the tune. Pure functions; reading log files is not done here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from safety.diff import Mask, ascending, interpolate
from safety.rules.base import Context, Note, cells_of, make, rule
from safety.rules.loads import rows_over, used_top

if TYPE_CHECKING:
    from safety.calibration import Array, Table
    from safety.findings import Finding


@dataclass(frozen=True, eq=False)
class LogEvidence:
    """Samples side by side, all of one length: time in s (ascending), rpm, load in the tables' unit; and
    where they were logged, measured lambda, knock retard in degrees, injector duty in per cent.
    """

    time: Array
    rpm: Array
    load: Array
    lambda_measured: Array | None = None
    knock_retard: Array | None = None
    duty: Array | None = None

    def __post_init__(self) -> None:
        parts = (self.rpm, self.load, self.lambda_measured, self.knock_retard, self.duty)
        if any(part is not None and part.shape != self.time.shape for part in parts):
            raise ValueError("the columns of a log must have one length")


@rule(
    "LOG_LEAN",
    "G",
    "The log shows a lean mixture under load",
    "The engine really ran leaner than the tune wants, for long enough to matter.",
    severity="critical",
    needs=("log", "table:target_lambda"),
    thresholds=("log_lean_high", "log_lean_critical", "log_lean_seconds"),
    applies=lambda context: context.log is not None,
)
def log_lean(context: Context) -> list[Finding]:
    table, log = context.tune.main("target_lambda"), context.log
    if (
        table is None
        or log is None
        or log.lambda_measured is None
        or not (ascending(table.x) and ascending(table.y))
    ):
        return []
    target = np.array([interpolate(table, log.rpm[[i]], log.load[[i]])[0, 0] for i in range(log.time.size)])
    gap = np.where(log.load >= 0.7 * used_top(table), log.lambda_measured - target, 0.0)
    seconds = context.limits["log_lean_seconds"].value
    for severity in ("critical", "high"):
        limit = context.limits[f"log_lean_{severity}"]
        if longest(log.time, gap >= limit.value) >= seconds:
            return [
                make(
                    "LOG_LEAN",
                    Note(
                        severity,
                        f"Measured lambda was up to {float(gap.max()):.2f} above the target of {table.name} under load,"
                        f" for {longest(log.time, gap >= limit.value):.1f} s at least.",
                        table="target_lambda",
                        source_name=table.name,
                        value=round(float(gap.max()), 3),
                        limit=limit.value,
                        limit_source=limit.layer,
                    ),
                )
            ]
    return []


def longest(time: Array, mask: Mask) -> float:
    """Seconds of the longest run of true samples."""
    best, start = 0.0, None
    for index, value in enumerate(mask):
        if not value:
            start = None
            continue
        start = index if start is None else start
        best = max(best, float(time[index] - time[start]))
    return best


@rule(
    "LOG_KNOCK",
    "G",
    "The log shows knock",
    "The ECU heard knock again and again at one load: there is too much advance there.",
    severity="high",
    needs=("log", "table:ignition"),
    thresholds=("log_knock_medium", "log_knock_high"),
    applies=lambda context: context.log is not None,
)
def log_knock(context: Context) -> list[Finding]:
    table, log = context.tune.main("ignition"), context.log
    if table is None or log is None or log.knock_retard is None:
        return []
    events = np.zeros(table.shape)
    most = np.zeros(table.shape)
    for (row, col), retard in zip(_cells(table, log), log.knock_retard, strict=True):
        if retard >= context.limits["log_knock_medium"].value:
            events[row, col] += 1
            most[row, col] = max(most[row, col], retard)
    repeated = np.where(events >= 3, most, 0.0)
    worst = float(repeated.max(initial=0.0))
    high, medium = context.limits["log_knock_high"], context.limits["log_knock_medium"]
    if worst < medium.value:
        return []
    limit = high if worst >= high.value else medium
    return [
        make(
            "LOG_KNOCK",
            Note(
                "high" if limit is high else "medium",
                f"Up to {worst:g} deg of knock retard, repeated in {int((repeated > 0).sum())} cells of {table.name}.",
                table="ignition",
                source_name=table.name,
                cells=cells_of(table, repeated > 0, limit.value),
                value=worst,
                limit=limit.value,
                limit_source=limit.layer,
            ),
        )
    ]


def _cells(table: Table, log: LogEvidence) -> list[tuple[int, int]]:
    """The nearest cell of each sample."""
    rows = np.abs(table.y[:, None] - log.load[None, :]).argmin(axis=0)
    cols = np.abs(table.x[:, None] - log.rpm[None, :]).argmin(axis=0)
    return [(int(row), int(col)) for row, col in zip(rows, cols, strict=True)]


@rule(
    "LOG_DUTY",
    "G",
    "The log shows injectors at their end",
    "The injectors were open nearly all the time: there is no fuel left for a colder day.",
    severity="high",
    needs=("log",),
    thresholds=("log_duty_high",),
    applies=lambda context: context.log is not None and context.log.duty is not None,
)
def log_duty(context: Context) -> list[Finding]:
    log, limit = context.log, context.limits["log_duty_high"]
    worst = 0.0 if log is None or log.duty is None else float(log.duty.max(initial=0.0))
    if worst <= limit.value:
        return []
    text = f"The injectors reached {worst:.0f} % duty."
    return [
        make(
            "LOG_DUTY",
            Note("high", text, scalar="duty", value=worst, limit=limit.value, limit_source=limit.layer),
        )
    ]


@rule(
    "LOG_TARGET_GAP",
    "G",
    "Cells that no log has visited",
    "Nobody has driven these cells yet: they are guesses until then.",
    severity="info",
    needs=("log", "table:ignition"),
    applies=lambda context: context.log is not None,
)
def log_target_gap(context: Context) -> list[Finding]:
    table, log = context.tune.main("ignition"), context.log
    if table is None or log is None:
        return []
    seen = np.zeros(table.shape, dtype=bool)
    for row, col in _cells(table, log):
        seen[row, col] = True
    missed = ~seen & rows_over(table, 0.7)[:, None]
    if not missed.any():
        return []
    text = f"{int(missed.sum())} cells of {table.name} under load were never visited: not verified."
    return [
        make(
            "LOG_TARGET_GAP",
            Note("info", text, table="ignition", source_name=table.name, cells=cells_of(table, missed)),
        )
    ]
