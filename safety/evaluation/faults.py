"""Faults that are put into good tunes. Each is drawn anew: region, size and way differ from file to file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.vehicle import STOICH, VehicleProfile

if TYPE_CHECKING:
    from safety.calibration import Array, Table
    from safety.diff import Mask
    from safety.evaluation.editing import Editor


@dataclass(frozen=True)
class Fault:
    """A spoilt tune. Attributed means: a high or critical finding of one of `groups` on one of `targets`."""

    data: bytes
    vehicle: VehicleProfile
    targets: frozenset[str]
    groups: frozenset[str]


@dataclass(frozen=True)
class Case:
    """What an injector works on."""

    editor: Editor
    vehicle: VehicleProfile
    rng: np.random.Generator

    def table(self, role: str) -> Table | None:
        return self.editor.map.main(role)

    def done(self, targets: set[str], groups: str, vehicle: VehicleProfile | None = None) -> Fault:
        return Fault(self.editor.data(), vehicle or self.vehicle, frozenset(targets), frozenset(groups))


Injector = Callable[[Case], Fault | None]


def _region(case: Case, table: Table, *, low: bool = False) -> Mask:
    """A block of cells under load: a share of the load axis at the top, or with `low` a band below 85 %."""
    top = min(float(table.y.max()), 300.0)
    start = case.rng.uniform(0.7, 0.9)
    rows = table.y >= start * top
    if low and table.load == "kpa":
        rows = (table.y >= 0.55 * top) & (table.y <= 0.85 * top)
    if rows.sum() < 2:
        rows = np.zeros(table.y.size, dtype=bool)
        rows[-2:] = True
    first = case.rng.uniform(0.2, 0.45) * float(table.x.max())
    cols = table.x >= first
    if case.rng.random() < 0.3:
        cols &= table.x <= case.rng.uniform(0.75, 1.0) * float(table.x.max())
    return np.outer(rows, cols).astype(np.bool_)


def _written(table: Table) -> Array:
    return table.z.copy() if table.original is None else table.original.copy()


def _scale(table: Table) -> float:
    """Lambda to the numbers of the file."""
    return 1.0 if table.original is None else float(np.median(table.original / table.z))


def _put(case: Case, table: Table, values: Array) -> None:
    shape = case.editor.array(table.name).shape
    scale = 1000.0 if table.role == "dwell" and float(case.editor.array(table.name).max()) > 100 else 1.0
    case.editor.set_array(table.name, (values * scale).reshape(shape))


def lean_wot(case: Case) -> Fault | None:
    table = case.table("target_lambda")
    if table is None:
        return None
    mask, z = _region(case, table), _written(table)
    if case.rng.random() < 0.5:
        z[mask] = case.rng.uniform(1.0, 1.08) * _scale(table)
    else:
        z[mask] *= case.rng.uniform(1.13, 1.22)
    _put(case, table, z)
    return case.done({"target_lambda"}, "BC")


def _times_ve(case: Case, factor: float, *, low: bool = False) -> Fault | None:
    table = case.table("ve")
    if table is None:
        return None
    mask, z = _region(case, table, low=low), table.z.copy()
    z[mask] *= factor
    _put(case, table, z)
    return case.done({"ve"}, "BC")


def ve_cut(case: Case) -> Fault | None:
    return _times_ve(case, case.rng.uniform(0.75, 0.82))


def _advance(case: Case, degrees: float, *, low: bool = False) -> Fault | None:
    table = case.table("ignition")
    if table is None:
        return None
    mask, z = _region(case, table, low=low), table.z.copy()
    z[mask] += degrees
    _put(case, table, z)
    return case.done({"ignition"}, "BC")


def advance_8(case: Case) -> Fault | None:
    return _advance(case, 8.0)


def advance_20(case: Case) -> Fault | None:
    return _advance(case, 20.0)


def _scalar(case: Case, role: str, change: Callable[[float], float], groups: str) -> Fault | None:
    scalar = case.editor.map.scalars.get(role)
    if scalar is None or scalar.number is None:
        return None
    case.editor.set_number(scalar.name, change(case.editor.number(scalar.name)))
    return case.done({role}, groups)


def rev_2000(case: Case) -> Fault | None:
    return _scalar(case, "rev_limit", lambda old: old + 2000, "D")


def _spike(case: Case, role: str, size: float) -> Fault | None:
    table = case.table(role)
    if table is None or min(table.shape) < 6:
        return None
    z = table.z.copy()
    row, col = (int(case.rng.integers(0, n)) for n in z.shape)
    z[row, col] = max(1.0, z[row, col] + size) if role == "ve" else z[row, col] + size
    if abs(z[row, col] - table.z[row, col]) < 0.8 * abs(size):
        return None
    _put(case, table, z)
    return case.done({role}, "BC")


def spike_ve(case: Case) -> Fault | None:
    return _spike(case, "ve", -case.rng.uniform(20, 35))


def spike_ignition(case: Case) -> Fault | None:
    return _spike(case, "ignition", case.rng.uniform(12, 22))


def transposed(case: Case) -> Fault | None:
    role = str(case.rng.choice(["ve", "ignition", "target_lambda"]))
    table = case.table(role)
    if table is None or table.shape[0] != table.shape[1]:
        return None
    z = _written(table)
    if float(np.mean(np.abs(z - z.T))) < 0.02 * float(np.mean(np.abs(z))):
        return None  # turning it changes nothing
    _put(case, table, z.T)
    return case.done({role}, "BC")


def injector(case: Case) -> Fault | None:
    factor = case.rng.uniform(1.25, 1.45)
    if "required_fuel" in case.editor.map.scalars:
        return _scalar(case, "required_fuel", lambda old: old / factor, "D")
    return _scalar(case, "injector_flow", lambda old: old * factor, "D")


_GUARDS: Final = (
    ("protection", "Off"), ("rev_cut_fuel", "no"), ("rev_cut_spark", "no"), ("boost_cut", "Off"),
    ("dwell_protection", "Off"),
)  # fmt: skip


def protection_off(case: Case) -> Fault | None:
    guards = [(role, off) for role, off in _GUARDS if case.editor.map.on(role)]
    if not guards:
        return None
    chosen = guards if case.rng.random() < 0.5 else [guards[0]]
    for role, off in chosen:
        case.editor.set_word(case.editor.map.scalars[role].name, off)
    return case.done({role for role, _ in chosen} | {"boost_limit"}, "D")


def wrong_cylinders(case: Case) -> Fault | None:
    cylinders = case.vehicle.cylinders
    if "cylinders" not in case.editor.map.scalars or not cylinders:
        return None
    other = int(case.rng.choice([n for n in (1, 2, 3, 4, 6, 8) if n != cylinders]))
    return _scalar(case, "cylinders", lambda _: float(other), "E")


def wrong_fuel(case: Case) -> Fault | None:
    """Either the tune's ratio changes, or the vehicle turns out to run on another fuel."""
    scalar = case.editor.map.scalars.get("stoich")
    if scalar is None:
        return None
    ethanol = case.vehicle.fuel_class == "e85"
    if case.rng.random() < 0.5:
        vehicle = replace(case.vehicle, fuel="petrol" if ethanol else "e85")
        return case.done({"stoich"}, "E", vehicle)
    case.editor.set_number(scalar.name, STOICH["petrol"] if ethanol else STOICH["e85"])
    return case.done({"stoich"}, "E")


def wrong_ecu(case: Case) -> Fault | None:
    names = {"speeduino": "rusEFI main.2024.10.01.proteus_f7.99", "rusefi": "speeduino 202310"}
    other = str(
        case.rng.choice([names.get(case.editor.map.family, "MS3 Format 0262.09"), "MS2Extra comms342h2"])
    )
    case.editor.set_signature(other)
    return case.done({"ecu_id"}, "A")


def _axis_table(case: Case) -> Table | None:
    return case.table(str(case.rng.choice(["ve", "ignition", "target_lambda"])))


def axis_falls(case: Case) -> Fault | None:
    """Two neighbours exchanged, or the whole axis reversed."""
    table = _axis_table(case)
    if table is None:
        return None
    name = table.x_name if case.rng.random() < 0.5 else table.y_name
    axis = case.editor.array(name)
    flat = axis.reshape(-1).copy()
    if case.rng.random() < 0.3:
        flat = flat[::-1].copy()
    else:
        at = int(case.rng.integers(0, flat.size - 2))
        if flat[at] == flat[at + 1]:
            return None
        flat[[at, at + 1]] = flat[[at + 1, at]]
    case.editor.set_array(name, flat.reshape(axis.shape))
    return case.done({table.role}, "BC")


def axis_flat(case: Case) -> Fault | None:
    table = _axis_table(case)
    if table is None:
        return None
    name = table.x_name if case.rng.random() < 0.5 else table.y_name
    axis = case.editor.array(name)
    flat = axis.reshape(-1).copy()
    start = 0 if case.rng.random() < 0.6 else flat.size // 2
    flat[start:] = float(case.rng.choice([flat[-1], flat.max(), 510.0 if name == table.y_name else 25500.0]))
    case.editor.set_array(name, flat.reshape(axis.shape))
    return case.done({table.role}, "AB")


def blank_page(case: Case) -> Fault | None:
    table = _axis_table(case)
    if table is None:
        return None
    full = {"ve": 255.0, "ignition": 215.0, "target_lambda": 25.5 if table.original is not None else 1.74}
    value = full[table.role] if case.rng.random() < 0.7 else 0.0
    z = np.full(table.shape, value)
    _put(case, table, z)
    if case.rng.random() < 0.5:
        case.editor.set_array(table.x_name, np.full_like(case.editor.array(table.x_name), 25500.0))
        case.editor.set_array(table.y_name, np.full_like(case.editor.array(table.y_name), 510.0))
    return case.done({table.role}, "AB")


def truncated(case: Case) -> Fault | None:
    data = case.editor.data()
    end = int(len(data) * case.rng.uniform(0.2, 0.97))
    return Fault(data[:end], case.vehicle, frozenset({""}), frozenset("A"))


def unit_swap(case: Case) -> Fault | None:
    table = case.table("target_lambda")
    if table is None:
        return None
    z = table.z / 1.0 if table.original is not None else table.z * STOICH[case.vehicle.fuel_class or "petrol"]
    _put(case, table, z)
    return case.done({"target_lambda"}, "BC")


def dwell(case: Case) -> Fault | None:
    factor = case.rng.uniform(1.9, 2.2)
    if "dwell" in case.editor.map.scalars:
        return _scalar(case, "dwell", lambda old: old * factor, "D")
    table = case.editor.map.main("dwell")
    if table is None:
        return None
    _put(case, table, table.z * factor)
    return case.done({"dwell"}, "D")


def fan(case: Case) -> Fault | None:
    value = float(case.rng.choice([199.0, 201.0, 130.0, 120.0]))
    return _scalar(case, "fan_on", lambda _: value, "D")


def boost_cut(case: Case) -> Fault | None:
    if not case.vehicle.boosted:
        return None
    more = float(case.rng.choice([50.0, 80.0, 120.0]))
    return _scalar(case, "boost_limit", lambda old: old + more, "D")


PLAIN: Final[Mapping[str, Injector]] = {
    "lean full-load target": lean_wot,
    "VE cut at load": ve_cut,
    "+8 deg at load": advance_8,
    "+20 deg at load": advance_20,
    "rev limit +2000": rev_2000,
    "VE spike": spike_ve,
    "ignition spike": spike_ignition,
    "transposed table": transposed,
    "injector or required fuel": injector,
    "protection off": protection_off,
    "wrong cylinders": wrong_cylinders,
    "wrong fuel": wrong_fuel,
    "wrong ECU id": wrong_ecu,
    "axis not ascending": axis_falls,
    "flat axis": axis_flat,
    "blank page": blank_page,
    "truncated file": truncated,
    "AFR and lambda swapped": unit_swap,
    "dwell": dwell,
    "fan threshold": fan,
    "boost cut raised": boost_cut,
}


def _lean(case: Case, *, low: bool) -> Fault | None:
    table = case.table("target_lambda")
    if table is None:
        return None
    mask, z = _region(case, table, low=low), _written(table)
    z[mask] *= 1.06
    _put(case, table, z)
    return case.done({"target_lambda"}, "BC")


def _injector_small(case: Case) -> Fault | None:
    factor = 1.12 if case.rng.random() < 0.5 else 1 / 1.12
    if "required_fuel" in case.editor.map.scalars:
        return _scalar(case, "required_fuel", lambda old: old * factor, "D")
    return _scalar(case, "injector_flow", lambda old: old * factor, "D")


SMALL: Final[Mapping[str, Injector]] = {
    "+5 deg": lambda case: _advance(case, 5.0),
    "+5 deg below 85 % load": lambda case: _advance(case, 5.0, low=True),
    "VE -9 %": lambda case: _times_ve(case, 0.91),
    "VE -9 % below 85 % load": lambda case: _times_ve(case, 0.91, low=True),
    "lean 6 %": lambda case: _lean(case, low=False),
    "lean 6 % below 85 % load": lambda case: _lean(case, low=True),
    "rev limit +700": lambda case: _scalar(case, "rev_limit", lambda old: old + 700, "D"),
    "injector 12 %": _injector_small,
    "small VE spike": lambda case: _spike(
        case, "ve", float(case.rng.choice([-1, 1]) * case.rng.uniform(10, 16))
    ),
    "small ignition spike": lambda case: _spike(case, "ignition", case.rng.uniform(5.5, 9)),
}
