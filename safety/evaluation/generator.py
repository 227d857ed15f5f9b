"""Our own tunes (CC0) where no third-party ones are at hand: motorcycles and cars, Speeduino and rusEFI names.

They are for the evaluation only. A learned model must never be validated on generated tunes; nothing
here is learned, and the figures of real files are told apart from those of generated ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsFloat
from xml.sax.saxutils import escape

import numpy as np

from safety.vehicle import STOICH, VehicleProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safety.calibration import Array


@dataclass(frozen=True)
class Sample:
    """A good tune with the vehicle that it is for; `real` marks third-party files."""

    name: str
    data: bytes
    vehicle: VehicleProfile
    real: bool = False


@dataclass(frozen=True)
class _Engine:
    vehicle: VehicleProfile
    rpm: Array
    load: Array
    boost: float
    redline: float


def _engine(rng: np.random.Generator, family: str) -> _Engine:
    bike = bool(rng.random() < 0.5)
    turbo = bool(rng.random() < (0.15 if bike else 0.45))
    fuel = str(rng.choice(["petrol", "petrol", "petrol", "e85"]))
    cylinders = int(rng.choice([1, 2, 3, 4] if bike else [3, 4, 5, 6, 8]))
    redline = float(rng.integers(65, 135) * 100 if bike else rng.integers(50, 86) * 100)
    boost = float(rng.integers(13, 26) * 10) if turbo else 100.0
    per = float(rng.uniform(150, 320) if bike else rng.uniform(350, 650))
    vehicle = VehicleProfile(
        kind="motorcycle" if bike else "car",
        cylinders=cylinders,
        displacement_cc=round(per * cylinders),
        stroke=4,
        aspiration="turbo" if turbo else "na",
        fuel=fuel,
        redline_rpm=redline,
        ecu_family=family,
    )
    rpm = np.round(np.linspace(rng.integers(5, 9) * 100, redline * rng.uniform(0.97, 1.04), 16), -2)
    if rng.random() < 0.3:
        rpm[-1] = rpm[-2]  # a habit of published tunes
    top = boost * rng.uniform(1.0, 1.15) if turbo else rng.choice([100.0, 100.0, 105.0, 110.0])
    load = np.round(np.linspace(rng.integers(8, 16) * 2, top, 16) / 2) * 2
    return _Engine(vehicle, rpm, load, boost, redline)


def _ve(rng: np.random.Generator, engine: _Engine) -> Array:
    speed, load = engine.rpm / engine.redline, engine.load / 100.0
    peak = rng.uniform(0.5, 0.8)
    shape = 1.0 - rng.uniform(0.5, 0.9) * (speed - peak) ** 2
    shape = shape + rng.uniform(-0.05, 0.05) * np.sin(speed * rng.uniform(6, 12))
    rise = rng.uniform(0.45, 0.65) + (1 - 0.55) * np.minimum(load, 1.6) ** rng.uniform(0.7, 1.1)
    z = rng.uniform(72, 96) * np.outer(rise, shape)
    z = z + rng.normal(0, 0.6, z.shape)  # hand-made tunes are not smooth
    return np.clip(np.asarray(z), 20, 200)


def _ignition(rng: np.random.Generator, engine: _Engine) -> Array:
    speed, load = engine.rpm / engine.redline, engine.load
    at_full = rng.uniform(22, 30)
    rising = at_full * (0.45 + 0.55 * np.clip(speed / rng.uniform(0.3, 0.5), 0, 1))
    low = rng.uniform(6, 14) * np.clip((100.0 - load) / 70.0, 0, 1)
    boosted = -rng.uniform(0.07, 0.11) * np.clip(load - 100.0, 0, None)
    z = rising[None, :] + (low + boosted)[:, None]
    z[:, 0] = rng.uniform(9, 14)  # the idle column stands apart
    if engine.vehicle.fuel_class == "e85":
        z[:, 1:] += 3
    z += rng.normal(0, 0.35, z.shape)
    if rng.random() < 0.15:
        z[0:2, -5:] -= rng.uniform(4, 14)  # overrun
    return np.clip(z, -12, 46)


def _targets(rng: np.random.Generator, engine: _Engine) -> Array:
    """Lambda."""
    full, cruise = rng.uniform(0.85, 0.91), rng.uniform(0.98, 1.03)
    most = rng.uniform(0.76, 0.82)
    loads = [20.0, rng.uniform(55, 70), 97.0, 150.0, 250.0]
    row = np.interp(engine.load, loads, [cruise, cruise, full, (full + most) / 2 - 0.01, most])
    z = np.repeat(row[:, None], 16, axis=1)
    return np.asarray(z - 0.015 * np.clip(engine.rpm / engine.redline - 0.6, 0, None)[None, :])


class _Writer:
    """Lines of one page."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def number(self, name: str, value: SupportsFloat, digits: int = 1) -> None:
        shown = round(float(value), digits)
        self.lines.append(f'<constant digits="{digits}" name="{name}">{shown}</constant>')

    def word(self, name: str, value: str) -> None:
        self.lines.append(f'<constant name="{name}">"{escape(value)}"</constant>')

    def array(self, name: str, values: Array, digits: int, units: str) -> None:
        grid = np.atleast_2d(values) if values.ndim == 2 else values[:, None]
        rows = "\n".join(" ".join(str(round(float(cell), digits)) for cell in row) for row in grid)
        self.lines.append(
            f'<constant cols="{grid.shape[1]}" rows="{grid.shape[0]}" digits="{digits}" name="{name}"'
            f' units="{units}">\n{rows}\n</constant>'
        )

    def document(self, signature: str, firmware: str) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<msq xmlns="http://www.msefi.com/:msq">\n'
            f'<versionInfo fileFormat="5.0" firmwareInfo="{firmware}" nPages="1" signature="{signature}"/>\n'
            '<page number="0">\n' + "\n".join(self.lines) + "\n</page>\n</msq>\n"
        ).encode()


def _speeduino(rng: np.random.Generator, engine: _Engine) -> bytes:
    vehicle, write = engine.vehicle, _Writer()
    stoich = STOICH[vehicle.fuel_class or "petrol"]
    turbo = bool(vehicle.boosted)
    for name, word in (
        ("nCylinders", str(vehicle.cylinders)), ("nInjectors", str(vehicle.cylinders)),
        ("twoStroke", "Four-stroke"), ("algorithm", "MAP"), ("ignAlgorithm", "MAP"), ("multiplyMAP", "Fixed"),
        ("useDwellLim", "On"), ("fanEnable", "On/Off"), ("engineProtectType", "Both"), ("knock_mode", "Off"),
        ("boostEnabled", "On" if turbo else "Off"), ("boostCutEnabled", "On" if turbo else "Off"),
        ("afrProtectEnabled", str(rng.choice(["Off", "Fixed mode"]))), ("oilPressureProtEnbl", "Off"),
        ("TrigPattern", "Missing Tooth"), ("egoType", "Wide Band"), ("n2o_enable", "Off"),
        ("fuel2Mode", "Off"), ("spark2Mode", "Off"),
    ):  # fmt: skip
        write.word(name, word)
    write.number("reqFuel", rng.uniform(4.5, 12))
    write.number("injOpen", rng.uniform(0.6, 1.1))
    write.number("stoich", stoich)
    write.number("hardRevLim", round(engine.redline * rng.uniform(0.97, 1.01), -2), 0)
    write.number("SoftRevLim", round(engine.redline * 0.95, -2), 0)
    write.number("dwellrun", rng.uniform(2.2, 3.6))
    write.number("dwellLim", 8)
    write.number("fanSP", rng.integers(86, 101), 0)
    write.number("boostLimit", round(engine.boost * 1.08 + 8) if turbo else 200, 0)
    write.number("mapMax", 260 if engine.boost < 225 else 400, 0)
    write.number("TrigAng", rng.integers(0, 360), 0)
    for z, x, y, values, digits, units in (
        ("veTable", "rpmBins", "fuelLoadBins", _ve(rng, engine), 0, "%"),
        ("advTable1", "rpmBins2", "mapBins1", _ignition(rng, engine), 0, "deg"),
        ("afrTable", "rpmBinsAFR", "loadBinsAFR", _targets(rng, engine) * stoich, 1, "AFR"),
    ):
        write.array(z, np.round(values, digits), digits, units)
        write.array(x, engine.rpm, 0, "RPM")
        write.array(y, engine.load, 0, "kPa")
    write.array("veTable2", np.full((16, 16), 255.0), 0, "%")
    write.array("fuelRPM2Bins", np.full(16, 25500.0), 0, "RPM")
    write.array("fuelLoad2Bins", np.full(16, 510.0), 0, "kPa")
    return write.document("speeduino 202305", "Speeduino+2023.05")


def _rusefi(rng: np.random.Generator, engine: _Engine) -> bytes:
    vehicle, write = engine.vehicle, _Writer()
    turbo = bool(vehicle.boosted)
    for name, word in (
        ("twoStroke", "Four Stroke"), ("fuelAlgorithm", "Speed Density"), ("cutFuelOnHardLimit", "yes"),
        ("cutSparkOnHardLimit", "yes"), ("isBoostControlEnabled", "true" if turbo else "false"),
        ("boostType", "Open Loop"), ("lambdaProtectionEnable", str(rng.choice(["true", "false"]))),
        ("enableSoftwareKnock", "false"), ("launchControlEnabled", "false"), ("antiLagEnabled", "false"),
        ("nitrousControlEnabled", "false"), ("trigger_type", "60-2"), ("injectorFlowAsMassFlow", "cc/min"),
    ):  # fmt: skip
        write.word(name, word)
    write.number("cylindersCount", float(vehicle.cylinders or 4))
    write.number("displacement", (vehicle.displacement_cc or 1000.0) / 1000.0, 3)
    write.number("stoichRatioPrimary", STOICH[vehicle.fuel_class or "petrol"])
    write.number("injector_flow", rng.integers(18, 70) * 10, 0)
    write.number("rpmHardLimit", round(engine.redline * rng.uniform(0.97, 1.01), -2), 0)
    write.number("fanOnTemperature", rng.integers(86, 101), 0)
    write.number("boostCutPressure", round(engine.boost * 1.08 + 8) if turbo else 300, 0)
    write.number("globalTriggerAngleOffset", rng.integers(0, 360), 0)
    write.array("sparkDwellValues", np.round(np.linspace(4.0, rng.uniform(2.4, 3.2), 8), 2), 2, "ms")
    write.array("sparkDwellRpmBins", np.linspace(0, 7000, 8), 0, "RPM")
    write.array("cltIdleRpmBins", np.linspace(-30, 120, 16), 0, "C")
    write.array("cltIdleRpm", np.round(np.linspace(1700, 1000, 16), -1), 0, "RPM")
    for z, x, y, values, digits, units in (
        ("veTable", "veRpmBins", "veLoadBins", _ve(rng, engine), 1, "%"),
        ("ignitionTable", "ignitionRpmBins", "ignitionLoadBins", _ignition(rng, engine), 1, "deg"),
        ("lambdaTable", "lambdaRpmBins", "lambdaLoadBins", _targets(rng, engine), 3, "lambda"),
    ):
        write.array(z, np.round(values, digits), digits, units)
        write.array(x, engine.rpm, 0, "RPM")
        write.array(y, engine.load, 0, "kPa")
    return write.document("rusEFI main.2025.06.15.uaefi.123", "20250610")


def generate(count: int, seed: int) -> Sequence[Sample]:
    """`count` good tunes, alternating between the two families."""
    samples = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        family = "speeduino" if index % 2 == 0 else "rusefi"
        engine = _engine(rng, family)
        data = (_speeduino if family == "speeduino" else _rusefi)(rng, engine)
        samples.append(Sample(f"generated_{index}_{family}.msq", data, engine.vehicle))
    return samples
