"""Drives made to measure: a second-by-second course of stops, cruises and silences."""

import numpy as np

from telematics.samples import EMPTY, Samples, join

T0 = 1_704_067_200_000  # 2024-01-01T00:00:00Z


def leg(start, seconds, kmh, *, step_s=1, **signals):
    """Samples at constant speed; further signals are constants or functions of the second."""
    at = np.arange(0, seconds, step_s)
    columns = {"speed": np.full(len(at), float(kmh))}
    for name, value in signals.items():
        made = value(at) if callable(value) else np.full(len(at), float(value))
        columns[name] = np.asarray(made, float)
    return Samples(start + at * 1000, columns)


def course(*legs, start=T0, **signals):
    """(seconds, km/h) one after the other; km/h None is silence."""
    parts, at = [], start
    for seconds, kmh in legs:
        if kmh is not None:
            parts.append(leg(at, seconds, kmh, **signals))
        at += seconds * 1000
    return join(parts) if parts else EMPTY


def ride_with(samples, **signals):
    """The same samples with further columns, each a function of the seconds since the first."""
    seconds = (samples.t - samples.t[0]) / 1000
    extra = {name: np.asarray(made(seconds), float) for name, made in signals.items()}
    return Samples(samples.t, {**samples.signals, **extra})
