"""The odometer log as CSV: a past of rising numbers, or a correction that says so."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garage.models import OdometerEntry, Vehicle
from garage.services.readings import Line
from garage.tests.making import make_vehicle
from garage.tests.test_tables import brought
from tests.cast import make_user

pytestmark = pytest.mark.django_db
BASE = "/api/v1/garage/"
KIND = "odometer-entries"
HEAD = "read_at,reading_km,source,note\n"


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bike():
    return make_vehicle(make_user("alice"))


def bring(client, bike, text, more=""):
    return brought(client, KIND, HEAD + text, f"vehicle_id={bike.pk}{more}")


def readings(bike):
    rows = OdometerEntry.objects.filter(vehicle=bike).order_by("read_at")
    return [(f"{row.read_at:%Y-%m-%d}", float(row.reading_km), row.source) for row in rows]


def shown(bike):
    value = Vehicle.objects.get(pk=bike.pk).odometer_km
    return None if value is None else float(value)


def told(answer):
    return {line: list(fields) for line, fields in answer.json()["fields"]["rows"].items()}


def test_a_history_comes_in_and_the_newest_shows(alice, bike):
    text = "2025-03-01,12000.5,,Workshop\n2024-03-01,5000,owner,\n2026-01-05T10:00:00+05:30,15000,,\n"
    assert bring(alice, bike, text).json() == {"created": 3, "unchanged": 0, "errors": {}}
    assert readings(bike) == [
        ("2024-03-01", 5000, "owner"), ("2025-03-01", 12000.5, "owner"), ("2026-01-05", 15000, "owner"),
    ]  # fmt: skip
    assert shown(bike) == 15_000
    assert bring(alice, bike, text).json() == {"created": 0, "unchanged": 3, "errors": {}}
    assert OdometerEntry.objects.count() == 3


def test_what_goes_out_comes_back_in(alice, bike, client_for):
    bring(alice, bike, "2024-03-01,5000,,=1+1\n2025-03-01,900,correction,New clock\n2026-01-05,1500,,\n")
    out = alice.get(f"{BASE}{KIND}/export.csv").content.decode()
    assert brought(alice, KIND, out).json() == {"created": 0, "unchanged": 3, "errors": {}}
    other = make_vehicle(make_user("bob"))
    rows = list(csv.DictReader(io.StringIO(out)))
    bare = HEAD + "".join(
        f"{row['read_at']},{row['reading_km']},{row['source']},{row['note']}\n" for row in rows
    )
    bob = client_for(make_user("bob"))
    assert brought(bob, KIND, bare, f"vehicle_id={other.pk}").json()["created"] == 3
    assert (readings(other), shown(other)) == (readings(bike), 1_500)
    assert OdometerEntry.objects.filter(vehicle=other).earliest("read_at").note == "=1+1"


def test_it_never_falls_without_a_correction_and_nothing_is_half_done(alice, bike):
    text = "2024-01-01,5000,,\n2025-01-01,4000,,\n2025-06-01,6000,,\n"
    refused = bring(alice, bike, text)
    assert (refused.status_code, refused.json()["code"], told(refused)) == (
        400, "import_refused", {"3": ["reading_km"]},
    )  # fmt: skip
    assert refused.json()["fields"]["rows"]["3"]["reading_km"] == [
        "The odometer can't fall: it showed 5000.0 km on 2024-01-01. "
        "If that was wrong, give this row the source correction."
    ]
    assert (readings(bike), shown(bike)) == ([], None)
    assert bring(alice, bike, text, "&dry_run=true").json()["created"] == 2
    assert readings(bike) == []
    assert bring(alice, bike, text, "&skip_errors=true").json()["created"] == 2
    assert [km for _, km, _ in readings(bike)] == [5000, 6000]
    assert (
        bring(alice, bike, "2025-07-01,100,correction,Wrong clock\n2025-08-01,200,,\n").json()["created"] == 2
    )
    assert shown(bike) == 200


def test_a_row_must_fit_between_what_is_known(alice, bike):
    bring(alice, bike, "2024-01-01,5000,,\n2026-01-01,9000,,\n")
    assert told(bring(alice, bike, "2025-01-01,9500,,\n")) == {"2": ["reading_km"]}
    assert told(bring(alice, bike, "2025-01-01,4999,,\n")) == {"2": ["reading_km"]}
    assert told(bring(alice, bike, "2025-01-01,9500,correction,\n")) == {"2": ["reading_km"]}
    assert bring(alice, bike, "2025-01-01,7000,,\n").json()["created"] == 1
    assert shown(bike) == 9_000


def test_a_reading_of_the_phone_counts_too(alice, bike):
    assert alice.patch(f"{BASE}vehicles/{bike.pk}/", {"odometer_km": 20_000}).status_code == 200
    assert bring(alice, bike, "2025-01-01,12000,,\n").json()["created"] == 1
    assert shown(bike) == 20_000
    assert told(bring(alice, bike, "2025-02-01,30000,,\n")) == {"2": ["reading_km"]}


def test_history_of_a_vehicle_that_shows_more_changes_nothing_of_it(alice):
    bike = make_vehicle(make_user("alice"), odometer_km=10_000)
    bring(alice, bike, "2020-01-01,4000,,\n")
    assert shown(bike) == 10_000


@pytest.mark.parametrize(
    "row,field",
    [
        ("2999-01-01,5,,", "read_at"),
        ("1700-01-01,5,,", "read_at"),
        ("01/02/2025,5,,", "read_at"),
        ("2025-02-30,5,,", "read_at"),
        ("2025-01-01T10:00:00,5,,", "read_at"),
        (",5,,", "read_at"),
        ("2025-01-01,-5,,", "reading_km"),
        ("2025-01-01,many,,", "reading_km"),
        ("2025-01-01,99999999,,", "reading_km"),
        ("2025-01-01,,,", "reading_km"),
        ("2025-01-01,5,guess,", "source"),
        (f"2025-01-01,5,,{'x' * 201}", "note"),
    ],
)
def test_odd_rows_are_named_and_nothing_comes_in(alice, bike, row, field):
    refused = bring(alice, bike, f"2020-01-01,1,,\n{row}\n")
    assert (refused.status_code, told(refused)) == (400, {"3": [field]})
    assert (readings(bike), shown(bike)) == ([], None)


def test_bob_brings_no_reading_to_alices_vehicle(client_for, bike):
    bob = client_for(make_user("bob"))
    assert bring(bob, bike, "2025-01-01,5,,\n").status_code == 400
    text = f"vehicle_id,read_at,reading_km\n{bike.pk},2025-01-01,5\n"
    assert told(brought(bob, KIND, text)) == {"2": ["vehicle_id"]}
    assert readings(bike) == []


def test_a_table_from_elsewhere_is_the_owner_s_word(alice, bike):
    """Only a device's own upload is telemetry."""
    bring(alice, bike, "2025-01-01,5,telematics,\n")
    assert readings(bike) == [("2025-01-01", 5, "owner")]


START = datetime(2020, 1, 1, tzinfo=UTC)
points = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40), st.sampled_from([False, False, False, True])),
    max_size=12,
)


@settings(max_examples=150, deadline=timedelta(seconds=2))
@given(points)
def test_whatever_order_rows_come_in_the_line_never_falls_by_itself(rows):
    line = Line()
    for day, km, corrects in rows:
        at = START + timedelta(days=day)
        if not line.problem(at, Decimal(km), corrects):
            line.add(at, Decimal(km), corrects)
    for before, after in pairwise(line.points):
        assert before[0] <= after[0]
        assert before[1] <= after[1] or after[2]
