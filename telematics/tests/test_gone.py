"""What goes: all that is about a vehicle with its owner's vehicle, and reports of trouble codes with the years."""

from datetime import timedelta

import pytest

from core.clock import held_at
from core.testing.jobs import run_jobs
from sync.testing import number_at_once
from telematics.instants import millis, moment
from telematics.models import Alert, AlertRule, DeviceKey, Dirty, DtcEvent, DtcReport, Latest, Source, Trip
from telematics.ports import TroubleCode
from telematics.services import dtcs, facts
from telematics.services.devices import make_key
from telematics.services.retention import retain
from telematics.services.store import append
from telematics.tests.making import make_vehicle
from telematics.tests.making_drives import T0, course

pytestmark = pytest.mark.django_db
DAY_MS = 86_400_000
SYNCED = ("trips", "dtcs", "alerts", "alert_rules")


def put(bike, samples):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


def report(bike, ms, *codes, mil=None):
    dtcs.reported(bike.pk, bike.owner_id, ms, [TroubleCode(code) for code in codes], mil)


# -- With the vehicle


@pytest.fixture
def ridden(bike, alice):
    """A vehicle with a row of each kind."""
    AlertRule.objects.create(
        owner=alice, vehicle=bike, kind="overspeed", params={"limit": 80}, since=moment(T0)
    )
    put(bike, course((600, 100)))
    report(bike, T0, "P0301")
    facts.settle(bike.pk)
    return bike


def pull(client, cursor=None):
    return client.post("/api/v1/sync/pull/", {"cursor": cursor, "collections": ["vehicles", *SYNCED]}).json()


def test_phones_learn_that_what_was_about_a_vehicle_is_gone(alice, client_for):
    number_at_once()
    bike, other = make_vehicle(alice), make_vehicle(alice)
    phone = client_for(alice)
    for one in (bike, other):
        AlertRule.objects.create(
            owner=alice, vehicle=one, kind="overspeed", params={"limit": 80}, since=moment(T0)
        )
        put(one, course((600, 100)))
        report(one, T0, "P0301")
        facts.settle(one.pk)
    page = pull(phone)
    known = {name: page["changes"][name]["created"] + page["changes"][name]["updated"] for name in SYNCED}
    lost = {
        name: {row["id"] for row in rows if row["vehicle_id"] == str(bike.pk)} for name, rows in known.items()
    }
    assert {name: len(ids) for name, ids in lost.items()} == {
        "trips": 1,
        "dtcs": 1,
        "alerts": 2,
        "alert_rules": 1,
    }
    assert phone.delete(f"/api/v1/garage/vehicles/{bike.pk}/").status_code == 204
    told = pull(phone, page["cursor"])["changes"]
    assert {name: set(told[name]["deleted"]) for name in SYNCED} == lost
    assert told["vehicles"]["deleted"] == [str(bike.pk)]
    fresh = pull(phone)["changes"]
    for name in SYNCED:
        assert {row["vehicle_id"] for row in fresh[name]["created"] + fresh[name]["updated"]} == {
            str(other.pk)
        }


def test_a_deleted_vehicle_gets_no_facts_any_more_and_its_devices_are_refused(
    ridden, alice, client_for, anyone
):
    _, secret = make_key(ridden, protocol="torque")
    put(ridden, course((600, 100), start=T0 + DAY_MS))
    rider = client_for(alice)
    assert rider.delete(f"/api/v1/garage/vehicles/{ridden.pk}/").status_code == 204
    assert not Dirty.objects.exists()
    Dirty.objects.create(vehicle_id=ridden.pk, owner_id=alice.pk, t0=moment(T0), t1=moment(T0 + 1))
    facts.settle(ridden.pk)
    run_jobs()
    for model in (Trip, Alert, AlertRule, DtcEvent, DeviceKey):
        assert not model.objects.live().exists(), model
    assert anyone.get(f"/api/v1/ingest/torque/{secret}/", {"time": T0, "kd": 50}).status_code == 404
    batch = {"samples": [{"t": T0, "speed": 1}]}
    assert rider.post(f"/api/v1/telematics/{ridden.pk}/", batch).status_code == 404


def test_what_came_late_goes_with_the_night_and_all_of_it_after_a_month(ridden, alice, client_for):
    client_for(alice).delete(f"/api/v1/garage/vehicles/{ridden.pk}/")
    Trip.objects.update(deleted_at=None)  # as if a job had just made it
    retain()
    assert (Trip.objects.live().count(), Trip.objects.count()) == (0, 1)
    assert Latest.objects.exists()
    ridden.refresh_from_db()
    with held_at(ridden.deleted_at + timedelta(days=31)):
        retain()
    for model in (Trip, Alert, DtcEvent, DtcReport, Latest):
        assert not model.objects.exists(), model


# -- Reports


def told(bike):
    rows = DtcEvent.objects.live().filter(vehicle=bike).order_by("first_seen", "code")
    return [
        (row.code, (millis(row.first_seen) - T0) // DAY_MS, (millis(row.last_seen) - T0) // DAY_MS, row.occurrences,
         row.cleared_at and (millis(row.cleared_at) - T0) // DAY_MS)
        for row in rows
    ]  # fmt: skip


def lamps(bike):
    rows = Alert.objects.live().filter(vehicle=bike, kind="mil_on").order_by("start_at")
    return [(millis(row.start_at) - T0) // DAY_MS for row in rows]


def history(bike, first=0, last=200):
    """P0301 on days 5 to 50; P0420 from day 20 on, with the lamp from day 25; a report every fifth day."""
    for day in range(first, last, 5):
        codes = [code for code, begin, end in (("P0301", 5, 50), ("P0420", 20, 999)) if begin <= day <= end]
        report(bike, T0 + day * DAY_MS, *codes, mil=day >= 25)


EXPECTED = [("P0301", 5, 50, 10, 55), ("P0420", 20, 195, 36, None)]


def test_old_reports_go_and_what_followed_from_them_stays(bike):
    history(bike)
    assert (told(bike), lamps(bike)) == (EXPECTED, [25])
    ids = set(DtcEvent.objects.values_list("pk", flat=True))
    with held_at(moment(T0 + 200 * DAY_MS)):
        assert dtcs.purge_reports() == 21  # of days 0 to 100; that of day 105 says how things stood
        assert dtcs.purge_reports() == 0
    assert DtcReport.objects.count() == 19
    dtcs.renew(bike)
    assert (told(bike), lamps(bike)) == (EXPECTED, [25])
    assert set(DtcEvent.objects.values_list("pk", flat=True)) == ids


def test_purging_on_the_way_tells_the_same_as_never(bike):
    for day in range(0, 200, 25):
        history(bike, day, day + 25)
        with held_at(moment(T0 + (day + 25) * DAY_MS)):
            dtcs.purge_reports()
    assert (told(bike), lamps(bike)) == (EXPECTED, [25])
    assert DtcReport.objects.filter(anchor=True).count() == 1
    report(bike, T0 + 7 * DAY_MS, "P0999", mil=False)  # of a time that is settled
    report(bike, T0 + 201 * DAY_MS, mil=False)
    report(bike, T0 + 202 * DAY_MS, "P0420", mil=True)
    assert told(bike) == [EXPECTED[0], ("P0420", 20, 195, 36, 201), ("P0420", 202, 202, 1, None)]
    assert lamps(bike) == [25, 202]


def test_the_lamp_and_the_codes_have_anchors_of_their_own(bike):
    report(bike, T0, "P0301")
    dtcs.reported(bike.pk, bike.owner_id, T0 + DAY_MS, None, True)
    dtcs.reported(bike.pk, bike.owner_id, T0 + 2 * DAY_MS, None, True)
    with held_at(moment(T0 + 100 * DAY_MS)):
        assert dtcs.purge_reports() == 1
    report(bike, T0 + 100 * DAY_MS, "P0301", mil=True)
    assert (told(bike), lamps(bike)) == ([("P0301", 0, 100, 2, None)], [1])
