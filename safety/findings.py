"""What a rule answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
MOST_CELLS: Final = 256

Cell = tuple[int, int, float, float, float, float | None, float | None]


@dataclass(frozen=True)
class Finding:
    """One observation. `cells`: (row, col, x, y, value, limit, baseline), in the table's units."""

    code: str
    group: str
    severity: str
    title: str
    explanation: str
    table: str = ""  # key of the table: ve, ignition, target_lambda, ve.2 ...
    scalar: str = ""  # role of the scalar: rev_limit, dwell ...
    source_name: str = ""  # what the file itself calls it
    cells: tuple[Cell, ...] = ()
    value: float | str | None = None
    limit: float | str | None = None
    limit_source: str = (
        ""  # the layer that set the limit: default | family | engine | vehicle | file | backup
    )
    confidence: str = "high"  # high | medium | low
    suggestion: str = ""

    @property
    def rank(self) -> int:
        return SEVERITIES.index(self.severity)

    def to_dict(self) -> dict[str, Any]:
        values = dict(self.__dict__)
        values["cells"] = [list(cell) for cell in self.cells]
        return values


def milder(severity: str, most: str) -> str:
    """`severity`, but at most `most`."""
    return SEVERITIES[min(SEVERITIES.index(severity), SEVERITIES.index(most))]
