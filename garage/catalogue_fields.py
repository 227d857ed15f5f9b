"""Fields of one catalogue entry: taken out, checked, and a mistake noted instead of raised, so that all are told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

FUELS: Final = frozenset(
    {"petrol", "diesel", "e85", "ethanol", "methanol", "lpg", "cng", "electric", "hybrid"},
)
ASPIRATIONS: Final = frozenset({"na", "turbo", "supercharged"})
COOLINGS: Final = frozenset({"air", "oil", "liquid"})

_CODE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LONGEST_CODE: Final = 80
_LONGEST_TEXT: Final = 80


@dataclass(frozen=True, slots=True)
class Problem:
    file: str
    entry: str
    field: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.entry, self.field, self.text) if part)


@dataclass(slots=True)
class Entry:
    """One mapping of the file. `prefix` names the part of an entry that this is, as in `engine.`"""

    file: str
    label: str
    row: dict[str, Any]
    problems: list[Problem]
    prefix: str = field(default="")

    def wrong(self, key: str, text: str) -> None:
        self.problems.append(Problem(self.file, self.label, self.prefix + key, text))

    def fill(self, key: str, value: object) -> None:
        """A default: the entry's own value wins, also its null."""
        self.row.setdefault(key, value)

    def only(self, *keys: str) -> None:
        for key in self.row:
            if key not in keys:
                self.wrong(str(key), "is no field of this entry")

    def part(self, key: str) -> Entry:
        row = self.row.get(key, {})
        if not isinstance(row, dict):
            self.wrong(key, "must be a mapping of fields")
            row = {}
        return Entry(self.file, self.label, dict(row), self.problems, prefix=f"{key}.")


def text(entry: Entry, key: str) -> str:
    """A short text; "" when it is wrong or absent."""
    if entry.row.get(key) is None:
        entry.wrong(key, "is missing")
    return maybe_text(entry, key) or ""


def maybe_text(entry: Entry, key: str) -> str | None:
    value = entry.row.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        entry.wrong(key, f"{value!r} must be text; put it in quotes")
        return None
    if not value.strip() or value != value.strip() or len(value) > _LONGEST_TEXT:
        entry.wrong(key, f"must be 1 to {_LONGEST_TEXT} characters without blanks around them")
    return value


def code(entry: Entry, key: str, *, taken: Collection[str]) -> str:
    """A slug that never changes and that nothing else has."""
    value = text(entry, key)
    if value and (not _CODE.fullmatch(value) or len(value) > _LONGEST_CODE):
        entry.wrong(key, f"{value!r} must be small letters, digits and single hyphens, up to {_LONGEST_CODE}")
    if value and value in taken:
        entry.wrong(key, "is used twice")
    return value


def country(entry: Entry, key: str) -> str:
    value = text(entry, key)
    if value and not _COUNTRY.fullmatch(value):
        entry.wrong(key, f"{value!r} must be the two capital letters of ISO 3166")
    return value


def code_list(entry: Entry, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    value = entry.row.get(key, [])
    if not isinstance(value, list):
        entry.wrong(key, "must be a list")
        return ()
    bad = [item for item in value if not isinstance(item, str) or not pattern.fullmatch(item)]
    if bad:
        entry.wrong(key, f"{bad[0]!r} does not look right; put digits in quotes")
        return ()
    if len(set(value)) != len(value):
        entry.wrong(key, "names one twice")
    return tuple(value)


def choice(entry: Entry, key: str, allowed: Collection[str], *, required: bool = True) -> str | None:
    value = entry.row.get(key)
    if value is None:
        if required:
            entry.wrong(key, "is missing")
        return None
    if not isinstance(value, str) or value not in allowed:
        entry.wrong(key, f"{value!r} is none of {', '.join(sorted(allowed))}")
        return None
    return value


def whole(entry: Entry, key: str, low: int, high: int, *, required: bool = False) -> int | None:
    value = _number(entry, key, low, high, required=required)
    if isinstance(value, float):
        entry.wrong(key, f"{value} must be a whole number")
        return None
    return value


def decimal(entry: Entry, key: str, low: float, high: float) -> float | None:
    value = _number(entry, key, low, high, required=False)
    return None if value is None else float(value)


def _number(entry: Entry, key: str, low: float, high: float, *, required: bool) -> float | int | None:
    value = entry.row.get(key)
    if value is None:
        if required:
            entry.wrong(key, "is missing")
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        entry.wrong(key, f"{value!r} must be a number")
        return None
    if not low <= value <= high:
        entry.wrong(key, f"{value} is not between {_spell(low)} and {_spell(high)}")
        return None
    return value


def _spell(number: float) -> str:
    return f"{number:,}"
