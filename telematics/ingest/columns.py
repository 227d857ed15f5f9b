"""Rows or columns of JSON become one matrix of float64. The common case, all rows alike and all numbers, is fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import Invalid
from telematics.signals import known_name, possible_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

MAX_SIGNALS = 128  # in one batch


@dataclass(slots=True)
class Table:
    """t: float64 ms, NaN where none could be read. matrix: k signals x n samples in the order of `names`.

    unreadable: (index, signal) of values of known signals that are no numbers, "" for a sample that is no object.
    ignored: names of what is kept for no sample.
    """

    t: NDArray[np.float64]
    names: list[str]
    matrix: NDArray[np.float64]
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def from_rows(rows: list[Any]) -> Table:
    """Samples as objects. Raises Invalid for more signals than a batch may have."""
    return _alike(rows) or _mixed(rows)


def from_columns(columns: dict[str, Any]) -> Table:
    """Samples as lists of equal length. Raises Invalid."""
    n = len(columns["t"])
    for key, values in columns.items():
        if not isinstance(values, list) or len(values) != n:
            raise Invalid(fields={"columns": [f"{key[:64]} must be a list as long as t."]})
    keys = [key for key in columns if key != "t"]
    return _table(columns["t"], keys, [columns[key] for key in keys])


def from_flat(keys: tuple[str, ...], numbers: Iterable[Any], rows: int) -> Table | None:
    """Samples that all have `keys`, as one run of their values, row by row; None where they are no plain numbers."""
    if "t" not in keys or not 2 <= len(keys) <= MAX_SIGNALS:
        return None
    names = [known_name(key) or key for key in keys]
    if len(set(names)) < len(names) or not all(known_name(key) or possible_name(key) for key in keys):
        return None
    try:
        flat = np.fromiter(numbers, np.float64, rows * len(keys))
    except (TypeError, ValueError, OverflowError):
        return None
    columns = np.ascontiguousarray(flat.reshape(rows, len(keys)).T)
    place = keys.index("t")
    if place:  # first
        order = [place, *(number for number in range(len(keys)) if number != place)]
        columns, names = columns[order], [names[number] for number in order]
    return Table(columns[0], names[1:], columns[1:])


def _alike(rows: list[Any]) -> Table | None:
    """None unless all rows have the same keys and nothing but numbers."""
    try:
        keys = tuple(rows[0])
        if sum(map(len, rows)) != len(rows) * len(keys) or len(keys) < 2:
            return None
        return from_flat(keys, chain.from_iterable(map(itemgetter(*keys), rows)), len(rows))
    except (TypeError, KeyError):
        return None


def _mixed(rows: list[Any]) -> Table:
    keys = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row if key != "t"))
    maps = [row if isinstance(row, dict) else {} for row in rows]
    table = _table([row.get("t") for row in maps], keys, [[row.get(key) for row in maps] for key in keys])
    table.unreadable += [(index, "") for index, row in enumerate(rows) if not isinstance(row, dict)]
    return table


def _table(instants: Sequence[Any], keys: list[str], columns: list[Sequence[Any]]) -> Table:
    if len(keys) > MAX_SIGNALS:
        raise Invalid(fields={"samples": [f"A batch may have at most {MAX_SIGNALS} signals."]})
    t, _ = _numbers(instants)
    table = Table(t, [], np.empty((0, len(t))))
    kept: dict[str, NDArray[np.float64]] = {}
    for key, column in zip(keys, columns, strict=True):
        values, texts = _numbers(column)
        name = known_name(key)
        if name is not None:
            table.unreadable += [(index, name) for index in texts]
        elif texts or not possible_name(key):
            table.ignored.append(key[:64])
            if not possible_name(key) or np.isnan(values).all():
                continue
        name = name or key
        if name in kept:  # one signal in two spellings: what the first does not say, the second may
            kept[name] = np.where(np.isnan(kept[name]), values, kept[name])
        else:
            kept[name] = values
    table.names = list(kept)
    table.matrix = np.stack(list(kept.values())) if kept else table.matrix
    return table


def _numbers(column: Sequence[Any]) -> tuple[NDArray[np.float64], list[int]]:
    """Values, NaN for null; and where something is that is no number."""
    try:
        return np.fromiter(column, np.float64, len(column)), []
    except (TypeError, ValueError, OverflowError):
        values = np.full(len(column), np.nan)
    wrong = []
    for index, value in enumerate(column):
        if value is None:
            continue
        try:
            values[index] = float(value)
        except (TypeError, ValueError, OverflowError):
            wrong.append(index)
    return values, wrong
