"""Things of the garage that tests need."""

from core.rls import as_system
from garage.models import Vehicle

MT07 = {"make": "Yamaha", "model": "MT-07", "year": 2019}


def make_vehicle(owner, **columns):
    with as_system("test"):
        return Vehicle.objects.create(owner=owner, **(MT07 | columns))


def make_vehicles(owner, count):
    return [make_vehicle(owner, nickname=f"Bike {number}") for number in range(count)]
