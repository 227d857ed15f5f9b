"""Facts in the database: whatever order batches come in, the same trips, days and alerts stand there."""

import itertools
import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import hub
from core.clock import held_at
from core.testing.jobs import run_jobs
from telematics.instants import moment
from telematics.models import Alert, AlertRule, Daily, Dirty, Geofence, Source, Trip
from telematics.samples import join
from telematics.services import facts
from telematics.services.store import append, tail_put
from telematics.tests.making import make_vehicle
from telematics.tests.making_drives import T0, course
from tests.cast import make_user

pytestmark = pytest.mark.django_db
LONG_AGO = moment(T0 - 86_400_000)
LIFE = [(600, 60), (120, 0), (600, 100), (400, 0), (300, 50), (900, None), (800, 80), (30, 150), (400, 60)]


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_vehicle(alice)


def life(start=T0):
    samples = course(*LIFE, start=start, rpm=3000, lat=48.0, lon=11.0, fuel_rate=4)
    return samples.take(slice(None, None, 5))


def rule(owner, kind="overspeed", **columns):
    return AlertRule.objects.create(owner=owner, kind=kind, since=LONG_AGO, **columns)


def put(bike, samples):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


TRIP = ("start_at", "end_at", "distance_m", "drive_s", "idle_s", "speed_max", "fuel_l", "samples", "label")
DAY = ("day", "n", "dist_m", "fuel_l", "drive_s", "idle_s", "vmax", "stats")
ALERT = ("id", "rule_id", "what", "start_at", "end_at", "value", "title")


def known(bike):
    return (
        list(Trip.objects.live().filter(vehicle=bike).order_by("start_at").values_list(*TRIP)),
        list(Daily.objects.filter(vehicle_id=bike.pk).order_by("day").values_list(*DAY)),
        list(Alert.objects.live().filter(vehicle=bike).order_by("start_at", "what").values_list(*ALERT)),
    )


def wipe(bike):
    from telematics.services.deleting import forget

    forget([bike.pk])
    Trip.objects.all().delete()
    Alert.objects.all().delete()


def test_a_drive_becomes_trips_a_day_and_an_alert(bike, alice):
    limit = rule(alice, params={"limit": 130})
    put(bike, life())
    assert run_jobs() == [facts.SETTLE]
    trips, days, alerts = known(bike)
    assert [(str(start), round(way)) for start, _, way, *_ in trips] == [
        ("2024-01-01 00:00:00+00:00", 26556),
        ("2024-01-01 00:28:40+00:00", 4097),
        ("2024-01-01 00:48:40+00:00", 25597),
    ]
    assert [(str(day), n) for day, n, *_ in days] == [("2024-01-01", 650)]
    assert [(row[1], row[4] - row[3], row[6]) for row in alerts] == [
        (limit.pk, timedelta(seconds=25), "Overspeed: 150 km/h")
    ]
    assert not Dirty.objects.exists()


def test_many_batches_make_one_job(bike):
    for part in range(10):
        put(bike, life().take(slice(part * 50, part * 50 + 50)))
    assert run_jobs() == [facts.SETTLE]
    assert facts.settle(bike.pk) == 0


def test_a_replay_changes_nothing_at_all(bike, alice):
    rule(alice, params={"limit": 130})
    put(bike, life())
    run_jobs()
    before = list(Trip.objects.values()), list(Alert.objects.values())
    put(bike, life())
    put(bike, life().take(slice(100, 300)))
    assert run_jobs() == []
    assert (list(Trip.objects.values()), list(Alert.objects.values())) == before


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 650), max_size=6))
def test_any_order_of_batches_gives_the_same_facts(seed, cuts, bike, alice):
    wipe(bike)
    AlertRule.objects.all().delete()
    home = Geofence.objects.create(owner=alice, name="Home", lat=48.0, lon=11.0, radius_m=500)
    fixed = [rule(alice, params={"limit": 90}), rule(alice, "idling", params={"min_s": 60})]
    fixed.append(rule(alice, "geofence", geofence=home))
    put(bike, life())
    facts.settle(bike.pk)
    whole = known(bike)
    wipe(bike)
    edges = [0, *sorted(cuts), 650]
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    dice = random.Random(seed)
    parts += [slice(a, a + 80) for a in dice.sample(range(600), 2)]
    dice.shuffle(parts)
    for number, part in enumerate(parts):
        (tail_put if number % 3 == 2 else append)(
            bike.pk, bike.owner_id, life().take(part), source=Source.BATCH
        )
        if dice.random() < 0.6:
            facts.settle(bike.pk)
    facts.settle(bike.pk)
    assert known(bike) == whole
    assert len(fixed) == 3


def test_how_long_a_pause_ends_a_trip_can_be_set(bike, settings):
    settings.TRIP_STOP_SECONDS, settings.TRIP_GAP_SECONDS = 600, 1200
    put(bike, life())
    run_jobs()
    assert Trip.objects.live().count() == 1


def test_a_trip_keeps_its_id_while_it_grows(bike):
    first = course((600, 60))
    put(bike, first)
    run_jobs()
    trip = Trip.objects.get()
    put(bike, course((900, 60), start=T0 + 600_000))
    run_jobs()
    assert list(Trip.objects.live().values_list("pk", "samples")) == [(trip.pk, 1500)]


def test_what_comes_late_joins_two_trips_and_the_longer_one_stays(bike):
    put(bike, course((600, 60)))
    put(bike, course((900, 60), start=T0 + 1_000_000))
    run_jobs()
    short, long = Trip.objects.order_by("start_at")
    put(bike, course((400, 60), start=T0 + 600_000))
    run_jobs()
    assert [trip.pk for trip in Trip.objects.live()] == [long.pk]
    short.refresh_from_db()
    assert short.deleted_at is not None


def test_deleted_samples_take_their_facts_along(bike, alice):
    from telematics.services.deleting import delete_range

    rule(alice, params={"limit": 130})
    samples = life()
    put(bike, samples)
    run_jobs()
    assert Alert.objects.live().count() == 1
    delete_range(bike.pk, alice.pk, T0 + 2_900_000, T0 + 86_400_000)
    facts.sweep()
    assert len(known(bike)[0]) == 2
    assert known(bike)[2] == []
    delete_range(bike.pk, alice.pk, T0, T0 + 86_400_000)
    facts.sweep()
    assert known(bike) == ([], [], [])


def test_deleted_samples_take_alerts_of_ended_rules_along(bike, alice):
    from telematics.services.deleting import delete_range

    ended, changed = rule(alice, params={"limit": 130}), rule(alice, params={"limit": 120})
    put(bike, life())
    run_jobs()
    assert len(known(bike)[2]) == 2
    ended.tombstone()
    AlertRule.objects.filter(pk=changed.pk).update(since=moment(T0 + 7 * 86_400_000))
    delete_range(bike.pk, alice.pk, T0 + 3_000_000, T0 + 3_600_000)
    run_jobs()
    assert len(known(bike)[2]) == 2  # of other samples
    delete_range(bike.pk, alice.pk, T0 + 3_600_000, T0 + 7_200_000)
    run_jobs()
    assert known(bike)[2] == []


def test_what_retention_dropped_keeps_its_trip_and_its_day(bike):
    """The raw samples of a month are gone; a late batch for one of its days does not wipe the rest."""
    from telematics.models import Segment

    put(bike, life())
    run_jobs()
    before = known(bike)
    Segment.objects.all().delete()
    put(bike, course((100, 60), start=T0 + 50_000))
    run_jobs()
    assert known(bike) == before


def test_a_deletion_leaves_alone_what_retention_dropped_the_samples_of(bike, alice):
    from telematics.models import Segment
    from telematics.services.deleting import delete_range

    rule(alice, params={"limit": 130})
    week = 7 * 86_400_000
    for number in range(3):
        put(bike, life(T0 + number * week))
    run_jobs()
    trips, days, alerts = known(bike)
    Segment.objects.filter(t0__lt=moment(T0 + week)).delete()  # the first week has had its time
    assert delete_range(bike.pk, alice.pk, 0, T0 + week + 86_400_000) == 650
    assert Dirty.objects.count() == 1  # the day that lost something, not thirty years
    run_jobs()
    assert known(bike) == (trips[:3] + trips[6:], [days[0], days[2]], [alerts[0], alerts[2]])
    delete_range(bike.pk, alice.pk, 0, T0 + 5 * week)
    run_jobs()
    assert known(bike) == (trips[:3], days[:1], alerts[:1])


def test_a_deletion_of_many_days_is_worked_off_day_by_day(bike, alice):
    from telematics.services.deleting import delete_range

    for day in range(4):
        put(bike, course((600, 60), start=T0 + day * 86_400_000 - 300_000).take(slice(None, None, 10)))
    put(bike, course((10, 60), start=T0 + 5 * 86_400_000).take(slice(0, 1)))
    run_jobs()
    delete_range(bike.pk, alice.pk, T0, T0 + 3 * 86_400_000)
    assert [(str(row.t0.date()), str(row.t1.date())) for row in Dirty.objects.order_by("t0")] == [
        (day, day) for day in ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04")
    ]
    facts.settle(bike.pk)
    assert [str(day) for day, *_ in known(bike)[1]] == ["2023-12-31", "2024-01-04", "2024-01-06"]


def test_only_what_is_fresh_is_told(bike, alice, monkeypatch):
    from telematics.services import alerting

    told = []
    monkeypatch.setattr(alerting, "notify", lambda *said, **more: told.append(said[2]))
    rule(alice, params={"limit": 130})
    drive = course((60, 60), (60, 150), (60, 60))
    with held_at(moment(T0 + 7 * 86_400_000)):
        put(bike, drive)
        facts.settle(bike.pk)
    assert told == []
    with held_at(moment(T0 + 7 * 86_400_000)):
        put(bike, course((60, 60), (60, 170), (60, 60), start=T0 + 7 * 86_400_000 - 300_000))
        facts.settle(bike.pk)
        facts.settle(bike.pk)
    assert told == ["Overspeed: 170 km/h"]


def test_who_watches_the_vehicle_hears_of_trip_and_alert(
    bike, alice, settings, django_capture_on_commit_callbacks
):
    settings.REDIS_URL = ""
    hub.close()
    rule(alice, params={"limit": 130})
    drive = course((120, 60), (30, 150), (20, 60))
    with held_at(moment(drive.t1 + 5000)), hub.waiting([f"vehicle:{bike.pk}"]) as box:
        with django_capture_on_commit_callbacks(execute=True):
            put(bike, drive)
            facts.settle(bike.pk)
        frames = {frame["type"]: dict(frame) for frame in iter(lambda: box.get(1), None)}
    hub.close()
    trip, alert = Trip.objects.get(), Alert.objects.get()
    assert (frames["TRIP"]["tripId"], round(frames["TRIP"]["distanceM"])) == (
        str(trip.pk),
        round(trip.distance_m),
    )
    assert (frames["ALERT"]["alertId"], frames["ALERT"]["title"]) == (str(alert.pk), "Overspeed: 150 km/h")


def test_a_rule_does_not_judge_what_was_before_it(bike, alice):
    AlertRule.objects.create(
        owner=alice, kind="overspeed", params={"limit": 130}, since=moment(T0 + 3_800_000)
    )
    AlertRule.objects.create(owner=make_user("bob"), kind="overspeed", params={"limit": 1}, since=LONG_AGO)
    put(bike, life())
    run_jobs()
    assert Alert.objects.count() == 0


def test_long_imports_are_worked_off_in_days(bike):
    days = [course((600, 60), start=T0 + day * 86_400_000).take(slice(None, None, 10)) for day in range(5)]
    put(bike, join(days))
    run_jobs()
    assert [Trip.objects.live().count(), Daily.objects.count()] == [5, 5]
    assert len(facts.pieces([facts.Range(T0, T0 + 3 * 86_400_000 - 1, True)])) == 3
