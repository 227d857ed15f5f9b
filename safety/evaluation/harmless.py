"""Edits that a careful tuner makes every day, and changes that mean nothing: none of them may raise an alarm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.diff import interpolate, usable
from safety.evaluation.faults import Case

if TYPE_CHECKING:
    from safety.calibration import Array, Table

Edit = Callable[[Case], bytes | None]


def _soft_region(case: Case, table: Table) -> Array:
    """Any block of cells."""
    rows, cols = (np.sort(case.rng.integers(0, n + 1, 2)) for n in table.shape)
    mask = np.zeros(table.shape, dtype=bool)
    mask[rows[0] : rows[1] + 1, cols[0] : cols[1] + 1] = True
    return mask


def _edit(case: Case, role: str, change: Callable[[Array, Array], Array]) -> bytes | None:
    table = case.table(role)
    if table is None:
        return None
    z = table.z.copy() if table.original is None else table.original.copy()
    z = change(z, _soft_region(case, table))
    case.editor.set_array(table.name, z.reshape(case.editor.array(table.name).shape))
    return case.editor.data()


def ignition_2(case: Case) -> bytes | None:
    step = case.rng.uniform(-3, 2)
    return _edit(case, "ignition", lambda z, mask: np.where(mask, z + step, z))


def ve_3(case: Case) -> bytes | None:
    factor = case.rng.uniform(0.97, 1.06)
    return _edit(case, "ve", lambda z, mask: np.where(mask, z * factor, z))


def targets_1(case: Case) -> bytes | None:
    factor = case.rng.uniform(0.97, 1.012)
    return _edit(case, "target_lambda", lambda z, mask: np.where(mask, z * factor, z))


def ve_noise(case: Case) -> bytes | None:
    """As self-tuning from a log leaves it."""
    return _edit(case, "ve", lambda z, mask: np.where(mask, z * case.rng.normal(1, 0.015, z.shape), z))


def rev_200(case: Case) -> bytes | None:
    return _number(case, "rev_limit", lambda old: old + float(case.rng.choice([-500, -200, 100, 200])))


def fan_3(case: Case) -> bytes | None:
    return _number(case, "fan_on", lambda old: min(old + float(case.rng.integers(-6, 4)), 104.0))


def dwell_bit(case: Case) -> bytes | None:
    return _number(case, "dwell", lambda old: old + case.rng.uniform(-0.5, 0.3))


def _number(case: Case, role: str, change: Callable[[float], float]) -> bytes | None:
    scalar = case.editor.map.scalars.get(role)
    if scalar is None or scalar.number is None:
        return None
    case.editor.set_number(scalar.name, round(change(case.editor.number(scalar.name)), 1))
    return case.editor.data()


def other_axes(case: Case) -> bytes | None:
    """The same surface on other bins, rounded as the file rounds."""
    role = str(case.rng.choice(["ve", "ignition", "target_lambda"]))
    table = case.table(role)
    if table is None or not usable(table):
        return None
    x, y = table.x.copy(), table.y.copy()
    x[1:-1] += case.rng.uniform(-0.3, 0.3, x.size - 2) * np.diff(x)[:-1]
    y[1:-1] += case.rng.uniform(-0.3, 0.3, y.size - 2) * np.diff(y)[:-1]
    x, y = np.round(x, -1), np.round(y)
    if np.any(np.diff(x) < 0) or np.any(np.diff(y) <= 0):
        return None
    scale = 1.0 if table.original is None else float(np.median(table.original / table.z))
    case.editor.set_array(table.name, interpolate(table, x, y) * scale)
    for name, values in ((table.x_name, x), (table.y_name, y)):
        case.editor.set_array(name, values.reshape(case.editor.array(name).shape))
    return case.editor.data()


def spacing(case: Case) -> bytes | None:
    """White space between cells, as another program writes it."""
    return re.sub(rb"(?<=\d)[ \n]+(?=\d)", b"  \n", case.editor.data())


def comment(case: Case) -> bytes | None:
    return case.editor.data().replace(b"<page", b"<!-- saved again -->\n<page", 1)


def unused_garbage(case: Case) -> bytes | None:
    """Memory of tables that are switched off."""
    done = False
    for table in case.editor.map.tables.values():
        if table.enabled is False:
            shape = case.editor.array(table.name).shape
            case.editor.set_array(table.name, case.rng.integers(0, 255, shape).astype(float))
            done = True
    return case.editor.data() if done else None


def richer(case: Case) -> bytes | None:
    """More fuel and less spark: a cautious tuner."""
    _edit(case, "ignition", lambda z, mask: np.where(mask, z - 2, z))
    return _edit(case, "ve", lambda z, mask: np.where(mask, z * 1.08, z))


HARMLESS: Final[Mapping[str, Edit]] = {
    "ignition -3 to +2 deg": ignition_2,
    "VE -3 to +6 %": ve_3,
    "targets -3 to +1.2 %": targets_1,
    "VE noise of self-tuning": ve_noise,
    "rev limit -500 to +200": rev_200,
    "fan -6 to +3 C": fan_3,
    "dwell -0.5 to +0.3 ms": dwell_bit,
    "same surface, other bins": other_axes,
    "white space": spacing,
    "comment": comment,
    "garbage in unused tables": unused_garbage,
    "richer and later": richer,
}
