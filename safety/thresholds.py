"""Limits in layers: default < ECU family < engine < vehicle. Each answer knows which layer won."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from safety.vehicle import VehicleProfile

_FILE: Final = Path(__file__).with_name("thresholds.yaml")

Value = float | Sequence[float]


class UnknownThreshold(ValueError):
    """An override names no limit of ours, or gives it a value of another shape."""


@dataclass(frozen=True)
class Limit:
    value: float
    layer: str

    def __float__(self) -> float:
        return self.value


@cache
def _document() -> Mapping[str, Any]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def defaults() -> Mapping[str, Value]:
    """Every limit's name and default value."""
    return dict(_document()["default"])


def digest() -> str:
    """Twelve hex digits of all layers of the file, a part of the ruleset's version."""
    text = json.dumps(_document(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Thresholds:
    """The limits for one tune and vehicle."""

    def __init__(
        self, family: str, vehicle: VehicleProfile, overrides: Mapping[str, Value] | None = None
    ) -> None:
        """Raises UnknownThreshold for an override that is not a limit of ours."""
        document = _document()
        self._values: dict[str, tuple[Value, str]] = {
            k: (v, "default") for k, v in document["default"].items()
        }
        self._lay(document["families"].get(family, {}), "family")
        facts = {"kind": vehicle.kind, "fuel": vehicle.fuel_class, "aspiration": vehicle.aspiration}
        for entry in document["engines"]:
            if all(facts.get(key) == value for key, value in entry["match"].items()):
                self._lay(entry["set"], "engine")
        self._lay(overrides or {}, "vehicle")

    def _lay(self, values: Mapping[str, Value], layer: str) -> None:
        for key, value in values.items():
            known = self._values.get(key)
            if known is None:
                raise UnknownThreshold(f"There is no limit called {key!r}.")
            if not _like(value, known[0]):
                raise UnknownThreshold(f"The limit {key!r} needs a value like {known[0]!r}.")
            self._values[key] = (value, layer)

    def __getitem__(self, key: str) -> Limit:
        value, layer = self._values[key]
        if isinstance(value, Sequence):
            raise TypeError(f"{key} is a curve")
        return Limit(float(value), layer)

    def curve(self, key: str) -> tuple[tuple[float, ...], str]:
        """The numbers of a limit that is a list, and its layer."""
        value, layer = self._values[key]
        if not isinstance(value, Sequence):
            raise TypeError(f"{key} is a single number")
        return tuple(float(item) for item in value), layer


def _like(value: object, known: Value) -> bool:
    if isinstance(known, Sequence):
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and len(value) == len(known)
            and all(_plain(item) for item in value)
        )
    return _plain(value)


def _plain(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
