"""What tests of telematics need."""

from garage.models import Vehicle
from telematics import drives

NOON = 1_704_110_400_000  # 2024-01-01T12:00:00Z


def make_vehicle(owner, **fields):
    return Vehicle.objects.create(owner=owner, make="Yamaha", model="MT-07", year=2019, **fields)


def drive(seconds=600, *, t0=NOON, **how):
    """One sample a second of a plausible drive."""
    return drives.drive(t0, seconds, **how)


def same(one, other):
    """Are two sets equal, sample by sample (columns without a value don't count)?"""
    return list(one.rows()) == list(other.rows())
