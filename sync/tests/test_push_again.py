"""Pushes that meet others: conflicts, the same one twice, many at a time; dead letters."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction
from django.db.models import F

from core.rls import as_system
from sync.models import SyncEntry, SyncPush
from sync.tests.phone import LETTERS, PULL, PUSH, bike, delta, key, only, push, updated
from sync.tests.testapp.models import Bike, Log, Shop
from tests.cast import make_user

pytestmark = pytest.mark.django_db


# -- Conflicts


def row_of(record, assumed=None, **new):
    return {"rows": {"test_bikes": [{"newDocumentState": record | new, "assumedMasterState": assumed}]}}


def test_rxdb_is_told_of_the_masters_state_and_nothing_is_written(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a")
    master = phone.post(PULL, {"collections": ["test_bikes"], "format": "documents"}).json()["documents"][0]
    Bike.objects.filter(pk=row.pk).update(nickname="moved on")
    answer = phone.post(PUSH, row_of(master, master, nickname="mine") | {"on_conflict": "reject"}).json()
    (conflict,) = answer["conflicts"]
    assert (conflict["record"]["nickname"], conflict["record"]["_deleted"]) == ("moved on", False)
    again = phone.post(
        PUSH, row_of(master, conflict["record"], nickname="mine") | {"on_conflict": "reject"}
    ).json()
    assert (again["conflicts"], again["accepted"]) == ([], {"test_bikes": [str(row.pk)]})
    row.refresh_from_db()
    assert row.nickname == "mine"


def test_rxdb_creates_deletes_and_meets_deleted_ones(phone, alice):
    new = bike(_deleted=False)
    assert phone.post(PUSH, row_of(new) | {"on_conflict": "reject"}).json()["accepted"] == {
        "test_bikes": [new["id"]]
    }
    twice = phone.post(PUSH, row_of(new, nickname="other") | {"on_conflict": "reject"}).json()
    assert twice["conflicts"][0]["record"]["nickname"] == "MT-07"
    gone = phone.post(PUSH, row_of(new, new, _deleted=True) | {"on_conflict": "reject"}).json()
    assert gone["accepted"] == {"test_bikes": [new["id"]]}
    late = phone.post(PUSH, row_of(new, new, nickname="late") | {"on_conflict": "reject"}).json()
    assert late["conflicts"][0]["record"]["_deleted"] is True


def test_with_merge_a_three_way_merge_needs_no_changed_list(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a", colour="red")
    assumed = {"id": str(row.pk), "nickname": "a", "colour": "red"}
    Bike.objects.filter(pk=row.pk).update(nickname="b")
    assert phone.post(PUSH, row_of(assumed, assumed, colour="blue")).json()["rejected"] == []
    row.refresh_from_db()
    assert (row.nickname, row.colour) == ("b", "blue")


def test_abort_applies_nothing_at_all(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a")
    cursor = delta(phone)["cursor"]
    Bike.objects.filter(pk=row.pk).update(nickname="b")
    body = updated({"id": str(row.pk), "nickname": "c"}, bike())
    push_id = key()
    answer = push(phone, body, on_conflict="abort", cursor=cursor, push_id=push_id)
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (
        409, "conflict", {"test_bikes": [str(row.pk)]},
    )  # fmt: skip
    assert (Bike.objects.count(), SyncPush.objects.count()) == (1, 0)
    cursor = delta(phone)["cursor"]
    assert push(phone, body, on_conflict="abort", cursor=cursor, push_id=push_id).status_code == 200


def test_where_the_server_wins_an_older_state_is_refused(phone, alice):
    row = Log.objects.create(owner=alice, text="a")
    old = delta(phone)["cursor"]
    Log.objects.filter(pk=row.pk).update(text="b")
    record = {"id": str(row.pk), "text": "c"}
    rejection = only(push(phone, updated(record, name="test_logs"), cursor=old))
    assert (rejection["code"], rejection["record"]["text"]) == ("conflict", "b")
    fresh = delta(phone)["cursor"]
    assert push(phone, updated(record, name="test_logs"), cursor=fresh).json()["rejected"] == []
    row.refresh_from_db()
    assert row.text == "c"


# -- Once only


def test_the_same_push_again_gets_the_same_answer_and_has_no_effect(phone, alice):
    new, bad, push_id = bike(), bike(odometer_km=-1), key()
    first = push(phone, updated(new, bad), push_id=push_id).json()
    Bike.objects.filter(pk=new["id"]).update(nickname="changed since")
    again = phone.post(
        PUSH, {"changes": updated(new, bad), "cursor": 99}, headers={"Idempotency-Key": push_id}
    ).json()  # fmt: skip
    assert again == first | {"replayed": True}
    assert Bike.objects.get().nickname == "changed since"


def test_a_push_id_with_another_content_is_refused(phone):
    push_id = key()
    push(phone, updated(bike()), push_id=push_id)
    answer = push(phone, updated(bike()), push_id=push_id)
    assert (answer.status_code, answer.json()["code"], Bike.objects.count()) == (
        422,
        "idempotency_mismatch",
        1,
    )


def test_push_ids_are_each_persons_own(client_for, phone):
    push_id = key()
    push(phone, updated(bike()), push_id=push_id)
    assert push(client_for(make_user("bob")), updated(bike()), push_id=push_id).json()["replayed"] is False


@pytest.mark.parametrize(
    "body, status, code, field",
    [
        ({"changes": {"nonsense": {"created": [{"id": "x"}]}}}, 400, "unknown_collection", "collections"),
        ({"changes": []}, 400, "bad_request", "changes"),
        ({"changes": {"test_bikes": []}}, 400, "bad_request", "changes"),
        ({"changes": {"test_bikes": {"created": {}}}}, 400, "bad_request", "changes.test_bikes.created"),
        ({"rows": {"test_bikes": {}}}, 400, "bad_request", "rows.test_bikes"),
        ({"on_conflict": "win"}, 400, "bad_request", "on_conflict"),
        ({"push_id": "often"}, 400, "bad_request", "push_id"),
        ({"cursor": -1}, 400, "bad_cursor", "cursor"),
        ({"cursor": "page"}, 400, "bad_cursor", "cursor"),
        ({"schema_version": 0}, 426, "unsupported_schema_version", "supported"),
        ({"changes": {"test_bikes": {"deleted": ["x"] * 1001}}}, 413, "push_too_large", "max_records"),
        ({"changes": {"x": {"created": ["y" * (4 * 1024 * 1024)]}}}, 413, "push_too_large", "max_records"),
    ],
)
def test_a_push_that_makes_no_sense_applies_nothing(phone, body, status, code, field):
    changes = (
        {**updated(bike()), **body.get("changes", {})}
        if isinstance(body.get("changes", {}), dict)
        else body["changes"]
    )
    answer = phone.post(PUSH, body | {"changes": changes})
    assert (answer.status_code, answer.json()["code"], set(answer.json()["fields"])) == (
        status,
        code,
        {field},
    )
    assert Bike.objects.count() == 0


def test_a_table_of_the_apps_own_without_changes_is_passed_over(phone):
    assert push(phone, {"app_settings": {"created": [], "updated": [], "deleted": []}}).status_code == 200


def test_a_hundred_changes_cost_about_ten_statements(phone, alice, django_assert_max_num_queries):
    old = [Bike.objects.create(owner=alice, nickname=str(n)) for n in range(50)]
    changes = updated(
        *({"id": str(row.pk), "colour": "blue"} for row in old[:40]), *(bike() for _ in range(40))
    )
    changes["test_bikes"]["deleted"] = [str(row.pk) for row in old[40:]]
    changes |= updated(
        *({"id": key(), "bike_id": str(old[0].pk), "title": str(n)} for n in range(10)), name="test_parts"
    )
    with django_assert_max_num_queries(1 + 12 + 12):  # login; work; roles, contexts, savepoints
        answer = push(phone, changes, push_id=key())
    assert {name: len(ids) for name, ids in answer.json()["accepted"].items()} == {
        "test_bikes": 90,
        "test_parts": 10,
    }


# -- Dead letters and status


def test_dead_letters_are_each_persons_own_and_can_be_put_away(client_for, phone):
    for n in range(3):
        push(phone, updated(bike(odometer_km=-1 - n)))
    bob = client_for(make_user("bob"))
    letters = phone.get(LETTERS).json()["results"]
    assert (len(letters), bob.get(LETTERS).json()["results"]) == (3, [])
    assert bob.delete(f"{LETTERS}?id={letters[0]['id']}").status_code == 204
    assert phone.delete(f"{LETTERS}?id={letters[0]['id']}").status_code == 204
    assert len(phone.get(LETTERS).json()["results"]) == 2
    assert phone.delete(f"{LETTERS}?id=x").status_code == 400
    assert phone.delete(LETTERS).status_code == 204
    assert phone.get(LETTERS).json()["results"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_dead_letters_cost_two_statements(phone, count, django_assert_num_queries):
    for _ in range(count):
        push(phone, updated(bike(odometer_km=-1)))
    with django_assert_num_queries(2 + 6):
        assert len(phone.get(LETTERS).json()["results"]) == count


def test_status_counts_what_is_waiting(phone, alice):
    cursor = delta(phone)["cursor"]
    Bike.objects.bulk_create(Bike(owner=alice, nickname=str(n)) for n in range(4))
    Shop.objects.create(name="Corner")
    push(phone, updated(bike(odometer_km=-1)))
    told = phone.get("/api/v1/sync/status/", {"cursor": cursor}).json()
    assert told == {"pending": 6, "more": False, "cursor": delta(phone)["cursor"], "rejected": 1}


def test_the_schema_names_collections_fields_and_limits(phone):
    told = phone.get("/api/v1/sync/schema/").json()
    bikes = next(each for each in told["collections"] if each["name"] == "test_bikes")
    assert bikes["fields"][:2] == [
        {"name": "id", "type": "uuid", "writable": False, "nullable": False},
        {"name": "nickname", "type": "text", "writable": True, "nullable": False},
    ]
    assert told["limits"] == {"push_records": 1000, "page": 10000, "all_at_once": 50000}


# -- Together


@pytest.mark.django_db(transaction=True)
def test_eight_twins_of_one_push_have_one_effect(client_for):
    with as_system("test"):
        alice = make_user("alice")
        row = Log.objects.create(owner=alice, text="a")
    clients = [client_for(alice) for _ in range(8)]
    new, push_id = bike(), key()
    start = threading.Barrier(8)

    def once(client):
        start.wait(10)
        try:
            return push(client, {**updated(new), **updated({"id": str(row.pk), "text": "b"}, name="test_logs")}, push_id=push_id,
                        cursor=2**26 + 1).json()  # fmt: skip
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(once, clients))
    assert sorted(answer.pop("replayed") for answer in answers) == [False] + [True] * 7
    assert all(answer == answers[0] for answer in answers)
    with as_system("test"):
        assert (Bike.objects.get().rev, Log.objects.get().rev) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_pushes_of_many_devices_on_the_same_records_never_deadlock(client_for):
    with as_system("test"):
        alice = make_user("alice")
        bikes = [str(Bike.objects.create(owner=alice, nickname="0", odometer_km=0).pk) for _ in range(10)]
    clients = [client_for(alice) for _ in range(4)]

    def ride(number):
        try:
            codes = []
            for turn in range(6):
                order = bikes if (number + turn) % 2 else bikes[::-1]
                records = [{"id": each, "nickname": f"{number}-{turn}-{each[-3:]}"} for each in order]
                codes.append(push(clients[number], updated(*records)).status_code)
            return codes
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert [code for codes in pool.map(ride, range(4)) for code in codes] == [200] * 24
    with as_system("test"):
        assert SyncEntry.objects.filter(stream=alice.pk, seq=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_hours_off_changes_nothing(client_for):
    """The order of changes comes from the streams: no client time and no row time is ever compared."""
    with as_system("test"):
        alice = make_user("alice")
    phone = client_for(alice)
    new = bike(serviced_at=(datetime.now(UTC) + timedelta(days=3)).isoformat())
    push(phone, updated(new))
    cursor = delta(phone)["cursor"]
    with transaction.atomic(), as_system("a server whose clock went back"):
        Bike.objects.update(created_at=F("created_at") - timedelta(hours=9), colour="red")
    assert [row["colour"] for row in delta(phone, cursor)["changes"]["test_bikes"]["updated"]] == ["red"]
