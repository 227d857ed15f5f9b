"""Around the store: who sees what, what the garage and watchers hear, and the jobs of the night."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from core import clock, hub
from core.errors import NotFound
from core.ports import dashboard_cards, demo_worlds, personal_data, topics
from core.rls import as_system, as_user
from core.testing.jobs import run_jobs
from garage.models import OdometerEntry, Vehicle
from telematics import ports
from telematics.instants import moment
from telematics.models import Dirty, Latest, Segment, Source, Tail
from telematics.samples import Samples
from telematics.selectors.read import read
from telematics.services.compaction import compact
from telematics.services.deleting import delete_range
from telematics.services.facts import settle
from telematics.services.odometer import tell_last
from telematics.services.partitions import drop_months, make_months, months
from telematics.services.retention import FREE_DAYS, retain
from telematics.services.store import append, tail_put
from telematics.tasks import storage as jobs
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user
from users.ports import benefits, usages

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 1, 1, 20, tzinfo=UTC)


def put(bike, samples, door=append):
    return door(bike.pk, bike.owner_id, samples, source=Source.BATCH)


def everything(bike):
    return read(bike.pk, 0, 4_000_000_000_000)


# -- Who sees what


def test_bobs_connection_sees_and_changes_nothing(bike):
    put(bike, drive(60))
    put(bike, drive(1, t0=NOON + 90_000), tail_put)
    bob = make_user("bob")
    with as_user(bob):
        assert len(everything(bike)) == 0
        for model in (Segment, Latest, Tail, Dirty):
            assert model.objects.count() == 0
            assert model.objects.all().delete()[0] == 0
    assert len(everything(bike)) == 61


def test_nobody_stores_for_another(bike):
    bob = make_user("bob")
    with as_user(bob), pytest.raises(NotFound):
        append(bike.pk, bob.pk, drive(60), source=Source.BATCH)
    with pytest.raises(DatabaseError), as_user(bob):
        tail_put(bike.pk, bike.owner_id, drive(1), source=Source.BATCH)
    assert not Segment.objects.exists()
    assert not Tail.objects.exists()


def test_the_web_can_not_go_around_the_parent_table(bike):
    put(bike, drive(60))
    with (
        as_user(bike.owner_id),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM telematics_segment_default")


def test_a_read_touches_only_the_partitions_of_its_range(bike):
    put(bike, drive(60))
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (COSTS OFF) SELECT data FROM telematics_segment WHERE vehicle_id = %s AND t1 >= %s"
            " AND t0 BETWEEN %s - interval '1 hour' AND %s",
            [bike.pk, moment(NOON), moment(NOON), moment(NOON + 60_000)],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "telematics_segment_default_pkey" in plan
    assert "telematics_segment_y" not in plan
    assert "Seq Scan" not in plan


def test_who_may_watch_a_vehicle(bike):
    topic = topics["vehicle"]
    assert topic.allows(bike.owner_id, bike.pk)
    assert not topic.allows(make_user("bob").pk, bike.pk)


# -- Who hears what


def test_watchers_get_four_frames_a_second_of_what_is_fresh(bike, django_capture_on_commit_callbacks):
    fresh = drive(3, t0=int(clock.now().timestamp() * 1000) - 5000)
    with hub.waiting([f"vehicle:{bike.pk}"]) as box, django_capture_on_commit_callbacks(execute=True):
        put(bike, drive(60))
        for number in range(3):
            put(bike, fresh.take(slice(number, number + 1)))
        frames = []
        connection.run_on_commit, callbacks = [], connection.run_on_commit
        for _, callback, _ in callbacks:
            callback()
        while (frame := box.get(0)) is not None:
            frames.append(frame)
    first = fresh.take(slice(0, 1))
    assert [dict(frame) for frame in frames] == [
        {
            "type": "TELEMETRY",
            "vehicleId": str(bike.pk),
            "t": fresh.t0,
            "vals": {
                {"coolant_temp": "coolantTemp", "fuel_rate": "fuelRate", "intake_temp": "intakeTemp"}.get(
                    n, n
                ): v[0]
                for n, v in first.signals.items()
            },
        }
    ]


def test_plugs_hear_exactly_what_is_new(bike, monkeypatch):
    heard = []
    monkeypatch.setattr(ports.appended, "_plugs", {"test": lambda *facts: heard.append(facts)})
    whole = drive(900)
    put(bike, whole.take(slice(0, 600)))
    put(bike, whole.take(slice(300, 900)))
    put(bike, whole)
    assert [(t0, t1) for _, _, t0, t1, _ in heard] == [
        (NOON, NOON + 599_000),
        (NOON + 600_000, NOON + 899_000),
    ]
    assert same(heard[1][4], whole.take(slice(600, 900)))
    assert Dirty.objects.count() == 2


def test_the_maker_of_facts_is_woken_once(bike, monkeypatch):
    woken = []
    monkeypatch.setattr(ports.stirred, "_plugs", {"test": woken.append})
    whole = drive(1200)
    put(bike, whole.take(slice(0, 600)))
    put(bike, whole.take(slice(600, 900)))
    put(bike, whole.take(slice(900, 901)), tail_put)
    assert woken == [bike.pk]
    Dirty.objects.all().delete()
    put(bike, whole)
    assert woken == [bike.pk] * 2
    delete_range(bike.pk, bike.owner_id, NOON, NOON + 1000)
    assert woken == [bike.pk] * 3


def test_an_error_of_a_plug_undoes_all(bike, monkeypatch):
    def refuses(*facts):
        raise ValueError

    monkeypatch.setattr(ports.appended, "_plugs", {"test": refuses})
    with pytest.raises(ValueError), transaction.atomic():
        put(bike, drive(60))
    assert not Segment.objects.exists()


def test_the_garage_learns_the_odometer(bike):
    put(bike, drive(600, odometer_km=20_000))
    top = float(drive(600, odometer_km=20_000).signals["odometer"][-1])
    bike.refresh_from_db()
    assert float(bike.odometer_km) == top
    assert OdometerEntry.objects.get().source == "telematics"
    put(
        bike, drive(600, t0=NOON + 600_000, odometer_km=20_010)
    )  # a kilometre more, but told five minutes ago
    Latest.objects.update(odometer_told_at=clock.now() - timedelta(minutes=6))
    put(bike, drive(600, t0=NOON + 1_200_000, odometer_km=20_020))
    put(bike, drive(60, t0=NOON - 600_000, odometer_km=19_000))
    bike.refresh_from_db()
    assert float(bike.odometer_km) == Latest.objects.get().odometer > 20_020
    assert OdometerEntry.objects.count() == 2


def test_an_odometer_that_is_read_seldom_counts_from_its_last_reading(bike):
    """Speed comes every second, the odometer only when the engine starts and when it stops."""
    start, stop = NOON, NOON + 1_800_000
    put(bike, Samples(np.array([start], np.int64), {"odometer": np.array([20_000.0])}))
    put(bike, drive(1700, t0=start + 1000).only(["speed"]))
    put(bike, Samples(np.array([stop], np.int64), {"odometer": np.array([20_030.0])}))
    assert Latest.objects.values_list("odometer", "odometer_at").get() == (20_030.0, moment(stop))
    week = 7 * 86_400_000
    late = Samples(np.array([start - week], np.int64), {"odometer": np.array([20_040.0])})
    put(bike, late)  # more than there was a week later: nobody's mileage
    assert Latest.objects.get().odometer == 20_030.0


def test_the_garage_learns_the_last_metres_of_a_drive(bike):
    """Nothing comes after the last batch; a job tells what it said, once for all batches."""
    whole = drive(1800, odometer_km=24_790)
    end = float(whole.signals["odometer"][-1])
    for begin in range(0, 1800, 300):
        put(bike, whole.take(slice(begin, begin + 300)))
        settle(bike.pk)
    bike.refresh_from_db()
    assert float(bike.odometer_km) < end  # told in the first minute only
    assert run_jobs().count("telematics.tell_odometer") == 1
    bike.refresh_from_db()
    assert float(bike.odometer_km) == round(end, 1)
    tell_last(bike.pk)
    assert OdometerEntry.objects.count() == 2
    put(bike, drive(60, t0=NOON - 600_000, odometer_km=24_000))  # an older one changes nothing
    assert run_jobs().count("telematics.tell_odometer") == 0
    bike.refresh_from_db()
    assert float(bike.odometer_km) == round(end, 1)


@pytest.mark.parametrize(
    "told, shown", [(24799.999, "24800.0"), (24800.04, "24800.0"), (0.05, "0.1"), (7, "7.0")]
)
def test_an_odometer_is_told_as_people_read_it_and_kept_as_it_came(told, shown, bike, alice, client_for):
    put(bike, Samples(np.array([NOON], np.int64), {"odometer": np.array([told])}))
    bike.refresh_from_db()
    assert str(bike.odometer_km) == shown
    answer = client_for(alice).get(f"/api/v1/telematics/{bike.pk}/latest/").json()
    assert (answer["odometer_km"], answer["vals"]) == (float(shown), {"odometer": told})
    assert everything(bike).signals["odometer"].tolist() == [told]


def test_a_reading_that_waits_is_not_told_of_a_vehicle_that_is_gone(bike):
    put(bike, drive(60, odometer_km=100))
    Latest.objects.update(odometer=200.0)
    Vehicle.objects.filter(pk=bike.pk).update(deleted_at=NOW)
    tell_last(bike.pk)
    assert (Latest.objects.get().odometer_told, OdometerEntry.objects.count()) != (200.0, 2)


def test_an_odometer_that_jumps_counts_for_nothing(bike):
    t = NOON + np.arange(5, dtype=np.int64) * 1000
    put(bike, Samples(t, {"odometer": np.array([100.0, 100.0, 999_999.0, 100.1, 100.1])}))
    assert Latest.objects.get().odometer == 100.1
    put(bike, Samples(t + 60_000, {"odometer": np.full(5, 500_000.0)}))
    assert Latest.objects.get().odometer == 100.1
    put(bike, Samples(t + 600_000, {"odometer": np.full(5, 110.0)}))
    assert Latest.objects.get().odometer == 110.0
    bike.refresh_from_db()
    assert bike.odometer_km == Decimal("100.1")  # told a moment ago; the next batch tells more


# -- The night


def test_months_are_made_ahead_and_strays_move_in(bike):
    with clock.held_at(datetime(2024, 1, 15, tzinfo=UTC)):
        put(bike, drive(600))
        made = [f"{month:%Y-%m}" for month in make_months()]
        assert made == ["2024-01", "2024-02", "2024-03", "2024-04"]
        assert make_months() == []
        assert len(everything(bike)) == 600
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text FROM telematics_segment")
            assert cursor.fetchone() == ("telematics_segment_y2024m01",)
    put(bike, drive(600, t0=NOON - 100 * 86_400_000))
    assert [f"{month:%Y-%m}" for month in make_months()] == ["2023-09"]
    assert [f"{month:%Y-%m}" for month in drop_months(NOW)] == ["2023-09"]
    assert "2024-01" in [f"{month:%Y-%m}" for month in months()]
    assert same(everything(bike), drive(600))


class Plan:
    def value_for(self, user):
        return 730 if user.email.startswith("tara") else None


@pytest.fixture
def plans(monkeypatch):
    monkeypatch.setattr(benefits, "_plugs", {"telemetry_retention_days": Plan()})


def test_samples_are_kept_as_the_plan_says(bike, plans):
    taras, short = make_vehicle(make_user("tara")), make_vehicle(make_user("bob"))
    gone = make_vehicle(make_user("bob"))
    days = [1, 10, FREE_DAYS + 1, 731]
    for one in (bike, taras, short, gone):
        for ago in days:
            put(one, drive(60, t0=NOON - ago * 86_400_000))
    Latest.objects.filter(pk=short.pk).update(keep_days=5)
    Vehicle.objects.filter(pk=gone.pk).update(deleted_at=NOW - timedelta(days=31))
    seen = []
    with clock.held_at(NOW):
        retain(lambda done, total: seen.append((done, total)))
    left = {one.pk: len(everything(one)) // 60 for one in (bike, taras, short, gone)}
    assert left == {bike.pk: 2, taras.pk: 3, short.pk: 1, gone.pk: 0}
    assert seen == [(4, 4)]
    assert not Latest.objects.filter(pk=gone.pk).exists()


def test_a_smaller_plan_names_the_samples_that_would_go(bike, alice, monkeypatch):
    """From when to when and of how many vehicles; what goes anyway, or is kept short by wish, is no loss."""

    class Years:
        def value_for(self, user):
            return 730

    monkeypatch.setattr(benefits, "_plugs", {"telemetry_retention_days": Years()})
    meter = usages["telemetry_retention_days"]
    short = make_vehicle(alice)
    with clock.held_at(NOW):
        assert meter.shortfall(alice, 365, NOW) is None
        for ago in (1, 400, 800):
            put(bike, drive(60, t0=NOON - ago * 86_400_000))
            put(short, drive(60, t0=NOON - ago * 86_400_000))
        Latest.objects.filter(pk=short.pk).update(keep_days=30)
        found = meter.shortfall(alice, 365, NOW)
        assert (found.final, found.text) == (
            False,
            f"samples of 1 vehicle from {NOW - timedelta(days=400):%d %b %Y} to {NOW - timedelta(days=365):%d %b %Y} "
            "will be deleted: days kept are 365, now 730. Summaries of days and trips stay.",
        )
        assert meter.shortfall(alice, 500, NOW) is None
        assert meter.shortfall(alice, 3_650, NOW) is None
        assert (
            meter.shortfall(alice, 400, NOW + timedelta(days=10)).final is False
        )  # by then they are old enough
        assert f"days kept are {FREE_DAYS}" in meter.shortfall(alice, None, NOW).text
        assert meter.shortfall(make_user("bob"), None, NOW) is None


def test_the_owner_may_want_less(client_for, alice, bike, plans):
    client, door = client_for(alice), f"/api/v1/telematics/{bike.pk}/retention/"
    assert client.get(door).json() == {"plan_days": FREE_DAYS, "keep_days": None}
    assert client.patch(door, {"keep_days": 7}).json() == {"plan_days": FREE_DAYS, "keep_days": 7}
    for wrong in ({}, {"keep_days": 0}, {"keep_days": "many"}, {"plan_days": 5000}, {"keep_days": 10**9}):
        assert client.patch(door, wrong).status_code == 400
    assert Latest.objects.get().keep_days == 7


def test_small_segments_become_hours(bike, alice):
    whole = drive(5400)
    for begin in range(0, 5400, 60):
        put(bike, whole.take(slice(begin, begin + 60)))
    before = sum(len(row.data) for row in Segment.objects.all())
    with clock.held_at(NOW):
        assert compact() == (0, 0)  # too fresh
    with clock.held_at(NOW + timedelta(days=3)):
        assert compact() == (90, 2)
        assert compact() == (0, 0)
    assert sum(len(row.data) for row in Segment.objects.all()) < 0.75 * before
    assert same(everything(bike), whole)
    assert put(bike, whole).accepted == 0


def test_the_start_page_of_staff_tells_of_segments_without_a_partition(bike, desk):
    put(bike, drive(60))  # of January 2024, which no job has made
    put(bike, drive(60, t0=NOON - 40 * 86_400_000))
    warning = "Segments without a partition"
    assert dict(dashboard_cards["telematics"].rows())[f"\N{WARNING SIGN} {warning}"] == "2 (2023-11, 2024-01)"
    assert warning in desk.get("/admin/").content.decode()
    make_months()
    assert warning not in desk.get("/admin/").content.decode()


def test_the_jobs_run_and_so_do_their_commands(bike):
    put(bike, drive(3), tail_put)
    Tail.objects.update(received_at=clock.now() - timedelta(minutes=2))
    jobs.fold_tail(0)
    assert (Tail.objects.count(), Segment.objects.count()) == (0, 1)
    jobs.make_months(0)
    jobs.compact(0)
    jobs.retain(0)
    assert Segment.objects.count() == 0
    said = {}
    for job in ("partitions", "retain", "compact", "fold"):
        out = StringIO()
        call_command("telematics_store", job, stdout=out)
        said[job] = out.getvalue().strip()
    assert said == {
        "partitions": "all months are there",
        "retain": "0 segments had their time",
        "compact": "0 segments became 0",
        "fold": "packed 0 single samples",
    }


# -- Other rooms


def test_personal_data_goes_out_whole_and_is_erased(bike, alice):
    put(bike, drive(60))
    put(bike, drive(1, t0=NOON + 90_000), tail_put)
    bobs = make_vehicle(make_user("bob"))
    put(bobs, drive(60))
    plug = personal_data["telematics"]
    held = plug.export(alice.pk)
    assert len(held["telemetry_samples"][str(bike.pk)].splitlines()) == 1 + 61
    json.dumps(held, default=str)
    plug.erase(alice.pk)
    assert (len(everything(bike)), len(everything(bobs))) == (0, 60)
    assert list(Latest.objects.values_list("pk", flat=True)) == [bobs.pk]


def test_the_demo_has_a_week_of_drives_once(bike, alice):
    for _ in range(2):
        demo_worlds["telematics"].fill({"alice_vehicle": bike})
    assert sum(Segment.objects.values_list("n", flat=True)) == (22 + 14 + 31 + 16) * 60
    assert (everything(bike).signals["speed"] > 50).any()


def test_staff_find_a_vehicles_telemetry(desk, bike):
    Vehicle.objects.filter(pk=bike.pk).update(license_plate="MH 12 RS 4711")
    put(bike, drive(60))
    found = desk.get(reverse("admin:telematics_latest_changelist"), {"q": "RS 4711"})
    assert "Alice Test" in found.content.decode()
    page = desk.get(reverse("admin:telematics_latest_change", args=[bike.pk])).content.decode()
    assert "60 samples" in page
    assert "0 single samples wait" in page


def test_the_system_sees_all(bike):
    put(bike, drive(60))
    with as_system("the test looks"):
        assert len(everything(bike)) == 60
