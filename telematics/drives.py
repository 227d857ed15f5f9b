"""Believable drives, made by code: for the demo world, tests and measurements. The same seed gives the same drive."""

from __future__ import annotations

from typing import Final

import numpy as np

from telematics.samples import Samples

START: Final = (18.7546, 73.4062)  # Lonavala, where the demo's rider lives
_METRES_PER_DEGREE: Final = 111_320.0
_GEARS: Final = (0.0, 18.0, 32.0, 50.0, 70.0, 92.0)  # km/h from which each of six gears is used
_RPM_PER_KMH: Final = (150.0, 105.0, 84.0, 70.0, 60.0, 53.0)


def drive(
    t0: int,
    seconds: int = 600,
    *,
    seed: int = 1,
    step_ms: int = 1000,
    odometer_km: float = 18_400.0,
    start: tuple[float, float] = START,
) -> Samples:
    """`seconds` samples from t0 (ms), one each `step_ms`: town, open road, a stop at the end."""
    rng = np.random.default_rng(seed)
    n, dt = seconds, step_ms / 1000.0
    t = t0 + np.arange(n, dtype=np.int64) * step_ms
    wish = np.repeat(rng.choice([0.0, 25.0, 40.0, 60.0, 85.0, 100.0], n // 45 + 1), 45)[:n]
    wish[-min(n, 15) :] = 0.0
    speed = np.zeros(n)
    for place in range(1, n):  # towards the wish, with 9 km/h a second at most
        step = np.clip(wish[place] - speed[place - 1], -14.0 * dt, 9.0 * dt) * 0.6
        speed[place] = max(0.0, speed[place - 1] + step + rng.normal(0, 0.3) * (speed[place - 1] > 3))
    gear = np.searchsorted(_GEARS, speed, side="right") - 1
    rpm = np.maximum(speed * np.take(_RPM_PER_KMH, gear), 1250 + rng.normal(0, 15, n))
    gain = np.clip(np.diff(speed, prepend=speed[:1]) / dt, 0, None)
    throttle = np.clip(speed / 3.2 + gain * 5 + rng.normal(0, 0.4, n), 0, 100)
    metres = np.cumsum(speed) / 3.6 * dt
    bearing = np.cumsum(rng.normal(0, 2.5, n)) + 300
    north, east = (
        np.cumsum(speed / 3.6 * dt * wave(np.radians(bearing))) / _METRES_PER_DEGREE
        for wave in (np.cos, np.sin)
    )
    return Samples(
        t,
        {
            "speed": np.round(speed, 1),
            "rpm": np.round(rpm),
            "coolant_temp": np.round(88 - 60 * np.exp(-np.arange(n) * dt / 150) + (speed < 3) * 2),
            "throttle": np.round(throttle, 1),
            "fuel_rate": np.round(0.6 + speed / 16 + gain * 0.7, 2),
            "odometer": np.round(odometer_km + metres / 1000, 1),
            "lat": np.round(start[0] + north, 6),
            "lon": np.round(start[1] + east / np.cos(np.radians(start[0])), 6),
            "battery": np.round(14.1 + rng.normal(0, 0.04, n), 2),
            "intake_temp": np.round(31 + np.exp(-speed / 40) * 6),
        },
    )
