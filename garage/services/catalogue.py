"""Bring the catalogue of the data files into the database: repeatable, and staff's own changes stay."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from garage.catalogue_data import Catalogue, load_catalogue
from garage.catalogue_data import VehicleModel as ModelData
from garage.models import VehicleBrand, VehicleModel, VehicleType

DATA = Path(__file__).resolve().parent.parent / "data" / "catalogue"
BATCH = 200


@dataclass(slots=True)
class Loaded:
    """Rows made, changed, left as they were, and left because staff had changed them."""

    made: int = 0
    changed: int = 0
    same: int = 0
    kept: int = 0

    @property
    def done(self) -> int:
        return self.made + self.changed + self.same + self.kept


Progress = Callable[[int, int], None]


def load(folder: Path = DATA, *, progress: Progress | None = None) -> Loaded:
    """Make the tables equal to the files; `progress(done, total)` is called on the way. Raises CatalogueError.

    Only rows that differ are written, so that repeating it makes no new version of the catalogue.
    """
    catalogue = load_catalogue(folder)
    total = len(catalogue.types) + len(catalogue.brands) + len(catalogue.models)
    result = Loaded()
    with transaction.atomic():
        for model, rows in _tables(catalogue):
            _bring(model, rows, result, lambda: progress and progress(result.done, total))
    return result


def _tables(catalogue: Catalogue) -> Iterable[tuple[type[Any], Mapping[str, dict[str, Any]]]]:
    """Parents first; each table's rows are worked out when its parents stand."""
    yield VehicleType, {item.code: {"name": item.name} for item in catalogue.types}
    yield (
        VehicleBrand,
        {
            item.code: {"name": item.name, "country": item.country, "wmi": list(item.wmi)}
            for item in catalogue.brands
        },
    )
    types = dict(VehicleType.objects.values_list("code", "pk"))
    brands = dict(VehicleBrand.objects.values_list("code", "pk"))
    yield VehicleModel, {item.code: _columns(item, brands, types) for item in catalogue.models}


def _columns(item: ModelData, brands: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    engine, ecu = item.engine, item.ecu
    return {
        "name": item.name,
        "brand_id": brands[item.brand],
        "vehicle_type_id": types[item.type],
        "generation": item.generation or "",
        "year_from": item.year_from,
        "year_to": item.year_to,
        "fuel_type": engine.fuel or "",
        "engine_displacement_cc": _decimal(engine.displacement_cc, 1),
        "engine_cylinders": engine.cylinders,
        "engine_stroke": engine.stroke,
        "engine_aspiration": engine.aspiration or "",
        "engine_cooling": engine.cooling or "",
        "engine_compression": _decimal(engine.compression, 2),
        "engine_redline_rpm": engine.redline_rpm,
        "engine_power_kw": _decimal(engine.power_kw, 2),
        "engine_torque_nm": _decimal(engine.torque_nm, 2),
        "ecu_maker": ecu.maker or "",
        "ecu_family": ecu.family or "",
    }


def _decimal(value: float | None, places: int) -> Decimal | None:
    return None if value is None else round(Decimal(str(value)), places)


def _bring(
    model: type[Any], rows: Mapping[str, dict[str, Any]], result: Loaded, tell: Callable[[], object]
) -> None:
    there = {row.code: row for row in model.objects.filter(code__in=rows)}
    new: list[Any] = []
    changed: list[Any] = []
    for code, columns in rows.items():
        row = there.get(code)
        if row is None:
            new.append(model(code=code, **columns))
        elif row.edited:
            result.kept += 1
        elif any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            changed.append(row)
        else:
            result.same += 1
    for start in range(0, len(new), BATCH):
        result.made += len(model.objects.bulk_create(new[start : start + BATCH]))
        tell()
    names = [name.removesuffix("_id") for name in next(iter(rows.values()))] if rows else []
    for start in range(0, len(changed), BATCH):
        result.changed += model.objects.bulk_update(changed[start : start + BATCH], names)
        tell()
    tell()
