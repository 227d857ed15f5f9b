"""Many writers with late commits against a device that follows: nothing missed, nothing stale, nothing undead."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.db import connection, connections, transaction

from core import clock
from core.ids import uuid7
from core.rls import as_system, as_user
from sync.cursors import Position
from sync.requests import PullRequest
from sync.services import retention
from sync.services.pull import pull
from sync.tests.testapp.models import Bike, Ride, Seat, Shop
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS, WRITERS = 2.5, 6
PULL = "/api/v1/sync/pull/"


class Device:
    """A copy that knows only what pulls told it."""

    def __init__(self, user_id, dice):
        self.user_id, self.dice = user_id, dice
        self.cursor, self.rows, self.pulls = None, {}, 0

    def follow(self):
        """Pull to the heads, in pages of a random size."""
        token, self.pulls = "", self.pulls + 1
        limit = self.dice.choice([3, 10, 50_000])
        while True:
            request = PullRequest(
                cursor=self.cursor, token=token, limit=limit, names=("test_bikes", "test_rides", "test_shops"),
                filters={}, new_tables=(), new_columns={}, documents=False, client="device",
            )  # fmt: skip
            with as_user(self.user_id):
                page = orjson.loads(pull(request, self.user_id).body)
            for change in page["changes"].values():
                self.rows |= {
                    row["id"]: row["rev"] if "rev" in row else row["city"] for row in change["updated"]
                }
                for gone in change["deleted"]:
                    self.rows.pop(gone, None)
            if not page["has_more"]:
                self.cursor = Position.unpacked(page["cursor"])
                return
            token = page["cursor"]


def write(people, dice, until):
    """Transactions of one to four statements on a few shared rows, some of which dawdle or roll back."""
    done = 0
    try:
        while time.monotonic() < until:
            with as_system("torture"):
                point = transaction.savepoint()
                for _ in range(dice.randrange(1, 5)):
                    deed(people, dice)
                if dice.random() < 0.15:
                    time.sleep(dice.random() * 0.3)
                if dice.random() < 0.1:
                    transaction.savepoint_rollback(point)
                done += 1
    finally:
        connections.close_all()
    return done


def deed(people, dice):
    roll, owner = dice.random(), dice.choice(people)
    if roll < 0.35:
        Bike.objects.create(pk=uuid7(), owner_id=owner, nickname="new")
    elif roll < 0.6:
        chosen = Bike.objects.filter(owner_id=owner).order_by("?").values("pk")[:1]
        for row in Bike.objects.filter(pk__in=list(chosen.values_list("pk", flat=True))).select_for_update(
            skip_locked=True
        ):
            Bike.objects.filter(pk=row.pk).update(nickname=str(dice.random()))
    elif roll < 0.7:
        for row in Bike.objects.filter(owner_id=owner, deleted_at=None).select_for_update(skip_locked=True)[
            :1
        ]:
            Bike.objects.filter(pk=row.pk).update(deleted_at=clock.now())
    elif roll < 0.8:
        ride = Ride.objects.create(title="together")
        Seat.objects.bulk_create(Seat(ride=ride, user_id=each) for each in people)
    elif roll < 0.9:
        for seat in Seat.objects.filter(user_id=owner, left_at=None).select_for_update(skip_locked=True)[:1]:
            Seat.objects.filter(pk=seat.pk).update(left_at=clock.now())
    else:
        Shop.objects.create(name="shop", city=str(dice.random()))


def truth(user_id):
    rows = {
        str(key): rev
        for key, rev in Bike.objects.filter(owner_id=user_id, deleted_at=None).values_list("pk", "rev")
    }
    seats = Seat.objects.filter(user_id=user_id, left_at=None).values("ride_id")
    rows |= {
        str(key): rev
        for key, rev in Ride.objects.filter(pk__in=seats, deleted_at=None).values_list("pk", "rev")
    }
    return rows | {str(key): city for key, city in Shop.objects.values_list("pk", "city")}


def test_a_following_device_ends_with_the_truth():
    with as_system("test"):
        people = [make_user(name).pk for name in ("alice", "bob", "tara")]
    until = time.monotonic() + SECONDS
    devices = [Device(person, random.Random(n)) for n, person in enumerate(people)]

    def trail(device):
        try:
            while time.monotonic() < until:
                device.follow()
        finally:
            connections.close_all()

    frozen, thaw = threading.Event(), threading.Event()

    def freeze():
        """A writer that holds its row, and its uncommitted change, all the time."""
        try:
            with as_system("frozen"):
                Bike.objects.create(owner_id=people[0], nickname="frozen")
                frozen.set()
                thaw.wait(SECONDS + 5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS + 4) as pool:
        cold = pool.submit(freeze)
        assert frozen.wait(5)
        writers = [pool.submit(write, people, random.Random(100 + n), until) for n in range(WRITERS)]
        followers = [pool.submit(trail, device) for device in devices]
        written = sum(each.result() for each in writers)
        for each in followers:
            each.result()
        thaw.set()
        cold.result()
    assert written > WRITERS
    assert all(device.pulls > 1 for device in devices)
    for device in devices:
        device.follow()
        with as_system("test"):
            assert device.rows == truth(device.user_id)


def test_a_restored_database_makes_devices_start_over_and_they_end_with_its_truth(client_for):
    """The dump is a copy of the tables; what was written after it is lost, as after any restore."""
    with as_system("test"):
        alice = make_user("alice")
        kept = Bike.objects.create(owner=alice, nickname="before the dump")
        Shop.objects.create(name="Corner")
    tables = ("synctest_bike", "sync_entry", "sync_stream")
    with as_system("dump"), connection.cursor() as cursor:
        dump = {}
        for table in tables:
            cursor.execute(f"SELECT json_agg(t)::text FROM {table} t")
            dump[table] = cursor.fetchone()[0]
    with as_system("lost time"):
        lost = Bike.objects.create(owner=alice, nickname="after the dump")
    phone = client_for(alice)
    cursor_of_the_phone = phone.post(PULL, {}).json()["cursor"]
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")  # the owner restores, and no trigger wakes
        with transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")
                cursor.execute(
                    f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)",
                    [dump[table]],
                )
        cursor.execute("SET ROLE revsync_system")
    assert phone.post(PULL, {"cursor": cursor_of_the_phone}).json()["reason"] == "future"
    assert retention.reset_streams() == 2  # hers and the public one
    with as_system("a new life"):
        new = Bike.objects.create(owner=alice, nickname="since the restore")
    answer = phone.post(PULL, {"cursor": cursor_of_the_phone})
    assert (answer.status_code, answer.json()["reason"]) == (410, "reset")
    fresh = phone.post(PULL, {"cursor": None}).json()
    ids = {row["id"] for row in fresh["changes"]["test_bikes"]["updated"]}
    assert ids == {str(kept.pk), str(new.pk)}
    assert str(lost.pk) not in ids
    assert phone.post(PULL, {"cursor": fresh["cursor"]}).json()["changes"] == {}
