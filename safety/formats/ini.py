"""The part of a TunerStudio .ini that is needed: minimum and maximum of each constant.

Lines look like `name = array, U08, 16, [16x16], "%", 1.0, 0.0, 0.0, 255.0, 0`; limits that are
expressions in braces, and constants defined twice under `#if` with other limits, are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from safety.formats.base import Definition, Limits, number
from safety.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE: Final = re.compile(r"^\s*([A-Za-z_]\w{0,99})\s*=\s*(scalar|array)\s*,(.{1,600})$")
_FIELD: Final = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|[^,;]+')


def ranges_of(definition: Definition, limits: Limits) -> Mapping[str, tuple[float, float]]:
    """Name -> (minimum, maximum), in the units of the tune."""
    if len(definition.data) > limits.definition_bytes:
        raise Refused("too_large", "The definition is too large.")
    found: dict[str, tuple[float, float]] = {}
    unclear: set[str] = set()
    section = ""
    for line in definition.data.decode("latin-1").splitlines():
        if line.lstrip().startswith("["):
            section = line.strip().lower()
            continue
        match = _LINE.match(line) if section.startswith("[constants]") else None
        if match is None:
            continue
        limit = _limit(match[2], match[3])
        name = match[1]
        if limit is None or found.get(name, limit) != limit:
            unclear.add(name)
        else:
            found[name] = limit
    return {name: limit for name, limit in found.items() if name not in unclear}


def _limit(kind: str, rest: str) -> tuple[float, float] | None:
    fields = [part.strip() for part in _FIELD.findall(rest.split(";", maxsplit=1)[0])]
    fields = [part for part in fields if part]
    start = 6 if kind == "array" else 5
    try:
        low, high = number(fields[start]), number(fields[start + 1])
    except (IndexError, ValueError):
        return None
    return (low, high) if low < high else None
