"""The owner's log: services, fuel, papers, reminders, and what they add up to."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import clock
from core.ids import uuid7
from core.rls import as_user
from core.testing.counting import statements
from core.testing.files import upload
from garage.models import Document, FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord, Vehicle
from garage.selectors.log import with_consumption
from garage.tests.making import make_vehicle
from tests.cast import make_user

pytestmark = pytest.mark.django_db

BASE = "/api/v1/garage/"
TODAY = clock.now().date()
TOMORROW, SOON = TODAY + timedelta(days=1), TODAY + timedelta(days=10)
SERVICE = {"title": "Oil and filter", "done_on": "2026-03-01", "odometer_km": 12000, "amount_minor": 450000,
           "currency": "INR", "notes": "10W-40"}  # fmt: skip
ROWS = {
    "mods": {"title": "Slip-on", "part_number": "S-Y7", "installed_on": "2026-02-01", "amount_minor": 5000000,
             "currency": "INR"},
    "service-records": SERVICE,
    "fuel-ups": {"filled_on": "2026-03-02", "quantity": 11.5, "odometer_km": 12100, "amount_minor": 120000,
                 "currency": "INR", "station": "HP Indiranagar"},
    "documents": {"title": "Insurance", "kind": "insurance", "issued_on": "2026-01-01", "expires_on": "2027-01-01"},
    "reminders": {"title": "Chain", "due_on": "2030-01-01", "due_odometer_km": 20000, "every_km": 800},
}  # fmt: skip


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


@pytest.fixture
def bike():
    return make_vehicle(make_user("alice"), odometer_km=10000)


def made(client, kind, bike, **fields):
    answer = client.post(f"{BASE}{kind}/", ROWS[kind] | {"vehicle_id": str(bike.pk)} | fields)
    assert answer.status_code == 201, answer.json()
    return answer.json()


@pytest.mark.parametrize("kind", ROWS)
def test_every_kind_is_written_read_changed_and_deleted(kind, alice, bike):
    row = made(alice, kind, bike)
    assert {name: row[name] for name in ROWS[kind]} == ROWS[kind]
    assert row["vehicle_id"] == str(bike.pk)
    url = f"{BASE}{kind}/{row['id']}/"
    assert alice.get(url).json() == row
    assert alice.get(f"{BASE}{kind}/?vehicle_id={bike.pk}").json()["results"] == [row]
    assert alice.get(f"{BASE}{kind}/?vehicle_id={uuid4()}").json()["results"] == []
    changed = alice.patch(url, {"notes": "looked at"}).json()
    assert (changed["notes"], changed["rev"]) == ("looked at", row["rev"] + 1)
    stale = alice.patch(url, {"notes": "late"}, headers={"If-Match": f'"{row["rev"]}"'})
    assert stale.status_code == 412
    assert alice.delete(url).status_code == 204
    assert alice.get(url).status_code == 404


@pytest.mark.parametrize("kind", ROWS)
def test_a_client_made_id_is_one_row(kind, alice, bike):
    key = str(uuid7())
    assert made(alice, kind, bike, id=key) == made(alice, kind, bike, id=key)


@pytest.mark.parametrize("kind", ROWS)
def test_bob_finds_no_door(kind, alice, bob, bike):
    row = made(alice, kind, bike)
    url = f"{BASE}{kind}/{row['id']}/"
    assert [bob.get(url).status_code, bob.patch(url, {}).status_code, bob.delete(url).status_code] == [
        404
    ] * 3
    assert bob.get(f"{BASE}{kind}/").json()["results"] == []
    forged = bob.post(f"{BASE}{kind}/", ROWS[kind] | {"vehicle_id": str(bike.pk)})
    assert (forged.status_code, list(forged.json()["fields"])) == (400, ["vehicle_id"])
    his = made(bob, kind, make_vehicle(make_user("bob")))
    moved = bob.patch(f"{BASE}{kind}/{his['id']}/", {"vehicle_id": str(bike.pk)})
    assert (moved.status_code, list(moved.json()["fields"])) == (400, ["vehicle_id"])
    taken = bob.post(f"{BASE}{kind}/", ROWS[kind] | {"vehicle_id": his["vehicle_id"], "id": row["id"]})
    assert (taken.status_code, list(taken.json()["fields"])) == (409, ["id"])


@pytest.mark.parametrize("model", [Mod, ServiceRecord, FuelUp, Document, Reminder, OdometerEntry])
def test_row_level_security_holds_without_any_filter(model, alice, bob, bike):
    his = make_vehicle(make_user("bob"), odometer_km=5)
    for client, vehicle in [(alice, bike), (bob, his)]:
        for kind in ROWS:
            made(client, kind, vehicle)
    for owner in ("alice", "bob"):
        with as_user(make_user(owner)):
            assert {row.owner_id for row in model.objects.all()} == {make_user(owner).pk}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ROWS)
def test_lists_cost_two_statements(kind, count, alice, bike):
    for _ in range(count):
        made(alice, kind, bike)
    with statements() as told:
        assert len(alice.get(f"{BASE}{kind}/").json()["results"]) == count
    assert len(told) == 2


BAD = [
    ("service-records", {"done_on": str(TOMORROW + timedelta(days=1))}, "done_on"),
    ("service-records", {"done_on": "01.03.2026"}, "done_on"),
    ("service-records", {"done_on": "1800-01-01"}, "done_on"),
    ("service-records", {"title": ""}, "title"),
    ("service-records", {"title": 5}, "title"),
    ("service-records", {"odometer_km": -1}, "odometer_km"),
    ("service-records", {"amount_minor": -1}, "amount_minor"),
    ("service-records", {"amount_minor": 1.5}, "amount_minor"),
    ("service-records", {"amount_minor": 10**30}, "amount_minor"),
    ("service-records", {"currency": "rupees"}, "currency"),
    ("service-records", {"currency": "inr"}, "currency"),
    ("service-records", {"currency": ""}, "currency"),
    ("service-records", {"amount_minor": None}, "amount_minor"),
    ("service-records", {"price": 5}, "price"),
    ("mods", {"removed_on": "2026-01-01"}, "removed_on"),
    ("fuel-ups", {"quantity": 0}, "quantity"),
    ("fuel-ups", {"quantity": 100000}, "quantity"),
    ("fuel-ups", {"unit": "gallon"}, "unit"),
    ("fuel-ups", {"filled_on": str(TODAY + timedelta(days=9))}, "filled_on"),
    ("documents", {"kind": "novel"}, "kind"),
    ("documents", {"expires_on": "2025-01-01"}, "expires_on"),
    ("documents", {"file_id": "00000000-0000-7000-8000-000000000000"}, "file_id"),
    ("reminders", {"due_on": None, "due_odometer_km": None}, "due_on"),
    ("reminders", {"every_months": 0}, "every_months"),
    ("reminders", {"every_km": 0}, "every_km"),
    ("reminders", {"urgency": "ok", "vehicle_id": "x"}, "vehicle_id"),
]


@pytest.mark.parametrize("kind, wrong, field", BAD, ids=str)
def test_bad_input_names_its_field_and_writes_nothing(kind, wrong, field, alice, bike):
    answer = alice.post(f"{BASE}{kind}/", ROWS[kind] | {"vehicle_id": str(bike.pk)} | wrong)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.json()
    assert alice.get(f"{BASE}{kind}/").json()["results"] == []
    row = made(alice, kind, bike)
    answer = alice.patch(f"{BASE}{kind}/{row['id']}/", wrong)
    if wrong != {"amount_minor": None}:
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.json()
        assert alice.get(f"{BASE}{kind}/{row['id']}/").json() == row


def test_a_cost_is_taken_back_with_its_currency(alice, bike):
    row = made(alice, "service-records", bike)
    free = alice.patch(f"{BASE}service-records/{row['id']}/", {"amount_minor": None}).json()
    assert (free["amount_minor"], free["currency"]) == (None, "")


def test_a_higher_reading_raises_the_odometer_a_lower_one_is_history(alice, bike):
    made(alice, "service-records", bike, odometer_km=12000)
    made(alice, "service-records", bike, odometer_km=9000)
    row = made(alice, "fuel-ups", bike, odometer_km=12300.5)
    made(alice, "mods", bike, odometer_km=99000)
    assert float(Vehicle.objects.get(pk=bike.pk).odometer_km) == 12300.5
    alice.patch(f"{BASE}fuel-ups/{row['id']}/", {"odometer_km": 12400})
    told = alice.get(f"{BASE}odometer-entries/?vehicle_id={bike.pk}").json()["results"]
    assert [(entry["reading_km"], entry["source"]) for entry in told] == [
        (12400, "fuel"), (12300.5, "fuel"), (12000, "service"),
    ]  # fmt: skip
    assert alice.post(f"{BASE}odometer-entries/", {}).status_code == 405


def test_a_paper_is_the_owners_own_upload(alice, bob, bike, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    facts = {"filename": "policy.pdf", "content_type": "application/pdf", "purpose": "document"}
    paper = upload(alice, b"%PDF-1.7 policy", **facts)
    row = made(alice, "documents", bike, file_id=paper["id"])
    assert alice.get(f"/api/v1/files/{row['file_id']}/").status_code == 200
    assert alice.delete(f"/api/v1/files/{paper['id']}/").status_code == 409
    his = upload(bob, b"%PDF-1.7 other", **facts)
    stolen = alice.patch(f"{BASE}documents/{row['id']}/", {"file_id": his["id"]})
    assert (stolen.status_code, list(stolen.json()["fields"])) == (400, ["file_id"])
    assert len(alice.get(f"{BASE}documents/?kind=insurance").json()["results"]) == 1
    assert alice.get(f"{BASE}documents/?kind=receipt").json()["results"] == []


# -- Reminders


def test_a_repeating_reminder_moves_on_when_it_is_done(alice, bike):
    row = made(
        alice, "reminders", bike, due_on=str(SOON), due_odometer_km=10200, every_km=5000, every_months=6
    )
    assert row["urgency"] == "due"
    url = f"{BASE}reminders/{row['id']}/done/"
    done = alice.post(url, {"done_on": "2026-08-31", "odometer_km": 10150}).json()
    assert (done["due_on"], done["due_odometer_km"], done["last_done_on"], done["last_done_odometer_km"]) == (
        "2027-02-28", 15150, "2026-08-31", 10150,
    )  # fmt: skip
    assert (done["urgency"], done["done_at"]) == ("ok", None)
    again = alice.post(url, {"done_on": "2026-08-31", "odometer_km": 10150}).json()
    assert again == done
    assert float(Vehicle.objects.get(pk=bike.pk).odometer_km) == 10150


def test_a_single_reminder_ends_when_it_is_done(alice, bike):
    row = made(alice, "reminders", bike, due_on="2026-01-01", due_odometer_km=None, every_km=None)
    assert row["urgency"] == "overdue"
    done = alice.post(f"{BASE}reminders/{row['id']}/done/").json()
    assert (done["urgency"], done["last_done_odometer_km"]) == ("ok", 10000)
    assert done["done_at"] is not None


@pytest.mark.parametrize(
    "wrong, field",
    [({"done_on": "2999-01-01"}, "done_on"), ({"odometer_km": "x"}, "odometer_km"), ({"by": 1}, "by")],
)
def test_done_badly_changes_nothing(wrong, field, alice, bob, bike):
    row = made(alice, "reminders", bike)
    answer = alice.post(f"{BASE}reminders/{row['id']}/done/", wrong)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert alice.get(f"{BASE}reminders/{row['id']}/").json() == row
    assert bob.post(f"{BASE}reminders/{row['id']}/done/").status_code == 404


def test_a_distance_without_an_odometer_asks_for_one(alice):
    bare = make_vehicle(make_user("alice"))
    row = made(alice, "reminders", bare, due_on=None)
    assert row["urgency"] == "ok"
    answer = alice.post(f"{BASE}reminders/{row['id']}/done/")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["odometer_km"])


# -- Consumption and costs


def naive(rows, row):
    """Per 100 km since the full tank before, by hand."""
    before = [other.odometer_km for other in rows if other.full_tank and other.odometer_km < row.odometer_km]
    if not row.full_tank or not before:
        return None
    between = [other for other in rows if max(before) < other.odometer_km <= row.odometer_km]
    if any(other.missed_previous or other.unit != row.unit for other in between):
        return None
    used = sum((other.quantity for other in between), Decimal(0))
    return round(100 * used / (row.odometer_km - max(before)), 2)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 60), st.integers(1, 30), st.booleans(), st.sampled_from([False] * 5 + [True]),
            st.sampled_from("l" * 8 + "k"),
        ),
        max_size=8,
        unique_by=lambda row: row[0],
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_consumption_is_what_one_would_count_by_hand(fills):
    bike = make_vehicle(make_user("alice"))
    FuelUp.objects.bulk_create(
        FuelUp(
            owner=bike.owner, vehicle=bike, filled_on=TODAY, odometer_km=Decimal(km * 100), quantity=Decimal(litres),
            full_tank=full, missed_previous=missed, unit="kwh" if unit == "k" else "l",
        )
        for km, litres, full, missed, unit in fills
    )  # fmt: skip
    rows = list(with_consumption(FuelUp.objects.filter(vehicle=bike)))
    for row in rows:
        told, counted = row.consumption, naive(rows, row)
        assert (told is None) == (counted is None)
        assert told is None or abs(told - counted) <= Decimal("0.01")


def test_consumption_between_full_tanks(alice, bike):
    for km, litres, full in [(12000, 10, True), (12200, 8, False), (12500, 12, True), (12800, 12, True)]:
        made(alice, "fuel-ups", bike, odometer_km=km, quantity=litres, full_tank=full)
    told = alice.get(f"{BASE}fuel-ups/").json()["results"]
    assert [row["consumption_per_100km"] for row in told] == [4, 4, None, None]


def test_costs_by_month_and_kilometre(alice, bike):
    made(alice, "service-records", bike, done_on="2026-03-01", odometer_km=12000)
    made(alice, "fuel-ups", bike, filled_on="2026-03-02", odometer_km=12100)
    made(alice, "fuel-ups", bike, filled_on="2026-04-02", odometer_km=12570)
    made(alice, "mods", bike, installed_on="2026-04-03", amount_minor=9900, currency="EUR")
    made(alice, "service-records", bike, done_on="2020-01-01", odometer_km=100)
    free = {"amount_minor": None, "currency": "", "done_on": "2026-04-01", "odometer_km": None}
    made(alice, "service-records", bike, **free)
    span = f"vehicle_id={bike.pk}&date_from=2026-03-01&date_to=2026-04-30"
    assert alice.get(f"{BASE}costs/?{span}").json() == {
        "months": [
            {"month": "2026-03", "currency": "INR", "service_minor": 450000, "fuel_minor": 120000, "mods_minor": 0,
             "total_minor": 570000},
            {"month": "2026-04", "currency": "EUR", "service_minor": 0, "fuel_minor": 0, "mods_minor": 9900,
             "total_minor": 9900},
            {"month": "2026-04", "currency": "INR", "service_minor": 0, "fuel_minor": 120000, "mods_minor": 0,
             "total_minor": 120000},
        ],
        "totals": [
            {"currency": "EUR", "total_minor": 9900, "per_km_minor": 17.37},
            {"currency": "INR", "total_minor": 690000, "per_km_minor": 1210.53},
        ],
        "distance_km": 570,
    }  # fmt: skip
    charts = alice.get(f"{BASE}charts/?{span}").json()
    assert [point["odometer_km"] for point in charts["odometer"]] == [12000, 12100, 12570]
    assert charts["consumption"] == [{"date": "2026-04-02", "per_100km": 2.45, "unit": "l"}]
    assert charts["fuel_price"][0] == {
        "date": "2026-03-02", "per_unit_minor": 10434.78, "unit": "l", "currency": "INR",
    }  # fmt: skip
    assert charts["cost"][0] == {"month": "2026-03", "currency": "INR", "total_minor": 570000}


def test_an_empty_log_costs_nothing(alice, bike):
    answer = alice.get(f"{BASE}costs/?vehicle_id={bike.pk}").json()
    assert answer == {"months": [], "totals": [], "distance_km": None}
    empty = {"odometer": [], "consumption": [], "fuel_price": [], "cost": []}
    assert alice.get(f"{BASE}charts/?vehicle_id={bike.pk}").json() == empty


@pytest.mark.parametrize("path", ["costs", "charts"])
def test_sums_are_the_owners_own(path, alice, bob, bike):
    for client, query, field in [
        (bob, f"vehicle_id={bike.pk}", "vehicle_id"),
        (alice, "", "vehicle_id"),
        (alice, f"vehicle_id={bike.pk}&date_from=x", "date_from"),
        (alice, f"vehicle_id={bike.pk}&date_from=2026-05-01&date_to=2026-04-01", "date_from"),
        (alice, f"vehicle_id={bike.pk}&colour=blue", "colour"),
    ]:
        answer = client.get(f"{BASE}{path}/?{query}")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
