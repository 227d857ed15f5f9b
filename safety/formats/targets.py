"""AFR or lambda: told by the values, because units, names and switches in real files lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from safety.calibration import Array


@dataclass(frozen=True)
class Target:
    """`values` is lambda; `encoding` is what the numbers were: afr | lambda | unclear."""

    values: Array
    encoding: str


def to_lambda(cells: Array, stoich: float) -> Target:
    """Median above 3: AFR, divided by `stoich`. 0.3 to 3: lambda. Less: unclear, left as it is."""
    middle = float(np.median(cells)) if cells.size else 0.0
    if middle > 3.0:
        return Target(cells / stoich, "afr")
    return Target(cells, "lambda" if middle >= 0.3 else "unclear")
