"""A person's data goes out whole and is wiped; the demo garage is made once."""

import orjson
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from core.ports import demo_worlds, personal_data
from core.renderers import dumps
from garage.hooks.people import HELD
from garage.models import EcuBackup, FlashEvent, FuelUp, Vehicle, VehicleModel
from garage.services.backups import verify_backup
from garage.tests.making import make_backup, make_vehicle
from garage.tests.test_flashing import queued, tell
from garage.tests.test_log import ROWS, made
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("garage_plugs")]


def lived_in(client, owner, **columns):
    """A vehicle with everything about it."""
    bike = make_vehicle(owner, nickname="Blue", odometer_km=1, **columns)
    for kind in ROWS:
        made(client, kind, bike)
    job = queued(client, bike, make_backup(bike).pk, kind="backup")
    tell(client, job, "completed", detail="fine")
    return bike


def test_all_of_a_person_goes_out_and_is_wiped(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    bike = lived_in(client_for(alice), alice, vin="WVWZZZ1JZ3W386752", license_plate="KA 1")
    lived_in(client_for(bob), bob)
    plug = personal_data["garage"]
    out = orjson.loads(dumps(plug.export(alice.pk)))
    counted = {name: len(rows) for name, rows in out.items()}
    assert counted == dict.fromkeys(HELD, 1) | {"odometer_entries": 2, "flash_waivers": 0}
    assert out["vehicles"][0]["vin"] == "WVWZZZ1JZ3W386752"
    his = {name: model.objects.filter(owner=bob).count() for name, model in HELD.items()}
    plug.erase(alice.pk)
    plug.erase(alice.pk)
    left = {name: model.objects.filter(owner=alice).count() for name, model in HELD.items()}
    assert left == dict.fromkeys(HELD, 0) | {"vehicles": 1}
    bike.refresh_from_db()
    assert (bike.vin, bike.nickname, bike.license_plate, bike.odometer_km) == ("", "", "", None)
    assert bike.deleted_at is not None
    assert {name: model.objects.filter(owner=bob).count() for name, model in HELD.items()} == his


def test_the_demo_garage_is_made_once():
    world = {name: make_user(name) for name in ("alice", "bob")}
    for _ in range(2):
        demo_worlds["garage"].fill(world)
    assert VehicleModel.objects.count() > 300
    assert [str(row) for row in Vehicle.objects.order_by("created_at")] == [
        "Big bore R1",
        "2022 Honda Activa",
    ]
    assert (FuelUp.objects.count(), FlashEvent.objects.count()) == (9, 0)
    backup = EcuBackup.objects.get()
    assert (backup.vehicle, backup.filename, backup.state) == (world["alice_vehicle"], "stock.msq", "pending")
    assert ProcrastinateJob.objects.filter(task_name="garage.verify_backup").count() == 1


def test_the_demo_backup_is_one_that_real_readers_verify(monkeypatch, settings, tmp_path):
    from django.apps import apps

    if not apps.is_installed("safety"):
        pytest.skip("safety, whose readers these are, is not installed")
    monkeypatch.undo()
    settings.MEDIA_ROOT = tmp_path
    demo_worlds["garage"].fill({name: make_user(name) for name in ("alice", "bob")})
    backup = EcuBackup.objects.get()
    assert verify_backup(backup.pk) == "verified"
    backup.refresh_from_db()
    assert backup.family == "speeduino"
