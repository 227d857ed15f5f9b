"""The vehicle catalogue as the project's own data files, read and checked.

A folder holds `types.yaml`, `brands.yaml` and any number of `models/*.yaml`, one for each brand, or for a part of it.
A model file names its brand, defaults for its entries and the entries; an entry's own value, also null, wins over
the default. What nobody is sure of is left out, and then reads as None here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from garage.catalogue_fields import (
    ASPIRATIONS,
    COOLINGS,
    FUELS,
    Entry,
    Problem,
    choice,
    code,
    code_list,
    country,
    decimal,
    maybe_text,
    text,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from pathlib import Path

DEFAULTS_ALLOWED: Final = frozenset({"type", "engine"})
_COMBUSTION_ONLY: Final = (
    "displacement_cc",
    "cylinders",
    "stroke",
    "aspiration",
    "redline_rpm",
    "compression",
)


class CatalogueError(ValueError):
    """Every mistake that was found, each with its file, entry and field."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class VehicleType:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Brand:
    """country: ISO 3166-1 alpha-2. wmi: first three characters of the brand's VINs, as far as known."""

    code: str
    name: str
    country: str
    wmi: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """Units stand in the names; compression is x in x:1. A rotary engine has no cylinders and no stroke."""

    fuel: str | None
    displacement_cc: float | None
    cylinders: int | None
    stroke: int | None
    aspiration: str | None
    cooling: str | None
    compression: float | None
    redline_rpm: int | None
    power_kw: float | None
    torque_nm: float | None


@dataclass(frozen=True, slots=True)
class Ecu:
    maker: str | None
    family: str | None


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """brand and type are codes of this catalogue. year_to None: still made."""

    code: str
    brand: str
    name: str
    generation: str | None
    type: str
    year_from: int
    year_to: int | None
    engine: Engine
    ecu: Ecu


@dataclass(frozen=True, slots=True)
class Catalogue:
    """digest: SHA-256 over all files, a version key that changes with any byte of them."""

    types: tuple[VehicleType, ...]
    brands: tuple[Brand, ...]
    models: tuple[VehicleModel, ...]
    digest: str


def load_catalogue(path: Path) -> Catalogue:
    """Read the folder, in the order of file names.

    Raises CatalogueError with every mistake at once; a catalogue that loads is whole.
    """
    problems: list[Problem] = []
    digest = hashlib.sha256()
    types = _types(_read(path, "types.yaml", digest, problems), problems)
    brands = _brands(_read(path, "brands.yaml", digest, problems), problems)
    names = [file.relative_to(path).as_posix() for file in sorted(path.glob("models/*.yaml"))]
    if not names:
        problems.append(Problem("models", "", "", "holds no model file"))
    known = _Known(frozenset(item.code for item in types), frozenset(item.code for item in brands))
    models = [
        model for name in names for model in _models(_read(path, name, digest, problems), known, problems)
    ]
    if problems:
        raise CatalogueError(problems)
    return Catalogue(tuple(types), tuple(brands), tuple(models), digest.hexdigest())


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: dict[str, Any]

    def rows(self, key: str, problems: list[Problem]) -> Iterable[Entry]:
        rows = self.content.get(key)
        if not isinstance(rows, list) or not rows:
            problems.append(Problem(self.name, "", key, "must be a list with at least one entry"))
            return
        for number, row in enumerate(rows, start=1):
            if isinstance(row, dict):
                label = row.get("code")
                yield Entry(self.name, label if isinstance(label, str) else f"entry {number}", row, problems)
            else:
                problems.append(Problem(self.name, f"entry {number}", "", "must be a mapping of fields"))


class _Known:
    """Codes that may be referred to, and those of models that are taken already."""

    def __init__(self, types: frozenset[str], brands: frozenset[str]) -> None:
        self.types = types
        self.brands = brands
        self.models: set[str] = set()


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice; YAML itself would keep the last silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} is written twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(folder: Path, name: str, digest: hashlib._Hash, problems: list[Problem]) -> _File:
    try:
        raw = (folder / name).read_bytes()
        content = yaml.load(raw, Loader=_Loader)  # noqa: S506 -- derived from SafeLoader
    except FileNotFoundError:
        problems.append(Problem(name, "", "", "is missing"))
        return _File(name, {})
    except yaml.YAMLError as error:
        problems.append(Problem(name, "", "", f"is no valid YAML: {_place(error)}"))
        return _File(name, {})
    digest.update(name.encode() + b"\0" + raw + b"\0")
    if not isinstance(content, dict):
        problems.append(Problem(name, "", "", "must be a mapping"))
        return _File(name, {})
    return _File(name, content)


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error)


def _types(file: _File, problems: list[Problem]) -> list[VehicleType]:
    found: dict[str, VehicleType] = {}
    for entry in file.rows("types", problems):
        item = VehicleType(code=code(entry, "code", taken=found), name=text(entry, "name"))
        entry.only("code", "name")
        found[item.code] = item
    return list(found.values())


def _brands(file: _File, problems: list[Problem]) -> list[Brand]:
    found: dict[str, Brand] = {}
    for entry in file.rows("brands", problems):
        item = Brand(
            code=code(entry, "code", taken=found),
            name=text(entry, "name"),
            country=country(entry, "country"),
            wmi=code_list(entry, "wmi", re.compile(r"[A-HJ-NPR-Z0-9]{3}")),
        )
        entry.only("code", "name", "country", "wmi")
        found[item.code] = item
    return list(found.values())


def _models(file: _File, known: _Known, problems: list[Problem]) -> Iterable[VehicleModel]:
    if not file.content:
        return
    brand = file.content.get("brand")
    if brand not in known.brands:
        problems.append(Problem(file.name, "", "brand", f"{brand!r} is not in brands.yaml"))
    defaults = file.content.get("defaults", {})
    if not isinstance(defaults, dict) or set(defaults) - DEFAULTS_ALLOWED:
        problems.append(Problem(file.name, "", "defaults", "may hold only type and engine"))
        defaults = {}
    for entry in file.rows("models", problems):
        yield _model(entry, str(brand), defaults, known)


def _model(entry: Entry, brand: str, defaults: dict[str, Any], known: _Known) -> VehicleModel:
    entry.fill("type", defaults.get("type"))
    model = VehicleModel(
        code=code(entry, "code", taken=known.models),
        brand=brand,
        name=text(entry, "name"),
        generation=maybe_text(entry, "generation"),
        type=choice(entry, "type", known.types) or "",
        year_from=whole(entry, "year_from", 1885, 2100, required=True) or 0,
        year_to=whole(entry, "year_to", 1885, 2100),
        engine=_engine(entry, defaults.get("engine", {})),
        ecu=_ecu(entry),
    )
    entry.only("code", "name", "generation", "type", "year_from", "year_to", "engine", "ecu")
    if "year_to" not in entry.row:
        entry.wrong("year_to", "is missing; write null when it is still made")
    if model.year_to is not None and model.year_to < model.year_from:
        entry.wrong("year_to", f"{model.year_to} lies before year_from {model.year_from}")
    if model.code and not model.code.startswith(f"{brand}-"):
        entry.wrong("code", f"must start with {brand}-")
    known.models.add(model.code)
    return model


def _engine(entry: Entry, defaults: object) -> Engine:
    part = entry.part("engine")
    electric = part.row.get("fuel") == "electric"
    if isinstance(defaults, dict) and not electric:
        for key, value in defaults.items():
            part.fill(key, value)
    engine = Engine(
        fuel=choice(part, "fuel", FUELS),
        displacement_cc=decimal(part, "displacement_cc", 20, 9000),
        cylinders=whole(part, "cylinders", 1, 16),
        stroke=whole(part, "stroke", 2, 4),
        aspiration=choice(part, "aspiration", ASPIRATIONS, required=False),
        cooling=choice(part, "cooling", COOLINGS, required=False),
        compression=decimal(part, "compression", 5, 20),
        redline_rpm=whole(part, "redline_rpm", 1500, 20000),
        power_kw=decimal(part, "power_kw", 0.2, 1500),
        torque_nm=decimal(part, "torque_nm", 1, 3000),
    )
    part.only(*Engine.__slots__)
    if engine.stroke == 3:
        part.wrong("stroke", "must be 2 or 4")
    if electric:
        for key in _COMBUSTION_ONLY:
            if part.row.get(key) is not None:
                part.wrong(key, "makes no sense for an electric vehicle")
    return engine


def _ecu(entry: Entry) -> Ecu:
    part = entry.part("ecu")
    part.only("maker", "family")
    return Ecu(maker=maybe_text(part, "maker"), family=maybe_text(part, "family"))
