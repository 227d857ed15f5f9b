"""A pull over HTTP: deltas, pages, first syncs, filters, migrations, and what they cost."""

import random

import pytest

from core import clock
from core.ids import uuid7
from sync.cursors import Position
from sync.tests.phone import PULL, pages, pull, told
from sync.tests.testapp.models import Bike, Log, Part, Ride, Seat, Shop
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbered")]


def test_a_record_looks_as_the_port_says(phone, alice):
    bike = Bike.objects.create(owner=alice, nickname="MT-07", odometer_km="41230.5", tags=["track"])
    (record,) = pull(phone).json()["changes"]["test_bikes"]["updated"]
    instant = {name: record.pop(name) for name in ("created_at", "updated_at")}
    assert record == {
        "id": str(bike.pk), "nickname": "MT-07", "vin": "", "odometer_km": 41230.5, "colour": "",
        "serviced_at": None, "tags": ["track"], "rev": 1,
    }  # fmt: skip
    assert instant["created_at"] == bike.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_end_of_an_answer_is_an_integer_and_its_entity_tag(phone, alice):
    Bike.objects.create(owner=alice, nickname="MT-07")
    answer = pull(phone)
    packed = Position(1, 1).packed()
    assert (answer.json()["cursor"], answer.json()["timestamp"], answer.json()["has_more"]) == (
        packed,
        packed,
        False,
    )
    assert answer.headers["ETag"] == f'"{packed}"'
    again = phone.get(PULL, {"cursor": packed}, headers={"If-None-Match": f'"{packed}"'})
    assert (again.status_code, again.content) == (304, b"")
    assert pull(phone, packed).json() == {
        "changes": {}, "cursor": packed, "timestamp": packed, "has_more": False,
    }  # fmt: skip


def test_a_delta_tells_what_changed_and_what_is_gone(phone, alice):
    kept, gone, changed = (Bike.objects.create(owner=alice, nickname=name) for name in "abc")
    cursor = pull(phone).json()["cursor"]
    gone.tombstone()
    Bike.objects.filter(pk=changed.pk).update(colour="red")
    Part.objects.create(bike=kept, title="exhaust").tombstone()
    part = Part.objects.create(bike=kept, title="mirror")
    answer = told(pull(phone, cursor).json())
    assert answer["test_bikes"] == ([str(changed.pk)], [str(gone.pk)])
    assert answer["test_parts"][0] == [str(part.pk)]
    assert list(answer) == ["test_bikes", "test_parts"]


def test_all_spellings_of_the_cursor_and_a_get(phone, alice):
    Bike.objects.create(owner=alice, nickname="a")
    cursor = pull(phone).json()["cursor"]
    Bike.objects.create(owner=alice, nickname="b")
    asked = [phone.post(PULL, {name: cursor}) for name in ("cursor", "lastPulledAt", "last_pulled_at")]
    asked += [
        phone.get(PULL, {name: cursor, "collections": "test_bikes"}) for name in ("cursor", "lastPulledAt")
    ]
    assert [len(answer.json()["changes"]["test_bikes"]["updated"]) for answer in asked] == [1] * 5


def test_a_first_sync_has_no_tombstones(phone, alice):
    Bike.objects.create(owner=alice, nickname="a").tombstone()
    bike = Bike.objects.create(owner=alice, nickname="b")
    assert told(pull(phone).json()) == {"test_bikes": ([str(bike.pk)], [])}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_together_are_the_whole(phone, alice, limit):
    Log.objects.bulk_create(Log(owner=alice, text=str(n)) for n in range(4))
    Bike.objects.bulk_create(Bike(owner=alice, nickname=str(n)) for n in range(5))
    Shop.objects.bulk_create(Shop(name=str(n)) for n in range(3))
    found = pages(phone, limit=limit)
    assert all(isinstance(page["cursor"], str) and "timestamp" not in page for page in found[:-1])
    counts = [sum(len(change["updated"]) for change in page["changes"].values()) for page in found]
    assert (sum(counts), max(counts) <= limit) == (12, True)
    seen = [row["id"] for page in found for change in page["changes"].values() for row in change["updated"]]
    assert len(set(seen)) == 12
    assert next(iter(found[0]["changes"])) == "test_logs"
    assert found[-1]["cursor"] == Position(9, 4).packed()


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_of_a_delta_follow_both_streams_to_the_bound(phone, alice, limit):
    cursor = pull(phone).json()["cursor"]
    bikes = [Bike.objects.create(owner=alice, nickname=str(n)) for n in range(4)]
    shops = [Shop.objects.create(name=str(n)) for n in range(4)]
    first = pull(phone, cursor, limit=limit).json()
    Bike.objects.filter(pk=bikes[0].pk).update(colour="late")
    rest = pages(phone, first["cursor"], limit=limit) if first["has_more"] else []
    seen = [key for page in [first, *rest] for updated, _ in told(page).values() for key in updated]
    assert sorted(seen) == sorted(str(row.pk) for row in [*bikes, *shops])
    end = [first, *rest][-1]["cursor"]
    assert told(pull(phone, end).json()) == {"test_bikes": ([str(bikes[0].pk)], [])}


def test_a_page_is_as_full_as_its_limit(phone, alice):
    """RxDB takes a short page for the last one: entries of other collections must not make it short."""
    cursor = pull(phone).json()["cursor"]
    for n in range(6):
        Bike.objects.create(owner=alice, nickname=str(n))
        Log.objects.create(owner=alice, text=str(n))
    body = {"collections": ["test_logs"], "format": "documents", "limit": 2}
    found = pages(phone, cursor, **body)
    assert [len(page["documents"]) for page in found] == [2, 2, 2]


def test_documents_say_whether_they_are_deleted(phone, alice):
    cursor = pull(phone).json()["cursor"]
    kept, gone = (Bike.objects.create(owner=alice, nickname=name) for name in "ab")
    gone.tombstone()
    body = {"collections": ["test_bikes"], "format": "documents"}
    documents = {row["id"]: row for row in pull(phone, cursor, **body).json()["documents"]}
    assert documents[str(kept.pk)]["_deleted"] is False
    assert (documents[str(gone.pk)]["_deleted"], documents[str(gone.pk)]["nickname"]) == (True, "b")
    (first,) = pull(phone, **body).json()["documents"]
    assert (first["id"], first["_deleted"]) == (str(kept.pk), False)


def test_access_that_is_granted_and_lost(client_for, alice):
    bob = make_user("bob")
    ride = Ride.objects.create(title="Coast road")
    Seat.objects.create(ride=ride, user_id=alice.pk)
    phone = client_for(bob)
    cursor = pull(phone).json()["cursor"]
    seat = Seat.objects.create(ride=ride, user_id=bob.pk)
    came = pull(phone, cursor).json()
    assert told(came) == {"test_rides": ([str(ride.pk)], [])}
    Seat.objects.filter(pk=seat.pk).update(left_at=clock.now())
    assert told(pull(phone, came["cursor"]).json()) == {"test_rides": ([], [str(ride.pk)])}


def test_bob_gets_nothing_of_alice(client_for, alice):
    bob = make_user("bob")
    bike = Bike.objects.create(owner=alice, nickname="MT-07")
    Part.objects.create(bike=bike, title="exhaust")
    Log.objects.create(owner=alice, text="secret")
    for body in ({}, {"collections": ["test_bikes"], "format": "documents"}):
        answer = pull(client_for(bob), **body).json()
        assert (answer.get("changes") or answer.get("documents") or {}) == {}


def test_a_filter_shows_a_part_and_a_row_that_leaves_it_is_deleted(phone, alice):
    red = Bike.objects.create(owner=alice, nickname="a", colour="red")
    Bike.objects.create(owner=alice, nickname="b", colour="blue")
    body = {"filters": {"test_bikes": {"colour": "red"}}, "client_id": "phone"}
    first = pull(phone, **body).json()
    assert (told(first), first.get("replace")) == ({"test_bikes": ([str(red.pk)], [])}, None)
    Bike.objects.filter(pk=red.pk).update(colour="green")
    delta = pull(phone, first["cursor"], **body).json()
    assert (told(delta), delta.get("replace")) == ({"test_bikes": ([], [str(red.pk)])}, None)


def test_a_changed_filter_replaces_until_the_answer_has_arrived(phone, alice):
    red = Bike.objects.create(owner=alice, nickname="a", colour="red")
    blue = Bike.objects.create(owner=alice, nickname="b", colour="blue")
    old = pull(phone, filters={"test_bikes": {"colour": "red"}}, client_id="phone").json()["cursor"]
    body = {"filters": {"test_bikes": {"colour": "blue"}}, "client_id": "phone"}
    lost = pull(phone, old, **body).json()
    assert (told(lost), lost["replace"]) == ({"test_bikes": ([str(blue.pk)], [])}, ["test_bikes"])
    again = pull(phone, old, **body).json()
    assert (told(again), again["replace"]) == (told(lost), ["test_bikes"])
    assert pull(phone, again["cursor"], **body).json()["changes"] == {}
    whole = pull(phone, again["cursor"], client_id="phone").json()
    assert (sorted(told(whole)["test_bikes"][0]), whole["replace"]) == (
        sorted([str(red.pk), str(blue.pk)]),
        ["test_bikes"],
    )
    assert pull(phone, whole["cursor"], client_id="phone").json()["changes"] == {}
    assert "replace" not in pull(phone, old, client_id="tablet").json()


def test_an_app_update_gets_its_new_tables_and_columns(phone, alice):
    plain = Bike.objects.create(owner=alice, nickname="a")
    painted = Bike.objects.create(owner=alice, nickname="b", colour="red")
    log = Log.objects.create(owner=alice, text="old")
    cursor = pull(phone).json()["cursor"]
    Bike.objects.filter(pk=plain.pk).update(nickname="c")
    migration = {
        "from": 2,
        "tables": ["test_logs", "only_in_the_app"],
        "columns": [{"table": "test_bikes", "columns": ["colour", "unknown"]}],
    }
    answer = told(pull(phone, cursor, schema_version=3, migration=migration).json())
    assert answer == {"test_logs": ([str(log.pk)], []), "test_bikes": ([str(painted.pk), str(plain.pk)], [])}
    found = pages(phone, cursor, schema_version=3, migration=migration, limit=1)
    seen = [key for page in found for updated, _ in told(page).values() for key in updated]
    assert sorted(seen) == sorted(map(str, [log.pk, painted.pk, plain.pk]))


# -- Cost


@pytest.mark.parametrize("count", [1, 3])
def test_a_delta_costs_two_statements_whatever_one_owns(phone, alice, count, django_assert_num_queries):
    Bike.objects.bulk_create(Bike(owner=alice, nickname=str(n)) for n in range(20))
    Log.objects.create(owner=alice, text="a")
    cursor = pull(phone).json()["cursor"]
    with django_assert_num_queries(
        2 + 6
    ):  # login, the feed; the rest are roles and the savepoint of the test client
        assert pull(phone, cursor).json()["changes"] == {}
    for n in range(count):
        Bike.objects.create(owner=alice, nickname=f"new {n}")
        Log.objects.create(owner=alice, text=f"new {n}")
    with django_assert_num_queries(3 + 6):  # the records of all collections come in one statement
        assert {name: len(ids) for name, (ids, _) in told(pull(phone, cursor).json()).items()} == {
            "test_logs": count,
            "test_bikes": count,
        }


def test_a_new_person_costs_one_look(phone, django_assert_num_queries):
    with django_assert_num_queries(2 + 6 + 1):  # the public catalogue is looked at too
        assert pull(phone).json()["changes"] == {}


def test_random_histories_end_in_the_same_state(phone, alice):
    """Whatever happened between pulls, and however they were paged, the device has what the server has."""
    dice = random.Random(7)
    device: dict[str, str] = {}
    cursor = None
    for _ in range(25):
        for _ in range(dice.randrange(6)):
            live = list(Bike.objects.filter(deleted_at=None))
            if live and dice.random() < 0.6:
                bike = dice.choice(live)
                if dice.random() < 0.4:
                    bike.tombstone()
                else:
                    Bike.objects.filter(pk=bike.pk).update(nickname=str(dice.random()))
            else:
                Bike.objects.create(pk=uuid7(), owner=alice, nickname=str(dice.random()))
        for page in pages(
            phone, cursor, **({"limit": dice.choice([1, 2, 5])} if dice.random() < 0.7 else {})
        ):
            change = page["changes"].get("test_bikes", {"updated": [], "deleted": []})
            device |= {row["id"]: row["nickname"] for row in change["updated"]}
            for key in change["deleted"]:
                device.pop(key, None)
            cursor = page["cursor"]
        assert device == {str(row.pk): row.nickname for row in Bike.objects.filter(deleted_at=None)}
