"""Whatever is thrown at a door of the garage: a clear 4xx, nothing written."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import uuid7
from garage.models import EcuBackup, FlashJob, Mod, Reminder, ServiceRecord, Vehicle
from garage.serializers.flashing import BackupInput, FlashEventInput, FlashInput
from garage.serializers.log import ModSerializer, ReminderSerializer, ServiceSerializer
from garage.serializers.vehicle import LinkDongleInput, VehicleSerializer
from garage.tests.making import make_vehicle
from tests.cast import login, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("garage_plugs")]

BASE = "/api/v1/garage/"
DOORS = {
    "vehicles/": VehicleSerializer,
    "vehicles/{bike}/link-dongle/": LinkDongleInput,
    "mods/": ModSerializer,
    "service-records/": ServiceSerializer,
    "reminders/": ReminderSerializer,
    "ecu-backups/": BackupInput,
    "flash-jobs/": FlashInput,
    "flash-jobs/{bike}/events/": FlashEventInput,
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "0", "-1", "1e400", "9999-12-31", "2026-02-30", "\u202e", "😀" * 30, "x" * 5000]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(
        st.sampled_from(["kind", "id", "family", "stroke", "x"]), st.text(max_size=5), max_size=2
    ),
)


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("body", [[], [1], "text", 7, None, [[]]], ids=repr)
def test_a_body_that_is_no_object(door, body, alice):
    bike = make_vehicle(make_user("alice"))
    answer = alice.post(BASE + door.format(bike=bike.pk), body, format="json")
    assert 400 <= answer.status_code < 500, answer.content
    assert set(answer.json()) == {"error", "code", "fields", "request_id"}


@pytest.mark.parametrize("door", DOORS)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_values_never_break_a_door(door, data, alice):
    names = [name for name, field in DOORS[door]().fields.items() if not field.read_only]
    bike = make_vehicle(make_user("alice"))
    body = data.draw(st.dictionaries(st.sampled_from(names), ODD, max_size=len(names)))
    if "vehicle_id" in names and data.draw(st.booleans()):
        body["vehicle_id"] = str(bike.pk)
    answer = alice.post(BASE + door.format(bike=bike.pk), body, format="json")
    assert answer.status_code < 500, (body, answer.content)
    patch = alice.patch(
        f"{BASE}vehicles/{bike.pk}/", body if DOORS[door] is VehicleSerializer else {}, format="json"
    )
    assert patch.status_code < 500, (body, patch.content)


@pytest.mark.parametrize(
    "query",
    [
        "page_size=-1",
        "page_size=x",
        "cursor=e30",
        "cursor=%00",
        "ordering=owner",
        "since=never",
        "since=9999",
        "count=x",
    ],
)
@pytest.mark.parametrize("door", ["vehicles/", "mods/", "ecu-backups/", "flash-jobs/", "fuel-ups/"])
def test_odd_queries(door, query, alice):
    make_vehicle(make_user("alice"))
    answer = alice.get(f"{BASE}{door}?{query}")
    assert answer.status_code == (200 if query == "count=x" else 400), answer.content


def test_nobody_comes_in_without_a_login(anyone):
    for door in [*DOORS, "costs/", "charts/", "odometer-entries/", "mods/export.csv", "mods/import/"]:
        path = BASE + door.format(bike=uuid7())
        assert {anyone.get(path).status_code, anyone.post(path, {}).status_code} <= {401, 405, 415}
    counted = [
        model.objects.count() for model in (Vehicle, Mod, ServiceRecord, Reminder, EcuBackup, FlashJob)
    ]
    assert counted == [0] * 6


@pytest.mark.parametrize(
    "body", [{"odometer_km": 4_999_999}, {"odometer_km": 5_000_001}, {"done_on": "2999-01-01"}]
)
def test_a_reminder_that_would_be_due_beyond_any_odometer(body):
    alice = make_user("alice")
    bike = make_vehicle(alice, odometer_km=1000)
    row = Reminder.objects.create(
        owner=alice, vehicle=bike, title="Oil", due_odometer_km=2000, every_km=4_000_000, every_months=240
    )
    answer = login(alice).post(f"/api/v1/garage/reminders/{row.pk}/done/", body)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["fields"], answer.json()
    row.refresh_from_db()
    assert (row.due_odometer_km, row.rev) == (2000, 1)
    bike.refresh_from_db()
    assert bike.odometer_km == 1000
