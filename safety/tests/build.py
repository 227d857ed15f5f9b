"""Maps built by hand, for tests of single rules: a plausible free-breathing bike and what may be changed in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from safety import engine
from safety.calibration import CalibrationMap, ImageFacts, Scalar, Table
from safety.vehicle import VehicleProfile

RPM = np.linspace(1000.0, 10000.0, 16)
LOAD = np.linspace(20.0, 100.0, 16)
VEHICLE = VehicleProfile(
    kind="motorcycle", cylinders=2, displacement_cc=800, stroke=4, aspiration="na", fuel="petrol", redline_rpm=10000,
    ecu_family="speeduino",
)  # fmt: skip
TURBO = replace(VEHICLE, aspiration="turbo")


def table(role: str, z, **more) -> Table:
    names = {
        "ve": "veTable",
        "ignition": "advTable1",
        "target_lambda": "afrTable",
        "boost_target": "boostTable",
    }
    given = {
        "name": names.get(role, role), "x": RPM, "y": LOAD, "x_name": f"{role}_x", "y_name": f"{role}_y", "load": "kpa",
    }  # fmt: skip
    return Table(role=role, z=np.asarray(z, dtype=float), **{**given, **more})


def ve():
    return np.round(45 + 0.3 * LOAD[:, None] + 12 * np.sin(RPM / 10000 * 2.6)[None, :])


def ignition():
    return np.round(34 - 0.16 * (LOAD[:, None] - 20) - 8 * (RPM < 2000)[None, :])


def targets():
    return np.repeat(np.interp(LOAD, [20, 60, 97], [1.0, 1.0, 0.88])[:, None], 16, axis=1)


def scalar(role: str, value, name: str = "") -> Scalar:
    return Scalar(role, name or role, float(value) if isinstance(value, int | float) else value)


SCALARS = {
    role: scalar(role, value)
    for role, value in {
        "rev_limit": 10000, "soft_rev_limit": 9700, "cylinders": 2, "stroke": "Four-stroke", "stoich": 14.7,
        "required_fuel": 6.0, "injector_dead_time": 0.8, "dwell": 3.0, "fan_on": 95, "fan": "On/Off",
        "boost_control": "Off", "boost_limit": 200, "protection": "Both", "nitrous": "Off", "trigger": "36-1",
        "trigger_angle": 60, "fuel_model": "Fixed", "map_sensor_max": 250,
    }.items()
}  # fmt: skip


def tune(tables=None, scalars=None, drop=(), **more) -> CalibrationMap:
    """The bike's tune; `tables` and `scalars` replace or add by key, `drop` leaves out."""
    all_tables = {"ve": table("ve", ve()), "ignition": table("ignition", ignition())}
    all_tables["target_lambda"] = table(
        "target_lambda",
        targets(),
        original=targets() * 14.7,
        original_units="afr",
        declared_units="afr",
        units="lambda",
    )
    all_tables |= tables or {}
    all_scalars = SCALARS | {role: scalar(role, value) for role, value in (scalars or {}).items()}
    for name in drop:
        all_tables.pop(name, None)
        all_scalars.pop(name, None)
    given = {
        "family": "speeduino", "format": "msq", "signature": "speeduino 202305", "firmware": "Speeduino",
        "calibration_id": "speeduino 202305", "sha256": "0" * 64, "size": 1000,
    }  # fmt: skip
    return CalibrationMap(tables=all_tables, scalars=all_scalars, **{**given, **more})


def changed(role: str, change) -> CalibrationMap:
    """The tune with one table's cells changed by a function of a copy."""
    start = tune().tables[role]
    z = start.z.copy()
    result = change(z)
    z = z if result is None else result
    original = None if start.original is None else z * 14.7
    return tune({role: replace(start, z=z, original=original)})


def image(**facts) -> CalibrationMap:
    base = {"size": 65536, "expected_size": 65536, "checksum_ok": True, "identifiers": ("RSYN0401",)}
    return tune(
        family="xdf",
        format="bin",
        signature="",
        calibration_id="RSYN0401",
        image=ImageFacts(**{**base, **facts}),
    )


def codes(report, least: int = 1) -> set[str]:
    return {finding.code for finding in report.findings if finding.rank >= least}


def severity(report, code: str) -> str | None:
    found = [finding for finding in report.findings if finding.code == code]
    return max(found, key=lambda finding: finding.rank).severity if found else None


def run(subject, vehicle=VEHICLE, base=None, **more):
    return engine.analyse(subject, vehicle, base, **more)
