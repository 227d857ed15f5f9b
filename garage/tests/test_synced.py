"""Phones push and pull the garage: the rules are those of REST, and lists tell what changed since."""

import pytest

from core.ids import uuid7
from garage.models import FuelUp, OdometerEntry, Vehicle, VehicleBrand, VehicleType
from garage.tests.making import make_backup, make_vehicle
from garage.tests.test_log import ROWS
from sync.testing import number_at_once
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("garage_plugs", "numbered")]

EVER = "since=1970-01-01T00:00:00Z"


@pytest.fixture
def numbered(db):
    number_at_once()


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


def push(client, **changes):
    told = {
        name: {"created": [], "updated": rows, "deleted": []} if isinstance(rows, list) else rows
        for name, rows in changes.items()
    }
    answer = client.post("/api/v1/sync/push/", {"changes": told})
    assert answer.status_code == 200, answer.json()
    return answer.json()


def pull(client):
    changes = client.post("/api/v1/sync/pull/", {}).json()["changes"]
    return {name: change["updated"] for name, change in changes.items()}


def bike(**fields):
    return {"id": str(uuid7()), "make": "Yamaha", "model": "MT-07"} | fields


def test_a_garage_made_without_a_signal_arrives_whole(alice):
    own = bike(
        nickname="Offline", vin="wvwzzz1jz3w386752", year=2003, odometer_km=500.5, fuel_type="gasoline",
        ecu_family="speeduino", engine_redline_rpm=9000, mods=["Exhaust"],
    )  # fmt: skip
    fuel = ROWS["fuel-ups"] | {"id": str(uuid7()), "vehicle_id": own["id"], "odometer_km": 800}
    mod = ROWS["mods"] | {"id": str(uuid7()), "vehicle_id": own["id"]}
    told = push(alice, fuel_ups=[fuel], mods=[mod], vehicles=[own])
    assert told["rejected"] == []
    assert told["accepted"] == {"vehicles": [own["id"]], "fuel_ups": [fuel["id"]], "mods": [mod["id"]]}
    rest = alice.get(f"/api/v1/garage/vehicles/{own['id']}/").json()
    assert (rest["vin"], rest["fuel_type"], rest["odometer_km"], rest["ecu"]["family"]) == (
        "WVWZZZ1JZ3W386752", "petrol", 800, "speeduino",
    )  # fmt: skip
    assert rest["vin_notes"]
    assert list(OdometerEntry.objects.order_by("read_at").values_list("source", flat=True)) == [
        "owner",
        "fuel",
    ]
    pulled = pull(alice)
    row = pulled["vehicles"][0]
    assert (row["nickname"], row["odometer_km"], row["engine_redline_rpm"], row["mods"]) == (
        "Offline", 800, 9000, ["Exhaust"],
    )  # fmt: skip
    assert pulled["fuel_ups"][0]["quantity"] == 11.5
    assert [entry["reading_km"] for entry in pulled["odometer_entries"]] == [500.5, 800]


def test_a_push_meets_the_rules_of_rest(alice, bob):
    mine = make_vehicle(make_user("alice"), vin="WVWZZZ1JZ3W386752", odometer_km=1000, dongle_id="D")
    his = make_vehicle(make_user("bob"))
    for row, code in [
        (bike(vin="WVWZZZ1JZ3W386752"), "vin_taken"),
        (bike(vin="XX"), "invalid"),
        (bike(year=1700), "invalid"),
        (bike(dongle_id="D"), "dongle_taken"),
        ({"id": str(uuid7()), "nickname": "no make"}, "invalid"),
        ({"id": str(mine.pk), "odometer_km": 900}, "odometer_fell"),
        ({"id": str(mine.pk), "make": ""}, "invalid"),
    ]:
        told = push(alice, vehicles=[row])
        assert [(no["id"], no["code"]) for no in told["rejected"]] == [(row["id"], code)], told
    foreign = push(bob, vehicles=[{"id": str(mine.pk), "nickname": "mine now"}])
    assert [no["id"] for no in foreign["rejected"]] == [str(mine.pk)]
    forged = push(alice, mods=[ROWS["mods"] | {"id": str(uuid7()), "vehicle_id": str(his.pk)}])
    assert [list(no["errors"]) for no in forged["rejected"]] == [["vehicle_id"]]
    paper = ROWS["documents"] | {"id": str(uuid7()), "vehicle_id": str(mine.pk), "file_id": str(uuid7())}
    assert [list(no["errors"]) for no in push(alice, documents=[paper])["rejected"]] == [["file_id"]]
    corrected = push(alice, vehicles=[{"id": str(mine.pk), "odometer_km": 900, "odometer_correction": True}])
    assert corrected["accepted"] == {"vehicles": [str(mine.pk)]}
    assert (Vehicle.objects.count(), float(Vehicle.objects.get(pk=mine.pk).odometer_km)) == (2, 900)


def test_what_the_server_writes_a_phone_cant(alice):
    own = make_vehicle(make_user("alice"))
    backup = make_backup(own)
    told = push(alice, ecu_backups=[{"id": str(backup.pk), "state": "pending"}])
    assert [no["id"] for no in told["rejected"]] == [str(backup.pk)]
    assert pull(alice)["ecu_backups"][0]["state"] == "verified"


def test_a_vehicle_deleted_on_one_phone_goes_from_the_other_with_all_about_it(alice):
    own = make_vehicle(make_user("alice"))
    fuel = ROWS["fuel-ups"] | {"id": str(uuid7()), "vehicle_id": str(own.pk)}
    push(alice, fuel_ups=[fuel])
    cursor = alice.post("/api/v1/sync/pull/", {}).json()["cursor"]
    push(alice, vehicles={"created": [], "updated": [], "deleted": [str(own.pk)]})
    delta = alice.post("/api/v1/sync/pull/", {"cursor": cursor}).json()["changes"]
    assert delta["vehicles"]["deleted"] == [str(own.pk)]
    assert delta["fuel_ups"]["deleted"] == [fuel["id"]]
    assert FuelUp.objects.live().count() == 0


def test_the_catalogue_comes_to_every_phone(alice, bob, anyone):
    VehicleBrand.objects.create(code="yamaha", name="Yamaha", wmi=["JYA"])
    kind = VehicleType.objects.create(code="moped", name="Moped")
    for client in (alice, bob):
        assert [(row["name"], row["wmi"]) for row in pull(client)["vehicle_brands"]] == [("Yamaha", ["JYA"])]
    kind.tombstone()
    assert anyone.get("/api/v1/vehicle-types/").json()["results"] == []
    told = anyone.get(f"/api/v1/vehicle-types/?{EVER}").json()["results"]
    assert [(row["code"], row["deleted_at"] is not None) for row in told] == [("moped", True)]


def test_every_list_tells_what_changed_since(alice, bob):
    own = make_vehicle(make_user("alice"), odometer_km=1)
    make_backup(own)
    for kind, row in ROWS.items():
        assert alice.post(f"/api/v1/garage/{kind}/", row | {"vehicle_id": str(own.pk)}).status_code == 201
    lists = [*ROWS, "vehicles", "ecu-backups", "flash-jobs", "odometer-entries"]
    for kind in lists:
        told = alice.get(f"/api/v1/garage/{kind}/?{EVER}")
        assert (told.status_code, told.headers.get("X-Sync-Until") is not None) == (200, True)
        usual = alice.get(f"/api/v1/garage/{kind}/").json()["results"]
        assert sorted(row["id"] for row in told.json()["results"]) == sorted(row["id"] for row in usual)
        assert bob.get(f"/api/v1/garage/{kind}/?{EVER}").json()["results"] == []
    until = alice.get(f"/api/v1/garage/vehicles/?{EVER}").headers["X-Sync-Until"]
    alice.delete(f"/api/v1/garage/vehicles/{own.pk}/")
    after = alice.get("/api/v1/garage/vehicles/", {"since": until}).json()["results"]
    assert [(row["id"], row["deleted_at"] is not None) for row in after] == [(str(own.pk), True)]
