"""Vehicles, tunes on sale and clients for the tests of the API."""

from pathlib import Path

from core.rls import as_system
from core.testing.files import stored
from garage.models import Vehicle, VehicleBrand, VehicleModel, VehicleType
from garage.services.backups import save_backup, verify_backup
from marketplace.models import Compatibility, Tune
from marketplace.services import add_version, purchase_tune
from tuners.tests.making import make_tuner

DATA = Path(__file__).parent / "data"
FOUR = "motorcycle_4cyl_na_petrol_2"
TWIN = "motorcycle_2cyl_na_petrol_1"
ENGINES = {
    FOUR: {
        "make": "Kawasaki",
        "model": "Four",
        "engine_cylinders": 4,
        "engine_displacement_cc": 1027,
        "engine_redline_rpm": 13500,
    },
    TWIN: {
        "make": "Yamaha",
        "model": "Twin",
        "engine_cylinders": 2,
        "engine_displacement_cc": 730,
        "engine_redline_rpm": 9000,
    },
}


def msq(name):
    return (DATA / "synthetic_msq" / f"{name}.msq").read_bytes()


def rom(name):
    return (DATA / "synthetic_rom" / name).read_bytes()


def make_bike(owner, key=FOUR, **columns):
    facts = {
        "year": 2021,
        "engine_stroke": 4,
        "engine_aspiration": "na",
        "fuel_type": "petrol",
        "ecu_family": "speeduino",
    }
    with as_system("test"):
        return Vehicle.objects.create(owner=owner, **(ENGINES[key] | facts | columns))


def back_up(vehicle, data=None, name="stock.msq"):
    """A backup as a phone saves it, verified by the real reader."""
    file = stored(vehicle.owner, data or msq(f"{FOUR}_stock"), "ecu_backup", filename=name)
    with as_system("test"):
        backup, _ = save_backup(
            owner_id=vehicle.owner_id, vehicle=vehicle, file_id=file.pk, sha256=file.sha256
        )
    verify_backup(backup.pk)
    with as_system("test"):
        backup.refresh_from_db()
    return backup


def make_model(key=FOUR, **columns):
    """The catalogue's word on one of our engines."""
    facts = {
        "year_from": 2000,
        "engine_stroke": 4,
        "engine_aspiration": "na",
        "fuel_type": "petrol",
    } | {name: value for name, value in ENGINES[key].items() if name.startswith("engine")}
    with as_system("test"):
        kind, _ = VehicleType.objects.get_or_create(code="motorcycle", defaults={"name": "Motorcycle"})
        brand, _ = VehicleBrand.objects.get_or_create(
            code=ENGINES[key]["make"].lower(), defaults={"name": ENGINES[key]["make"]}
        )
        name = columns.pop("name", ENGINES[key]["model"])
        model, _ = VehicleModel.objects.get_or_create(
            code=f"{brand.code}-{name.lower()}",
            defaults={"name": name, "brand": brand, "vehicle_type": kind} | facts | columns,
        )
    return model


def offer(data, *, name="tune.msq", fits=None, title="Street map", tuner=None, price_minor=0):
    """A draft of Tara's with one version and its fitments."""
    tuner = tuner or make_tuner()
    with as_system("test"):
        tune = Tune.objects.create(tuner=tuner, title=title, price_minor=price_minor, currency="INR")
        for fit in fits if fits is not None else [{"vehicle_model": make_model()}]:
            model = fit.get("vehicle_model")
            words = {"make": model.brand.name, "model": model.name} if model else {}
            Compatibility.objects.create(tune=tune, **(words | {"ecu_family": "speeduino"} | fit))
    file = stored(tuner.user, data, "tune_version", filename=name)
    add_version(owner=tuner.user, tune_id=tune.pk, file_id=file.pk, sha256=file.sha256)
    return tune


def give(user, tune, vehicle=None):
    """A free tune changes hands."""
    purchase, _ = purchase_tune(buyer=user, tune=tune, vehicle=vehicle)
    return purchase
