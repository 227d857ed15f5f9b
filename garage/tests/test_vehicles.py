"""The rider's vehicles: every field, every refusal, two statements a request, nobody else's."""

import io
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections
from PIL import Image

from core.ids import uuid7
from core.models import AuditEvent
from core.rls import as_system, as_user
from core.testing.counting import statements
from core.testing.files import upload
from garage.models import OdometerEntry, Vehicle, VehicleBrand, VehicleModel, VehicleType
from garage.serializers.vehicle import VehicleSerializer
from garage.tests.making import MT07, make_vehicle, make_vehicles
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db

NOBODYS = "0e964100-ba10-41e7-af1d-65d8c6735f87"  # an id that is nobody's; fixed, so that test names are
GARAGE = "/api/v1/garage/vehicles/"
FULL = {
    "nickname": "Crossplane", "vin": "JYARM33E0KA000001", "make": "Yamaha", "model": "MT-07", "trim": "Tech Black",
    "year": 2019, "license_plate": "KA 01 AB 1234", "odometer_km": 41230.5, "fuel_type": "gasoline",
    "dongle_id": "OBD-1", "dongle_connection_type": "BLE",
    "ecu": {"family": "speeduino", "hardware": "0.4", "software": "202103", "calibration_id": "BU-31"},
    "engine": {"displacement_cc": 689, "cylinders": 2, "stroke": 4, "aspiration": "na", "redline_rpm": 9000,
               "compression": 11.5, "injector_cc_min": 220.5},
    "mods": ["Akrapovič exhaust", "Quickshifter"], "notes": "Bought new.",
}  # fmt: skip


def picture():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


PNG = picture()


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


def made(client, **fields):
    answer = client.post(GARAGE, MT07 | fields)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def known_model():
    brand = VehicleBrand.objects.create(code="yamaha", name="Yamaha")
    kind = VehicleType.objects.create(code="motorcycle", name="Motorcycle")
    return VehicleModel.objects.create(
        code="yamaha-mt-09", name="MT-09", brand=brand, vehicle_type=kind, year_from=2014, fuel_type="petrol"
    )


def test_every_field_comes_back_as_it_went_in(alice):
    shown = alice.post(GARAGE, FULL)
    assert shown.status_code == 201, shown.json()
    body = shown.json()
    assert {name: body[name] for name in FULL} == FULL | {"fuel_type": "petrol"}
    assert body["odometer"] == 41230.5
    assert body["user"] == str(make_user("alice").pk)
    assert (body["photo"], body["vehicle_model_id"], body["rev"]) == (None, None, 1)
    assert body["created_at"].endswith("Z")
    assert shown["ETag"] == '"1"'
    assert alice.get(f"{GARAGE}{body['id']}/").json() == body
    assert alice.get(GARAGE).json() == {"results": [body], "next": None, "previous": None}


def test_the_statement_says_what_the_serializer_says(alice):
    model = known_model()
    made(alice, **FULL, vehicle_model_id=str(model.pk))
    made(alice)
    rows = Vehicle.objects.order_by("-created_at", "-id")
    said = [VehicleSerializer(row).data for row in rows]
    shown = alice.get(GARAGE).json()["results"]
    usual = alice.get(f"{GARAGE}?ordering=-created_at").json()["results"]
    assert usual == shown
    assert [list(row) for row in shown] == [list(row) for row in said]
    assert [row["photo"] for row in said] == [None, None]


@pytest.mark.parametrize("count", [1, 3])
def test_lists_and_details_cost_two_statements(count, alice):
    rows = make_vehicles(make_user("alice"), count)
    with statements() as told:
        page = alice.get(GARAGE).json()
    assert (len(told), len(page["results"])) == (2, count)
    with statements() as told:
        assert alice.get(f"{GARAGE}{rows[0].pk}/").status_code == 200
    assert len(told) == 2


def test_create_and_patch_cost_two_statements(alice):
    with statements() as told:
        bike = made(alice, odometer_km=100, vin="JYARM33E0KA000001")
    assert len(told) == 2
    with statements() as told:
        patch = {"nickname": "Two", "odometer_km": 200, "engine": {"redline_rpm": 9500}}
        assert alice.patch(f"{GARAGE}{bike['id']}/", patch).status_code == 200
    assert len(told) == 2


def test_a_catalogue_model_a_photo_a_vin_cost_no_more(alice):
    known = known_model()
    picture = upload(alice, PNG, filename="bike.png", content_type="image/png", purpose="photo")["id"]
    with statements() as told:
        answer = alice.post(GARAGE, {"vehicle_model_id": str(known.pk), "photo": picture})
    bike = answer.json()
    assert (answer.status_code, len(told)) == (201, 2)
    assert (bike["make"], bike["model"], bike["fuel_type"]) == (known.brand.name, known.name, known.fuel_type)
    for patch in ({"photo": picture}, {"year": 2019}, {"vin": "JYARM33E0KA000001"}, {"year": 2020}):
        with statements() as told:
            assert alice.patch(f"{GARAGE}{bike['id']}/", patch).status_code == 200
        assert len(told) == 2, patch


def test_vin_and_year_speak_together_whichever_is_changed(alice):
    """A VIN of model year 2019: the note comes and goes with the year, and with the VIN."""
    bike = made(alice, year=2019, vin="JYARM33E0KA000001")
    assert not any("model year" in note for note in bike["vin_notes"])
    path = f"{GARAGE}{bike['id']}/"
    for patch, noted in (
        ({"year": 2005}, True),
        ({"nickname": "Still"}, True),
        ({"year": 2020}, False),
        ({"year": 2006}, True),
        ({"vin": ""}, False),
        ({"vin": "JYARM33E0KA000001"}, True),
        ({"vin": "JYARM33E0KA000001", "year": 2019}, False),
    ):
        body = alice.patch(path, patch).json()
        assert any("model year" in note for note in body["vin_notes"]) is noted, patch
        assert alice.get(path).json() == body


def test_pages_follow_each_other(alice):
    names = [row.nickname for row in make_vehicles(make_user("alice"), 5)][::-1]
    seen, url = [], f"{GARAGE}?page_size=2"
    while url:
        page = alice.get(url).json()
        seen += [row["nickname"] for row in page["results"]]
        url = page["next"]
    assert seen == names
    assert alice.get(f"{GARAGE}?page_size=2&count=true").json()["count"] == 5


def test_camel_case_everywhere(alice):
    camel = {"Accept": "application/json; case=camel"}
    body = {
        "make": "Yamaha",
        "model": "MT-07",
        "odometerKm": 5,
        "licensePlate": "X 1",
        "engine": {"redlineRpm": 9000},
    }
    bike = alice.post(GARAGE, body, headers=camel).json()
    assert (bike["odometerKm"], bike["licensePlate"], bike["engine"]["redlineRpm"]) == (5, "X 1", 9000)
    listed = alice.get(GARAGE, headers=camel)
    assert (listed["Content-Type"], listed.json()["results"]) == ("application/json; case=camel", [bike])
    patched = alice.patch(f"{GARAGE}{bike['id']}/", {"fuelType": "diesel"}, headers=camel).json()
    assert patched["fuelType"] == "diesel"


def test_the_aliases_answer_the_same(alice):
    bike = alice.post("/api/vehicles/", MT07).json()
    assert alice.get("/api/v1/vehicles/").json()["results"] == [bike]
    assert alice.get(f"/api/vehicles/{bike['id']}/").json() == bike


def test_old_clients_say_odometer(alice):
    bike = made(alice, odometer=1200)
    assert (bike["odometer"], bike["odometer_km"]) == (1200, 1200)
    both = alice.patch(f"{GARAGE}{bike['id']}/", {"odometer": 1300, "odometer_km": 1300})
    assert both.json()["odometer_km"] == 1300
    torn = alice.patch(f"{GARAGE}{bike['id']}/", {"odometer": 1400, "odometer_km": 1500})
    assert (torn.status_code, torn.json()["fields"]) == (
        400,
        {"odometer": ["This differs from odometer_km."]},
    )


def test_what_was_read_may_be_sent_back(alice):
    bike = made(alice, **FULL)
    again = alice.patch(f"{GARAGE}{bike['id']}/", bike)
    assert (again.status_code, again.json()) == (200, bike)


def test_nested_objects_change_by_the_field(alice):
    bike = made(alice, **FULL)
    after = alice.patch(
        f"{GARAGE}{bike['id']}/", {"engine": {"redline_rpm": 9500}, "ecu": {"software": None}}
    ).json()
    assert after["engine"] == bike["engine"] | {"redline_rpm": 9500}
    assert after["ecu"] == bike["ecu"] | {"software": ""}
    assert after["rev"] == bike["rev"] + 1


def test_a_client_may_make_the_id_and_ask_again(alice, bob):
    key = str(uuid7())
    first = made(alice, id=key)
    assert first["id"] == key
    assert made(alice, id=key, nickname="other") == first
    assert Vehicle.objects.count() == 1
    taken = bob.post(GARAGE, MT07 | {"id": key})
    assert (taken.status_code, list(taken.json()["fields"])) == (409, ["id"])
    assert alice.delete(f"{GARAGE}{key}/").status_code == 204
    assert alice.post(GARAGE, MT07 | {"id": key}).status_code == 409


def test_the_catalogue_names_what_the_rider_picked(alice):
    model = known_model()
    bike = alice.post(GARAGE, {"vehicle_model_id": str(model.pk)}).json()
    assert (bike["make"], bike["model"], bike["fuel_type"], bike["vehicle_model_id"]) == (
        "Yamaha", "MT-09", "petrol", str(model.pk),
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"vin": "JYARM33E0KA00000"}, "vin"),
        ({"vin": "JYARM33E0KA00O001"}, "vin"),
        ({"vin": "1HGCM82633A004353"}, "vin"),
        ({"vin": "11111111111111111"}, "vin"),
        ({"vin": 17}, "vin"),
        ({"year": 1884}, "year"),
        ({"year": 2200}, "year"),
        ({"year": "soon"}, "year"),
        ({"odometer_km": -1}, "odometer_km"),
        ({"odometer_km": 5_000_001}, "odometer_km"),
        ({"odometer_km": "far"}, "odometer_km"),
        ({"odometer_km": True}, "odometer_km"),
        ({"odometer": "1e999999999"}, "odometer"),
        ({"fuel_type": "steam"}, "fuel_type"),
        ({"dongle_connection_type": "USB"}, "dongle_connection_type"),
        ({"dongle_connection_type": "BLE"}, "dongle_connection_type"),
        ({"vehicle_model_id": "x"}, "vehicle_model_id"),
        ({"vehicle_model_id": NOBODYS}, "vehicle_model_id"),
        ({"ecu": "speeduino"}, "ecu"),
        ({"ecu": {"vendor": "x"}}, "ecu"),
        ({"engine": {"stroke": 3}}, "engine"),
        ({"engine": {"cylinders": -2}}, "engine"),
        ({"engine": {"displacement_cc": "NaN"}}, "engine"),
        ({"mods": "exhaust"}, "mods"),
        ({"mods": ["x" * 121]}, "mods"),
        ({"mods": ["x"] * 101}, "mods"),
        ({"photo": "nonsense"}, "photo"),
        ({"photo": NOBODYS}, "photo"),
        ({"id": "1"}, "id"),
        ({"colour": "blue"}, "colour"),
        ({"make": ""}, "make"),
        ({"make": None}, "make"),
        ({"nickname": "x" * 81}, "nickname"),
    ],
    ids=str,
)
def test_bad_input_names_its_field_and_writes_nothing(wrong, field, alice):
    answer = alice.post(GARAGE, MT07 | wrong)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.json()
    assert Vehicle.objects.count() == OdometerEntry.objects.count() == 0
    if field == "id":
        return
    bike = made(alice)
    answer = alice.patch(f"{GARAGE}{bike['id']}/", wrong)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.json()
    assert alice.get(f"{GARAGE}{bike['id']}/").json() == bike


def test_make_and_model_are_needed(alice):
    answer = alice.post(GARAGE, {"year": 2020})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["make", "model"])


def test_a_vin_without_check_digit_is_fine_in_europe_and_india(alice):
    assert made(alice, vin="ME1RG4211K2000001")["vin"] == "ME1RG4211K2000001"
    assert made(alice, vin="wvw zzz 1jz 3w 386752")["vin"] == "WVWZZZ1JZ3W386752"


def test_a_year_that_disagrees_with_the_vin_is_a_note(alice):
    bike = made(alice, vin="JYARM33E0KA000001", year=2005)
    assert (
        bike["vin_notes"][0] == "The VIN speaks of model year 1989 or 2019, the vehicle is entered as 2005."
    )
    fixed = alice.patch(f"{GARAGE}{bike['id']}/", {"year": 2019}).json()
    assert not any("entered as" in note for note in fixed["vin_notes"])
    assert alice.patch(f"{GARAGE}{bike['id']}/", {"vin": None}).json()["vin_notes"] == []


def test_a_vin_stands_once_in_a_garage(alice, bob):
    bike = made(alice, vin="JYARM33E0KA000001")
    twin = alice.post(GARAGE, MT07 | {"vin": "jyarm33e0ka000001"})
    assert (twin.status_code, twin.json()["code"], list(twin.json()["fields"])) == (409, "vin_taken", ["vin"])
    other = made(alice)
    moved = alice.patch(f"{GARAGE}{other['id']}/", {"vin": "JYARM33E0KA000001"})
    assert (moved.status_code, moved.json()["code"]) == (409, "vin_taken")
    made(bob, vin="JYARM33E0KA000001")
    assert alice.delete(f"{GARAGE}{bike['id']}/").status_code == 204
    made(alice, vin="JYARM33E0KA000001")


def test_the_odometer_rises_and_is_corrected_only_on_purpose(alice):
    bike = made(alice, odometer_km=1000)
    url = f"{GARAGE}{bike['id']}/"
    assert alice.patch(url, {"odometer_km": 1500.25}).json()["odometer_km"] == 1500.2
    fell = alice.patch(url, {"odometer_km": 900, "nickname": "no"})
    assert (fell.status_code, fell.json()["code"], list(fell.json()["fields"])) == (
        400, "odometer_fell", ["odometer_km"],
    )  # fmt: skip
    assert alice.patch(url, {"odometer_km": None}).status_code == 400
    assert alice.get(url).json()["nickname"] == ""
    assert alice.patch(url, {"odometer_km": 900, "odometer_correction": True}).json()["odometer_km"] == 900
    assert alice.patch(url, {"odometer_km": 900}).status_code == 200
    told = OdometerEntry.objects.order_by("read_at", "id").values_list("reading_km", "source")
    assert [(float(reading), source) for reading, source in told] == [
        (1000, "owner"), (1500.2, "owner"), (900, "correction"),
    ]  # fmt: skip


def test_a_stale_patch_is_refused(alice):
    bike = made(alice)
    url = f"{GARAGE}{bike['id']}/"
    tag = alice.get(url)["ETag"]
    assert alice.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert alice.patch(url, {"nickname": "One"}, headers={"If-Match": tag})["ETag"] == '"2"'
    for stale in (tag, '"x"', 'W/"2"', '"99999999999999999999"'):
        late = alice.patch(url, {"nickname": "Two"}, headers={"If-Match": stale})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert alice.get(url).json()["nickname"] == "One"
    assert alice.patch(url, {}, headers={"If-Match": "*"}).json()["rev"] == 2


def test_bob_finds_no_door(alice, bob):
    bike = made(alice)
    url = f"{GARAGE}{bike['id']}/"
    absent = f"{GARAGE}{uuid4()}/"
    for method, path, body in [
        ("get", "", None), ("patch", "", {"nickname": "mine"}), ("patch", "", {"year": 2018}), ("delete", "", None),
        ("post", "link-dongle/", {"dongle_id": "X", "connection_type": "BLE"}), ("post", "unlink-dongle/", None),
    ]:  # fmt: skip
        his, nobodys = (getattr(bob, method)(door + path, body) for door in (url, absent))
        assert his.status_code == nobodys.status_code == 404
        assert {**his.json(), "request_id": ""} == {**nobodys.json(), "request_id": ""}
    assert bob.get(GARAGE).json()["results"] == []
    assert alice.get(url).json() == bike


def test_row_level_security_holds_without_any_filter(alice):
    bike = make_vehicle(make_user("alice"))
    make_vehicle(make_user("bob"))
    with as_user(make_user("alice")):
        assert [row.pk for row in Vehicle.objects.all()] == [bike.pk]


def test_a_deleted_vehicle_is_gone_and_its_vin_and_dongle_free(alice, bob):
    bike = made(alice, **FULL)
    assert alice.delete(f"{GARAGE}{bike['id']}/").status_code == 204
    assert alice.get(f"{GARAGE}{bike['id']}/").status_code == 404
    assert alice.delete(f"{GARAGE}{bike['id']}/").status_code == 404
    assert made(bob, dongle_id="OBD-1")["dongle_id"] == "OBD-1"
    assert AuditEvent.objects.filter(action="vehicle.delete").count() == 1


def test_a_dongle_is_linked_to_one_vehicle_at_a_time(alice, bob):
    first, second = made(alice), made(alice)
    wish = {"dongle_id": "OBD-7", "connection_type": "WIFI"}
    linked = alice.post(f"{GARAGE}{first['id']}/link-dongle/", wish)
    assert (linked.status_code, linked.json()["dongle_connection_type"]) == (200, "WIFI")
    assert alice.post(f"{GARAGE}{first['id']}/link-dongle/", wish).status_code == 200
    for client, vehicle in [(alice, second), (bob, made(bob))]:
        refused = client.post(f"{GARAGE}{vehicle['id']}/link-dongle/", wish)
        assert (refused.status_code, refused.json()["code"]) == (409, "dongle_taken")
    free = alice.post(f"{GARAGE}{first['id']}/unlink-dongle/").json()
    assert (free["dongle_id"], free["dongle_connection_type"]) == ("", "")
    assert alice.post(f"{GARAGE}{second['id']}/link-dongle/", wish).status_code == 200
    bad = alice.post(f"{GARAGE}{second['id']}/link-dongle/", {"dongle_id": ""})
    assert (bad.status_code, list(bad.json()["fields"])) == (400, ["dongle_id", "connection_type"])


def test_a_photo_is_the_owners_own_upload(alice, bob, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    picture = upload(alice, PNG, filename="bike.png", content_type="image/png", purpose="photo")
    bike = made(alice, photo=picture["id"])
    assert bike["photo"] == f"http://testserver/api/v1/files/{picture['id']}/public/"
    assert made(alice, photo=bike["photo"])["photo"] == bike["photo"]
    stolen = bob.post(GARAGE, MT07 | {"photo": picture["id"]})
    assert (stolen.status_code, list(stolen.json()["fields"])) == (400, ["photo"])
    held = alice.delete(f"/api/v1/files/{picture['id']}/")
    assert (held.status_code, held.json()["code"]) == (409, "file_in_use")
    gone = alice.patch(f"{GARAGE}{bike['id']}/", {"photo": None}).json()
    assert gone["photo"] is None


def test_a_vin_is_decoded_offline(alice, anyone):
    facts = alice.get(f"{GARAGE}decode-vin/?vin=jyarm33e0ka000001").json()
    assert (facts["wmi"], facts["country"], facts["maker"], facts["model_year"]) == (
        "JYA",
        "JP",
        "Yamaha",
        2019,
    )
    for bad in ("", "vin=", "vin=123", "vin=" + "x" * 100):
        answer = alice.get(f"{GARAGE}decode-vin/?{bad}")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["vin"])
    assert anyone.get(f"{GARAGE}decode-vin/?vin=JYARM33E0KA000001").status_code == 401


# -- Races


def together(people, deed):
    """Each person's deed at once; the statuses."""

    def once(client):
        try:
            return deed(client).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(people)) as pool:
        return sorted(pool.map(once, people))


@pytest.mark.django_db(transaction=True)
def test_the_same_vin_twice_at_once_is_one_vehicle():
    with as_system("test"):
        alice = make_user("alice")
        clients = [login(alice) for _ in range(4)]
    wish = MT07 | {"vin": "JYARM33E0KA000001"}
    assert together(clients, lambda client: client.post(GARAGE, wish)) == [201, 409, 409, 409]


@pytest.mark.django_db(transaction=True)
def test_one_dongle_in_a_race_goes_to_one():
    with as_system("test"):
        pairs = [(make_user(name), name) for name in ("alice", "bob", "tara")]
        clients = {login(user): make_vehicle(user).pk for user, _ in pairs}
    wish = {"dongle_id": "OBD-1", "connection_type": "BLE"}
    statuses = together(
        list(clients), lambda client: client.post(f"{GARAGE}{clients[client]}/link-dongle/", wish)
    )
    assert statuses == [200, 409, 409]


@pytest.mark.django_db(transaction=True)
def test_the_odometer_never_falls_in_a_race():
    with as_system("test"):
        alice = make_user("alice")
        bike = make_vehicle(alice, odometer_km=1)
        clients = {login(alice): reading for reading in (500, 300, 400, 200)}
    together(
        list(clients), lambda client: client.patch(f"{GARAGE}{bike.pk}/", {"odometer_km": clients[client]})
    )
    with as_system("test"):
        bike.refresh_from_db()
        readings = list(OdometerEntry.objects.order_by("read_at", "id").values_list("reading_km", flat=True))
    assert bike.odometer_km == 500
    assert sorted(readings) == readings
