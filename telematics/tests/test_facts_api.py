"""The routes of facts: Alice's journey, Bob at every door, and what a list costs."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.clock import held_at, now
from core.testing.counting import statements as told_to_the_database
from core.testing.jobs import run_jobs
from garage.models import FuelUp
from telematics.instants import millis, moment
from telematics.models import (
    Alert,
    AlertRule,
    DtcDefinition,
    DtcEvent,
    Geofence,
    MaintenancePlan,
    Segment,
    Source,
    Trip,
    TripEdit,
)
from telematics.ports import TroubleCode
from telematics.services import dtcs, facts, maintenance
from telematics.services.store import append
from telematics.tests.making import make_vehicle
from telematics.tests.making_drives import T0, course
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_vehicle(alice)


@pytest.fixture
def rider(alice, client_for):
    return client_for(alice)


def put(bike, samples):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


def two_trips(bike, **signals):
    signals = {"lat": 48.0, "lon": 11.0, "fuel_rate": 6.0} | signals
    put(bike, course((600, 60), (400, 0), (900, 90), **signals).take(slice(None, None, 5)))


def at(path, bike):
    return f"/api/v1/telematics/{bike.pk}/{path}/"


# -- Trips


def test_trips_are_there_as_soon_as_the_samples_are(bike, rider):
    two_trips(bike)
    trips = rider.get(at("trips", bike)).json()["results"]
    assert [(one["start_at"], round(one["distance_m"]), one["distance_source"]) for one in trips] == [
        ("2024-01-01T00:16:40Z", 22375, "speed"),
        ("2024-01-01T00:00:00Z", 9917, "speed"),
    ]
    assert trips[1]["l_per_100km"] == pytest.approx(6 / 60 * 100, rel=0.01)
    assert rider.get(f"/api/v1/telematics/trips/{trips[0]['id']}/").json() == trips[0]
    stops = rider.get(at("stops", bike)).json()["results"]
    assert [(one["duration_s"], one["lat"]) for one in stops] == [(None, 48.0), (405.0, 48.0)]
    days = rider.get(at("daily", bike) + "?to=2024-02-01T00:00:00Z").json()["results"]
    assert [(one["day"], one["samples"]) for one in days] == [("2024-01-01", 380)]


def test_labels_joins_and_splits_survive_what_comes_later(bike, rider):
    two_trips(bike)
    second, first = rider.get(at("trips", bike)).json()["results"]
    path = f"/api/v1/telematics/trips/{first['id']}/"
    labelled = rider.patch(path, {"label": "business", "note": "To the customer"}, format="json")
    assert (labelled.status_code, labelled.json()["label"]) == (200, "business")
    joined = rider.patch(path, {"merge_with": second["id"]}, format="json").json()
    assert (joined["start_at"], joined["end_at"]) == (first["start_at"], second["end_at"])
    put(bike, course((60, 90), start=T0 + 1_900_000, lat=48.0, lon=11.0))
    run_jobs()
    (whole,) = rider.get(at("trips", bike)).json()["results"]
    assert (whole["label"], whole["note"], whole["start_at"]) == (
        "business",
        "To the customer",
        first["start_at"],
    )
    path = f"/api/v1/telematics/trips/{whole['id']}/"
    part = rider.patch(path, {"split_at": "2024-01-01T00:20:00Z"}, format="json")
    assert part.status_code == 200
    ends = [
        (one["start_at"][11:19], one["end_at"][11:19])
        for one in rider.get(at("trips", bike)).json()["results"]
    ]
    assert ends == [("00:20:00", "00:32:39"), ("00:00:00", "00:19:55")]
    put(bike, course((60, 90), start=T0 + 1_960_000, lat=48.0, lon=11.0))
    facts.settle(bike.pk)
    assert Trip.objects.live().count() == 2


def test_both_halves_of_a_trip_keep_its_words(bike, rider):
    two_trips(bike)
    first = rider.get(at("trips", bike)).json()["results"][1]
    path = f"/api/v1/telematics/trips/{first['id']}/"
    rider.patch(path, {"label": "business", "note": "To the customer"}, format="json")
    assert (
        rider.patch(path, {"split_at": "2024-01-01T00:04:00Z"}, format="json").json()["label"] == "business"
    )
    told = [(one["label"], one["note"]) for one in rider.get(at("trips", bike)).json()["results"]]
    assert told == [("", ""), ("business", "To the customer"), ("business", "To the customer")]


def test_a_trip_whose_samples_are_gone_can_be_labelled_but_not_cut(bike, rider):
    two_trips(bike)
    second, first = rider.get(at("trips", bike)).json()["results"]
    Segment.objects.all().delete()
    path = f"/api/v1/telematics/trips/{first['id']}/"
    for wish in ({"split_at": "2024-01-01T00:04:00Z"}, {"merge_with": second["id"]}):
        answer = rider.patch(path, wish, format="json")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, list(wish))
    assert TripEdit.objects.count() == 0
    assert rider.patch(path, {"label": "private"}, format="json").json()["label"] == "private"
    assert Trip.objects.live().count() == 2


@pytest.mark.parametrize(
    "wish, field",
    [
        ({}, "label"),
        ({"label": "holiday"}, "label"),
        ({"split_at": "2024-01-02T00:00:00Z"}, "split_at"),
        ({"split_at": "yesterday"}, "split_at"),
        ({"merge_with": str(uuid4())}, "merge_with"),
        ({"label": "private", "split_at": "2024-01-01T00:05:00Z"}, "split_at"),
        ({"distance_m": 1}, "distance_m"),
    ],
)
def test_edits_that_cannot_be_name_their_field_and_leave_no_trace(wish, field, bike, rider):
    two_trips(bike)
    trip = rider.get(at("trips", bike)).json()["results"][0]
    answer = rider.patch(f"/api/v1/telematics/trips/{trip['id']}/", wish, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert TripEdit.objects.count() == 0


def test_economy_knows_what_it_cost(bike, alice, rider):
    two_trips(bike)
    FuelUp.objects.create(
        owner=alice, vehicle=bike, filled_on="2024-01-01", quantity=10, amount_minor=105_000, currency="INR"
    )
    told = rider.get(at("economy", bike)).json()
    litres = 6 * (595 + 900 - 5) / 3600
    assert told["fuel_l"] == pytest.approx(litres, rel=0.01)
    assert told["l_per_100km"] == pytest.approx(litres / told["distance_m"] * 100_000, rel=1e-3)
    assert told["km_per_l"] * told["l_per_100km"] == pytest.approx(100, rel=1e-3)
    assert told["mpg_us"] == pytest.approx(235.2146 / told["l_per_100km"], rel=1e-3)
    assert told["cost"] == {
        "amount_minor": pytest.approx(told["fuel_l"] * 10_500, abs=6),
        "currency": "INR",
        "per_l_minor": 10_500.0,
    }
    assert rider.get(at("economy", bike) + "?from=2025-01-01T00:00:00Z").json()["trips"] == 0
    assert rider.get(at("economy", bike) + "?tank_l=-1").status_code == 400


# -- Trouble codes


def report(bike, ms, codes, mil=None):
    dtcs.reported(
        bike.pk, bike.owner_id, ms, None if codes is None else [TroubleCode(*one) for one in codes], mil
    )


def test_a_code_is_told_in_words_with_what_to_do_next(bike, rider):
    DtcDefinition.objects.create(make="yamaha", code="P0133", text="O2 sensor: slow")
    report(bike, T0, [("P0133",), ("P0524", "pending", {"rpm": 900})])
    report(bike, T0 + 60_000, [("P0524", "stored")])
    first, second = sorted(rider.get(at("dtcs", bike)).json()["results"], key=lambda one: one["code"])
    assert (first["meaning"]["text"], first["meaning"]["origin"]) == ("O2 sensor: slow", "Yamaha")
    assert (first["cleared_at"], first["occurrences"]) == ("2024-01-01T00:01:00Z", 1)
    assert (second["status"], second["occurrences"], second["cleared_at"]) == ("stored", 2, None)
    assert second["freeze_frame"] == {"rpm": 900}
    assert (second["meaning"]["severity"], second["meaning"]["safe_to_ride"]) == ("stop", "no")
    assert second["links"]["book"]["body"] == {
        "vehicle_id": str(bike.pk), "notes": "Trouble code P0524: Engine oil pressure too low",
    }  # fmt: skip
    assert "P0524" in second["links"]["ask"]["body"]["message"]
    seen = rider.post(f"/api/v1/telematics/dtcs/{second['id']}/ack/").json()
    again = rider.post(f"/api/v1/telematics/dtcs/{second['id']}/ack/").json()
    assert seen["acked_at"] == again["acked_at"] is not None
    opened = rider.get(at("dtcs", bike) + "?open=true").json()["results"]
    assert [one["code"] for one in opened] == ["P0524"]


REPORTS = [
    (0, [("P0301",)]), (60, [("P0301",), ("P0420",)]), (120, []), (180, None), (240, [("P0301", "pending")]),
    (300, [("P0301",)]),
]  # fmt: skip


@pytest.mark.parametrize(
    "order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (2, 0, 5, 1, 4, 3, 1, 0), (4, 1, 1, 0, 5, 3, 2)]
)
def test_any_order_of_reports_gives_the_same_spells(order, bike):
    for number in order:
        seconds, codes = REPORTS[number]
        report(bike, T0 + seconds * 1000, codes)
    rows = DtcEvent.objects.live().order_by("first_seen", "code")
    told = [(r.code, r.status, millis(r.first_seen) - T0, millis(r.last_seen) - T0, r.occurrences,
             r.cleared_at and millis(r.cleared_at) - T0) for r in rows]  # fmt: skip
    assert told == [
        ("P0301", "stored", 0, 60_000, 2, 120_000),
        ("P0420", "stored", 60_000, 60_000, 1, 120_000),
        ("P0301", "stored", 240_000, 300_000, 2, None),
    ]
    assert Alert.objects.live().filter(kind="dtc_new").count() == 3


def test_a_new_code_and_the_lamp_are_told_once_and_only_when_fresh(bike, alice, monkeypatch):
    from telematics.services import alerting

    told = []
    monkeypatch.setattr(
        dtcs, "notify", lambda user, kind, title, body, **more: told.append((kind, title, more["book"]))
    )
    monkeypatch.setattr(
        alerting, "notify", lambda user, kind, title, *said, **more: told.append((kind, title))
    )
    with held_at(moment(T0 + 86_400_000)):
        report(bike, T0, [("P0301",)], mil=True)
    assert told == []
    with held_at(moment(T0 + 3_660_000)):
        report(bike, T0 + 3_600_000, [("P0301",), ("P0420",)], mil=False)
        report(bike, T0 + 3_630_000, [("P0301",), ("P0420",)], mil=True)
        report(bike, T0 + 3_630_000, [("P0301",), ("P0420",)], mil=True)
    assert told == [
        (
            "vehicle_dtc",
            "P0420: Catalyst: efficiency below its threshold, bank 1",
            "/api/v1/appointments/book/",
        ),
        ("vehicle_mil", "The engine warning light came on", "/api/v1/appointments/book/"),
    ]
    AlertRule.objects.create(owner=alice, kind="dtc_new", active=False)
    with held_at(moment(T0 + 3_660_000)):
        report(bike, T0 + 3_650_000, [("P0128",)])
    assert len(told) == 2


def test_what_a_code_means_for_anybody_logged_in(rider):
    assert rider.get("/api/v1/telematics/dtc-codes/p0301/").json()["text"] == "Misfire in cylinder 1"
    assert rider.get("/api/v1/telematics/dtc-codes/P1234/?make=BMW").json()["known"] is False
    wrong = rider.get("/api/v1/telematics/dtc-codes/nonsense/")
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["code"])


# -- Rules, places, alerts


def test_a_rule_finds_and_the_owner_acknowledges(bike, rider):
    home = rider.post(
        "/api/v1/telematics/geofences/",
        {"name": "Home", "lat": 48.0, "lon": 11.0, "radius_m": 300},
        format="json",
    )
    assert home.status_code == 201
    with held_at(moment(T0 - 1000)):
        made = rider.post(
            "/api/v1/telematics/alert-rules/", {"kind": "overspeed", "params": {"limit": 80}}, format="json"
        )
    assert made.status_code == 201, made.json()
    two_trips(bike)
    (alert,) = rider.get(at("alerts", bike)).json()["results"]
    assert (alert["title"], alert["value"], alert["lat"]) == ("Overspeed: 90 km/h", 90.0, 48.0)
    assert rider.post(f"/api/v1/telematics/alerts/{alert['id']}/ack/").json()["seen_at"] is not None
    assert rider.get(at("alerts", bike) + "?seen=false").json()["results"] == []
    before = AlertRule.objects.get().since
    path = f"/api/v1/telematics/alert-rules/{made.json()['id']}/"
    assert rider.patch(path, {"name": "Not too fast"}, format="json").status_code == 200
    assert AlertRule.objects.get().since == before
    assert rider.patch(path, {"params": {"limit": 50}}, format="json").status_code == 200
    assert AlertRule.objects.get().since > before


@pytest.mark.parametrize(
    "path, body, field",
    [
        ("geofences", {"name": "x"}, "radius_m"),
        ("geofences", {"name": "x", "lat": 1, "lon": 2}, "radius_m"),
        ("geofences", {"name": "x", "lat": 91, "lon": 2, "radius_m": 50}, "lat"),
        ("geofences", {"name": "x", "corners": [[1, 2], [3, 4]]}, "corners"),
        ("geofences", {"name": "x", "corners": [[1, 2], [3, 4], [5, 400]]}, "corners"),
        ("geofences", {"name": "x", "corners": [[1, -170], [3, 4], [5, 170]]}, "corners"),
        ("geofences", {"name": "x", "lat": 1, "lon": 2, "radius_m": 50, "corners": [[1, 2], [3, 4], [5, 6]]}, "corners"),
        ("alert-rules", {"kind": "warp"}, "kind"),
        ("alert-rules", {"kind": "overspeed", "params": {"speed": 1}}, "params"),
        ("alert-rules", {"kind": "overspeed", "params": {"limit": -1}}, "params"),
        ("alert-rules", {"kind": "overspeed", "params": {"limit": "fast"}}, "params"),
        ("alert-rules", {"kind": "geofence"}, "geofence_id"),
        ("alert-rules", {"kind": "overspeed", "vehicle_id": "0190a0a0-0000-7000-8000-000000000000"}, "vehicle_id"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_are_refused_by_field(path, body, field, rider):
    answer = rider.post(f"/api/v1/telematics/{path}/", body, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert (Geofence.objects.count(), AlertRule.objects.count()) == (0, 0)


def test_a_place_takes_its_rules_along(alice, rider):
    fence = Geofence.objects.create(owner=alice, name="Home", lat=48, lon=11, radius_m=300)
    rule = AlertRule.objects.create(owner=alice, kind="geofence", geofence=fence)
    assert rider.delete(f"/api/v1/telematics/geofences/{fence.pk}/").status_code == 204
    rule.refresh_from_db()
    assert rule.deleted_at is not None


# -- Maintenance


def test_maintenance_by_way_date_and_hours(bike, rider, alice):
    two_trips(bike, odometer=lambda s: 9_000 + s / 100)
    made = rider.post(
        at("maintenance", bike),
        {
            "title": "Oil",
            "every_km": 5000,
            "every_months": 12,
            "last_done_on": "2026-06-01",
            "last_done_km": 4200,
        },
        format="json",
    )
    assert made.status_code == 201, made.json()
    facts.settle(bike.pk)
    with held_at(moment(T0).replace(year=2026, month=11)):
        (plan,) = rider.get(at("maintenance", bike)).json()["results"]
        assert (plan["urgency"], plan["due_on"], plan["due_km"]) == ("soon", "2027-06-01", 9200.0)
        assert maintenance.tell_due() == 1
        assert maintenance.tell_due() == 0
        assert Alert.objects.get(kind="maintenance").title == "Oil is due soon"
        done = rider.post(f"/api/v1/telematics/maintenance/{plan['id']}/done/", {}, format="json").json()
    assert (done["urgency"], done["last_done_on"]) == ("ok", "2026-11-01")
    assert done["last_done_km"] == pytest.approx(9_009, abs=10)
    bad = rider.post(at("maintenance", bike), {"title": "x", "last_done_on": "2026-06-01"}, format="json")
    assert (bad.status_code, list(bad.json()["fields"])) == (400, ["every_km"])


def test_a_silent_device_is_told_once(bike, alice):
    AlertRule.objects.create(owner=alice, kind="silent", params={"days": 3})
    two_trips(bike)
    assert maintenance.tell_silent() == 0
    with held_at(now() + timedelta(days=4)):
        assert (maintenance.tell_silent(), maintenance.tell_silent()) == (1, 0)


# -- Strangers, costs


def test_bob_finds_no_door(bike, alice, client_for, rider):
    rule = AlertRule.objects.create(owner=alice, kind="overspeed", params={"limit": 80}, since=moment(T0 - 1))
    fence = Geofence.objects.create(owner=alice, name="Home", lat=48, lon=11, radius_m=300)
    plan = MaintenancePlan.objects.create(
        owner=alice, vehicle=bike, title="Oil", every_km=5000, last_done_on="2026-01-01"
    )
    two_trips(bike)
    report(bike, T0, [("P0301",)])
    facts.settle(bike.pk)
    trip, event, alert = Trip.objects.first(), DtcEvent.objects.get(), Alert.objects.filter(rule=rule).get()
    doors = [
        *(("get", at(path, bike)) for path in ("trips", "stops", "daily", "economy", "dtcs", "alerts", "maintenance",
                                               "device-keys", "import")),
        ("get", f"/api/v1/telematics/trips/{trip.pk}/"), ("get", f"/api/v1/telematics/dtcs/{event.pk}/"),
        ("get", f"/api/v1/telematics/alerts/{alert.pk}/"), ("get", f"/api/v1/telematics/alert-rules/{rule.pk}/"),
        ("get", f"/api/v1/telematics/geofences/{fence.pk}/"), ("get", f"/api/v1/telematics/maintenance/{plan.pk}/"),
    ]  # fmt: skip
    deeds = [
        ("patch", f"/api/v1/telematics/trips/{trip.pk}/", {"label": "private"}),
        ("post", f"/api/v1/telematics/dtcs/{event.pk}/ack/", {}),
        ("post", f"/api/v1/telematics/alerts/{alert.pk}/ack/", {}),
        ("patch", f"/api/v1/telematics/alert-rules/{rule.pk}/", {"active": False}),
        ("delete", f"/api/v1/telematics/geofences/{fence.pk}/", None),
        ("post", f"/api/v1/telematics/maintenance/{plan.pk}/done/", {}),
        ("post", at("device-keys", bike), {"protocol": "torque"}),
        ("post", at("maintenance", bike), {"title": "x", "every_km": 1, "last_done_on": "2026-01-01"}),
    ]
    bob = client_for(make_user("bob"))
    for how, path in doors:
        assert getattr(rider, how)(path).status_code == 200, path
        absent = bob.get(path)
        assert (absent.status_code, absent.json()["code"]) == (404, "not_found"), path
    for how, path, body in deeds:
        assert getattr(bob, how)(path, body, format="json").status_code == 404, path
    assert bob.get("/api/v1/telematics/alert-rules/").json()["results"] == []
    trip.refresh_from_db()
    assert (trip.label, DtcEvent.objects.get().acked_at, Geofence.objects.live().count()) == ("", None, 1)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("path, statements", [("trips", 4), ("dtcs", 3), ("alerts", 4), ("maintenance", 5)])
def test_a_list_costs_the_same_for_one_and_three(
    path, statements, count, bike, alice, rider, django_assert_num_queries
):
    when = moment(T0)
    for number in range(count):
        row = {"owner": alice, "vehicle": bike}
        start, end = when + timedelta(hours=number), when + timedelta(hours=number, minutes=5)
        Trip.objects.create(start_at=start, end_at=end, distance_m=1, drive_s=1, idle_s=0, samples=1, **row)
        DtcEvent.objects.create(
            code=f"P030{number}", status="stored", first_seen=start, last_seen=end, occurrences=1, **row
        )
        Alert.objects.create(kind="overspeed", start_at=start, end_at=end, title="Fast", **row)
        MaintenancePlan.objects.create(title="Oil", every_km=1, last_done_on="2026-01-01", **row)
    with told_to_the_database() as told:  # session, vehicle, is anything dirty, rows, readings
        page = rider.get(at(path, bike)).json()
    assert (len(told), len(page["results"])) == (statements, count)
