"""Drives and batches that tests need."""

import numpy as np

from garage.models import Vehicle
from telematics.samples import Samples

NOON = 1_704_110_400_000  # 2024-01-01T12:00:00Z


def make_vehicle(owner, **fields):
    return Vehicle.objects.create(owner=owner, make="Yamaha", model="MT-07", year=2019, **fields)


def drive(seconds=600, *, t0=NOON, seed=1, step_ms=1000, odometer=None):
    """One sample a second of a plausible drive."""
    rng = np.random.default_rng(seed)
    n = seconds
    speed = np.round(np.clip(50 + np.cumsum(rng.normal(0, 1, n)), 0, 120), 1)
    signals = {
        "speed": speed,
        "rpm": np.round(speed * 45 + 900),
        "coolant_temp": np.round(70 + np.minimum(np.arange(n) / 30, 20)),
        "fuel_rate": np.round(np.abs(speed / 12 + rng.normal(0, 0.2, n)), 2),
    }
    if odometer is not None:
        signals["odometer"] = np.round(odometer + np.cumsum(speed) / 3600 * step_ms / 1000, 1)
    return Samples(t0 + np.arange(n, dtype=np.int64) * step_ms, signals)


def same(one, other):
    """Are two sets equal, sample by sample (columns without a value don't count)?"""
    return list(one.rows()) == list(other.rows())
