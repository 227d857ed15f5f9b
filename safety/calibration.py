"""What a tune says, in one language: roles and units instead of each family's own names.

Rows of a table are load, columns are engine speed; both axes ascend from the first entry.
Targets are always lambda (1.0 = stoichiometric); the numbers as written stay in `Table.original`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Array = NDArray[np.float64]

TABLE_ROLES: Final = ("ve", "ignition", "target_lambda", "boost_target", "dwell", "idle_target")


@dataclass(frozen=True, eq=False)
class Table:
    """One table. `z` has shape (len(y), len(x)); a curve has a single row and `y == [0]`."""

    role: str
    name: str
    x: Array  # rpm, or what `x_units` says
    y: Array  # load: kPa or throttle per cent, see `load`
    z: Array
    units: str = ""
    x_units: str = "rpm"
    y_units: str = ""
    x_name: str = ""
    y_name: str = ""
    load: str = "kpa"  # kpa | tps | other
    enabled: bool | None = None  # None: the family has no switch for it
    secondary: bool = False  # a second map that is blended in: judged more mildly
    original: Array | None = None  # the numbers as written, where `z` was converted
    original_units: str = ""
    declared_units: str = ""  # what the file says the numbers are: afr | lambda | ""
    minimum: float | None = None  # of the definition, in the units of `z`
    maximum: float | None = None

    @property
    def curve(self) -> bool:
        return int(self.z.shape[0]) == 1

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.z.shape[0]), int(self.z.shape[1])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        return {
            **{key: getattr(self, key) for key in _PLAIN_TABLE_FIELDS},
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "z": self.z.tolist(),
            "original": None if self.original is None else self.original.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Table:
        """Raises KeyError, TypeError or ValueError on data that `to_dict` did not write."""
        z = np.asarray(data["z"], dtype=np.float64)
        x, y = np.asarray(data["x"], dtype=np.float64), np.asarray(data["y"], dtype=np.float64)
        if z.ndim != 2 or z.shape != (y.size, x.size):
            raise ValueError("table shape and axes disagree")
        original = data["original"]
        return cls(
            x=x,
            y=y,
            z=z,
            original=None if original is None else np.asarray(original, dtype=np.float64),
            **{key: data[key] for key in _PLAIN_TABLE_FIELDS},
        )


_PLAIN_TABLE_FIELDS: Final = (
    "role",
    "name",
    "units",
    "x_units",
    "y_units",
    "x_name",
    "y_name",
    "load",
    "enabled",
    "secondary",
    "original_units",
    "declared_units",
    "minimum",
    "maximum",
)


@dataclass(frozen=True)
class Scalar:
    """One number, choice or switch; `value` is a float (converted to `units`) or the chosen word."""

    role: str
    name: str
    value: float | str
    units: str = ""

    @property
    def number(self) -> float | None:
        return self.value if isinstance(self.value, float) else None

    @property
    def on(self) -> bool | None:
        """A choice as a switch; None where the word is neither clearly on nor off."""
        if isinstance(self.value, float):
            return self.value != 0.0
        word = self.value.strip().lower()
        if word in OFF_WORDS:
            return False
        return None if word == "" else True


OFF_WORDS: Final = frozenset(
    {"off", "no", "false", "disabled", "disable", "none", "0", "inactive", "not used"}
)


@dataclass(frozen=True)
class Defect:
    """Something wrong with the file itself that parsing met; group A and B rules turn it into findings."""

    code: str
    message: str
    table: str = ""
    scalar: str = ""
    severity: str = "critical"


@dataclass(frozen=True)
class ImageFacts:
    """What a binary image says beyond its tables; empty for text tunes."""

    size: int = 0
    expected_size: int | None = None
    checksum_ok: bool | None = None  # None: the definition does not say how
    checksum_text: str = ""
    identifiers: tuple[str, ...] = ()  # calibration ids read where the definition says
    vins: tuple[str, ...] = ()
    expected_identifier: str = ""  # what the definition says must stand at the id's address
    title_words: tuple[str, ...] = ()  # id-like words of the definition's title that the image lacks
    outside: tuple[int, ...] = ()  # a CRC of each block of bytes, tables and checksums left out
    strings: tuple[str, ...] = ()  # printable words that look like part or calibration numbers

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImageFacts:
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)


@dataclass(frozen=True)
class CalibrationMap:
    """A tune as the rules see it. Keys of `tables` are the role, then role.2, role.3 for further tables."""

    family: str
    format: str
    signature: str
    sha256: str
    size: int
    calibration_id: str = ""
    firmware: str = ""
    encoding: str = ""
    tables: Mapping[str, Table] = field(default_factory=dict)
    scalars: Mapping[str, Scalar] = field(default_factory=dict)
    switches: Mapping[str, str] = field(default_factory=dict)  # every choice by source name, for protections
    numbers: Mapping[str, float] = field(default_factory=dict)  # numbers whose change matters by source name
    unused: tuple[str, ...] = ()  # tables of features that are switched off
    missing: tuple[str, ...] = ()  # main tables that the family should have
    warnings: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()
    out_of_range: tuple[tuple[str, float, float, float], ...] = ()  # name, value, min, max of the definition
    image: ImageFacts | None = None

    def number(self, role: str) -> float | None:
        scalar = self.scalars.get(role)
        return None if scalar is None else scalar.number

    def on(self, role: str) -> bool | None:
        scalar = self.scalars.get(role)
        return None if scalar is None else scalar.on

    def of_role(self, role: str) -> Iterator[tuple[str, Table]]:
        """Every table of this role that is not switched off, the main one first."""
        for key, table in self.tables.items():
            if table.role == role and table.enabled is not False:
                yield key, table

    def main(self, role: str) -> Table | None:
        return next((table for _, table in self.of_role(role)), None)

    def identity(self) -> dict[str, Any]:
        return {
            "sha256": self.sha256,
            "family": self.family,
            "signature": self.signature,
            "calibration_id": self.calibration_id,
            "format": self.format,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, so that a map can cross the border of the limited process."""
        return {
            **{key: getattr(self, key) for key in _PLAIN_MAP_FIELDS},
            **{key: list(getattr(self, key)) for key in ("unused", "missing", "warnings")},
            "tables": {key: table.to_dict() for key, table in self.tables.items()},
            "scalars": {key: [s.role, s.name, s.value, s.units] for key, s in self.scalars.items()},
            "switches": dict(self.switches),
            "numbers": dict(self.numbers),
            "defects": [[d.code, d.message, d.table, d.scalar, d.severity] for d in self.defects],
            "out_of_range": [list(entry) for entry in self.out_of_range],
            "image": None if self.image is None else self.image.__dict__,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CalibrationMap:
        """Raises KeyError, TypeError or ValueError on data that `to_dict` did not write."""
        image = data["image"]
        return cls(
            **{key: data[key] for key in _PLAIN_MAP_FIELDS},
            unused=tuple(data["unused"]),
            missing=tuple(data["missing"]),
            warnings=tuple(data["warnings"]),
            tables={key: Table.from_dict(value) for key, value in data["tables"].items()},
            scalars={key: Scalar(*value) for key, value in data["scalars"].items()},
            switches=dict(data["switches"]),
            numbers=dict(data["numbers"]),
            defects=tuple(Defect(*value) for value in data["defects"]),
            out_of_range=tuple((str(n), float(v), float(a), float(b)) for n, v, a, b in data["out_of_range"]),
            image=None if image is None else ImageFacts.from_dict(image),
        )


_PLAIN_MAP_FIELDS: Final = (
    "family",
    "format",
    "signature",
    "sha256",
    "size",
    "calibration_id",
    "firmware",
    "encoding",
)
