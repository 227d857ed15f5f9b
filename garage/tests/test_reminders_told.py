"""Owners hear of what is due: once when it comes near, once when it is over, and again when it is due anew."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from core import clock
from core.rls import as_system
from core.testing.jobs import run_jobs
from garage import tasks
from garage.models import Reminder, ReminderTold
from garage.reminding import Due, how_long
from garage.services import reminders
from garage.services.reminders import tell_due
from garage.tests.making import make_vehicle
from tests.cast import login, make_user
from users.models import UserDevice
from users.tests.outbox import Pushes

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/garage/reminders/"


@pytest.fixture
def bike():
    alice = make_user("alice")
    UserDevice.objects.create(user=alice, device_id="phone", push_token="alices-phone")
    return make_vehicle(alice, nickname="Bee", odometer_km=10_000)


@pytest.fixture(autouse=True)
def _empty():
    Pushes.sent.clear()


def remind(bike, **facts):
    return Reminder.objects.create(owner=bike.owner, vehicle=bike, **({"title": "Chain"} | facts))


def on(days):
    return clock.now().date() + timedelta(days=days)


def heard():
    """Title and text of all notes on Alice's phone, once each."""
    run_jobs()
    found = [(title, body) for _, title, body, _ in Pushes.sent]
    Pushes.sent.clear()
    return found


def later(days):
    return clock.held_at(clock.now() + timedelta(days=days))


def test_an_owner_hears_when_it_comes_near_and_when_it_is_over(bike):
    row = remind(bike, due_on=on(10))
    assert (tell_due(), heard()) == (0, [])
    with later(4):
        tasks.tell_due.func(timestamp=0)
        assert heard() == [("Chain is due", "Bee: in 6 days.")]
        assert tell_due() == 0
    with later(11):
        assert (tell_due(), heard()) == (1, [("Chain is overdue", "Bee: 1 day ago.")])
    with later(60):
        assert (tell_due(), heard()) == (0, [])
    assert Reminder.objects.get(pk=row.pk).rev == 1


def test_the_note_opens_the_reminder(bike):
    row = remind(bike, due_on=on(0))
    tell_due()
    run_jobs()
    (note,) = [data for *_, data in Pushes.sent]
    assert note == {"kind": "reminder_due", "reminder_id": str(row.pk), "vehicle_id": str(bike.pk)}


def test_by_the_odometer_and_never_back(bike):
    row = remind(bike, title="Oil", due_odometer_km=10_200, due_on=on(200))
    assert (tell_due(), heard()) == (1, [("Oil is due", "Bee: in 200 days or in 200 km.")])
    type(bike).objects.filter(pk=bike.pk).update(odometer_km=10_201)
    assert (tell_due(), heard()) == (1, [("Oil is overdue", "Bee: in 200 days or 1 km ago.")])
    type(bike).objects.filter(pk=bike.pk).update(odometer_km=10_150)  # a corrected reading
    assert tell_due() == 0
    assert ReminderTold.objects.get(reminder=row).urgency == "overdue"


def test_done_it_is_quiet_until_the_next_time(bike):
    row = remind(bike, due_on=on(0), every_months=1)
    client = login(bike.owner)
    assert tell_due() == 1
    assert client.post(f"{DOOR}{row.pk}/done/", {}).status_code == 200
    assert tell_due() == 0
    with later(28):
        assert tell_due() == 1
    assert heard()[-1][0] == "Chain is due"


def test_moved_by_its_owner_it_is_due_anew(bike):
    row = remind(bike, due_on=on(2))
    assert tell_due() == 1
    assert login(bike.owner).patch(f"{DOOR}{row.pk}/", {"due_on": on(3).isoformat()}).status_code == 200
    assert (tell_due(), tell_due()) == (1, 0)


def test_nobody_hears_of_what_is_done_gone_or_closed(bike):
    remind(bike, due_on=on(0), done_at=clock.now())
    remind(bike, due_on=on(0)).tombstone()
    sold = make_vehicle(bike.owner, vin="1HGCM82633A004352")
    remind(sold, due_on=on(0))
    sold.tombstone()
    gone = make_user("bob", is_active=False)
    remind(make_vehicle(gone), due_on=on(0))
    remind(make_vehicle(make_user("carla"), odometer_km=None), due_odometer_km=100)
    assert (tell_due(), ReminderTold.objects.count()) == (0, 0)


def test_more_than_one_batch(bike, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(reminders, "BATCH", 3)
    for _ in range(7):
        remind(bike, due_on=on(0))
    assert (tell_due(), tell_due()) == (7, 0)


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_tell_once():
    with as_system("test"):
        bike = make_vehicle(make_user("alice"))
        for _ in range(20):
            remind(bike, due_on=on(0))

    def work(_):
        try:
            return tell_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) + tell_due() == 20
    with as_system("test"):
        assert ReminderTold.objects.count() == 20


@pytest.mark.parametrize(
    "due, said",
    [
        (Due(), ""),
        (Due(on=on(0)), "today"),
        (Due(on=on(1)), "in 1 day"),
        (Due(on=on(-3), km=Decimal("12345.4")), "3 days ago or in 2,345 km"),
        (Due(km=Decimal("10000.2")), "now"),
    ],
)
def test_what_is_said(due, said):
    assert how_long(due, today=on(0), odometer_km=Decimal(10_000)) == said
