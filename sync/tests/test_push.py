"""A push over HTTP: what is applied, what is refused and why, and that nothing is half-applied."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction
from django.db.models import F

from core.ids import uuid7
from core.rls import as_system
from sync.models import SyncEntry, SyncPush, SyncRejection
from sync.tests.testapp.models import Bike, Invoice, Log, Part, Shop
from tests.cast import make_user

pytestmark = pytest.mark.django_db
PULL, PUSH, LETTERS = "/api/v1/sync/pull/", "/api/v1/sync/push/", "/api/v1/sync/rejections/"


def key():
    return str(uuid7())


def bike(**fields):
    return {"id": key(), "nickname": "MT-07"} | fields


def push(client, changes=None, **body):
    return client.post(PUSH, {"changes": changes or {}} | body)


def updated(*records, name="test_bikes"):
    return {name: {"created": [], "updated": list(records), "deleted": []}}


def delta(client, cursor=None):
    return client.post(PULL, {"cursor": cursor}).json()


@pytest.fixture
def alice(numbered):
    return make_user("alice")


@pytest.fixture
def phone(client_for, alice):
    return client_for(alice)


# -- What is applied


def test_created_updated_and_deleted_in_one_push(phone, alice):
    old, gone = (Bike.objects.create(owner=alice, nickname=name) for name in ("old", "gone"))
    new = bike(odometer_km=41230, colour="blue")
    answer = push(
        phone,
        {
            "test_bikes": {
                "created": [new],
                "updated": [{"id": str(old.pk), "nickname": "R1"}],
                "deleted": [str(gone.pk)],
            }
        },
    )
    assert answer.json() == {
        "accepted": {"test_bikes": [new["id"], str(old.pk), str(gone.pk)]},
        "rejected": [], "conflicts": [], "experimentalRejectedIds": {}, "replayed": False,
    }  # fmt: skip
    rows = {str(row.pk): row for row in Bike.objects.all()}
    assert (rows[new["id"]].owner_id, rows[new["id"]].colour) == (alice.pk, "blue")
    assert rows[str(old.pk)].nickname == "R1"
    assert rows[str(gone.pk)].deleted_at is not None


def test_parents_are_applied_before_children_whatever_the_order(phone):
    parent = bike()
    part = {"id": key(), "bike_id": parent["id"], "title": "exhaust"}
    body = {"test_parts": {"created": [part]}, "test_bikes": {"created": [parent]}}
    assert push(phone, body).json()["rejected"] == []
    assert str(Part.objects.get(pk=part["id"]).bike_id) == parent["id"]


def test_only_the_changed_fields_count(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="server", colour="red")
    record = {
        "id": str(row.pk),
        "nickname": "stale",
        "colour": "blue",
        "_changed": "colour",
        "_status": "updated",
    }
    assert push(phone, updated(record)).json()["accepted"] == {"test_bikes": [str(row.pk)]}
    row.refresh_from_db()
    assert (row.nickname, row.colour) == ("server", "blue")


def test_two_devices_with_different_fields_both_keep_theirs(client_for, alice):
    row = Bike.objects.create(owner=alice, nickname="a", colour="red")
    for field, value in (("nickname", "b"), ("colour", "blue")):
        record = {
            "id": str(row.pk),
            "nickname": "a",
            "colour": "red",
            "_changed": field,
            "_status": "updated",
        }
        push(client_for(alice), updated(record | {field: value}))
    row.refresh_from_db()
    assert (row.nickname, row.colour) == ("b", "blue")


def test_what_is_there_already_writes_nothing(phone, alice):
    when = datetime(2026, 5, 1, 12, tzinfo=UTC)
    row = Bike.objects.create(owner=alice, nickname="a", vin="JYA1", odometer_km="10.0", serviced_at=when)
    cursor = delta(phone)["cursor"]
    record = {
        "id": str(row.pk), "nickname": "a", "vin": "jya1", "odometer_km": 10, "serviced_at": "2026-05-01T14:00:00+02:00",
    }  # fmt: skip
    assert push(phone, updated(record)).json()["accepted"] == {"test_bikes": [str(row.pk)]}
    row.refresh_from_db()
    assert (row.rev, delta(phone, cursor)["changes"]) == (1, {})


def test_created_of_an_own_id_is_an_update_and_updated_of_an_unknown_one_a_create(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a")
    new = bike(nickname="b", _changed="colour", _status="updated")
    body = {"test_bikes": {"created": [{"id": str(row.pk), "nickname": "c"}], "updated": [new]}}
    assert push(phone, body).json()["rejected"] == []
    assert sorted(Bike.objects.values_list("nickname", flat=True)) == ["b", "c"]


def test_a_delete_of_something_unknown_is_done_already(phone):
    unknown = key()
    answer = push(phone, {"test_bikes": {"deleted": [unknown]}}).json()
    assert (answer["accepted"], answer["rejected"]) == ({"test_bikes": [unknown]}, [])


def test_unknown_and_read_only_fields_are_passed_over(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a")
    record = {
        "id": str(row.pk),
        "nickname": "b",
        "rev": 99,
        "owner_id": key(),
        "created_at": "never",
        "tomorrow": 1,
    }
    assert push(phone, updated(record), future_option=True).json()["rejected"] == []
    row.refresh_from_db()
    assert (row.nickname, row.owner_id, row.rev) == ("b", alice.pk, 2)


def test_the_pull_after_a_push_brings_only_what_the_server_made_of_it(phone):
    cursor = delta(phone)["cursor"]
    new = bike(vin="jya1")
    push(phone, updated(new))
    change = delta(phone, cursor)["changes"]["test_bikes"]
    assert (change["created"], [row["vin"] for row in change["updated"]], change["deleted"]) == (
        [],
        ["JYA1"],
        [],
    )


def test_an_id_twice_is_one_record(phone):
    new = bike(colour="red")
    body = {"test_bikes": {"created": [new], "updated": [{"id": new["id"], "colour": "blue"}]}}
    assert push(phone, body).json()["accepted"] == {"test_bikes": [new["id"]]}
    assert (Bike.objects.get().nickname, Bike.objects.get().colour) == ("MT-07", "blue")


# -- What is refused


def only(answer):
    assert answer.status_code == 200, answer.content
    (rejection,) = answer.json()["rejected"]
    return rejection


def test_one_bad_record_does_not_hold_up_the_others(phone, alice):
    good, bad = bike(), bike(odometer_km=-1)
    answer = push(phone, updated(bad, good))
    assert only(answer) == {
        "collection": "test_bikes", "id": bad["id"], "code": "invalid",
        "errors": {"odometer_km": ["Ensure this value is greater than or equal to 0."]},
        "record": None, "retryable": False,
    }  # fmt: skip
    assert answer.json()["accepted"] == {"test_bikes": [good["id"]]}
    assert [str(row.pk) for row in Bike.objects.all()] == [good["id"]]


def test_a_refused_create_is_deleted_by_the_next_pull_and_kept_as_a_dead_letter(phone):
    cursor = delta(phone)["cursor"]
    bad = bike(odometer_km=-1)
    push(phone, updated(bad), client_id="phone")
    assert delta(phone, cursor)["changes"] == {
        "test_bikes": {"created": [], "updated": [], "deleted": [bad["id"]]}
    }  # fmt: skip
    (letter,) = phone.get(LETTERS).json()["results"]
    assert (letter["record"], letter["code"], letter["payload"], letter["client_id"]) == (
        bad["id"], "invalid", bad, "phone",
    )  # fmt: skip


def test_a_refused_update_brings_the_truth_again(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a", odometer_km=5)
    cursor = delta(phone)["cursor"]
    rejection = only(push(phone, updated({"id": str(row.pk), "odometer_km": -1})))
    assert rejection["record"]["odometer_km"] == 5
    (again,) = delta(phone, cursor)["changes"]["test_bikes"]["updated"]
    assert again["odometer_km"] == 5


def test_a_deleted_record_is_never_resurrected(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a")
    row.tombstone()
    cursor = delta(phone)["cursor"]
    rejection = only(push(phone, updated({"id": str(row.pk), "nickname": "b"})))
    assert (rejection["code"], rejection["record"]) == ("deleted", None)
    row.refresh_from_db()
    assert (row.nickname, row.deleted_at is not None) == ("a", True)
    assert delta(phone, cursor)["changes"]["test_bikes"]["deleted"] == [str(row.pk)]


def test_foreign_ids_are_forbidden_and_nothing_leaks(client_for, phone, alice):
    bob = make_user("bob")
    row = Bike.objects.create(owner=alice, nickname="hers")
    answer = push(client_for(bob), updated({"id": str(row.pk), "nickname": "his"}, good := bike()))
    rejection = only(answer)
    assert (rejection["code"], rejection["record"], rejection["errors"]) == (
        "forbidden", None, {"id": ["This id can't be used."]},
    )  # fmt: skip
    assert answer.json()["accepted"] == {"test_bikes": [good["id"]]}
    assert push(client_for(bob), {"test_bikes": {"deleted": [str(row.pk)]}}).json()["rejected"] == []
    row.refresh_from_db()
    assert (row.nickname, row.owner_id, row.deleted_at, row.rev) == ("hers", alice.pk, None, 1)
    seen = delta(client_for(bob))["changes"]["test_bikes"]["updated"]
    assert [each["id"] for each in seen] == [good["id"]]


def test_a_part_for_a_foreign_bike_has_no_such_bike(client_for, alice):
    row = Bike.objects.create(owner=alice, nickname="hers")
    part = {"id": key(), "bike_id": str(row.pk), "title": "bug"}
    rejection = only(push(client_for(make_user("bob")), updated(part, name="test_parts")))
    assert (rejection["code"], rejection["errors"]) == ("invalid", {"bike_id": ["There is no such record."]})


def test_a_taken_value_names_the_record_that_has_it(phone, alice):
    row = Bike.objects.create(owner=alice, nickname="a", vin="JYA1")
    rejection = only(push(phone, updated(bike(vin="jya1"), bike(vin="JYA2"))))
    assert (rejection["code"], rejection["existing_id"]) == ("already_exists", str(row.pk))
    assert sorted(Bike.objects.values_list("vin", flat=True)) == ["JYA1", "JYA2"]


def test_a_rule_that_only_the_database_knows(phone):
    rejection = only(push(phone, updated(bike(nickname="cursed"), bike())))
    assert (rejection["code"], rejection["errors"]) == ("invalid", {"record": ["A value is not possible."]})
    assert Bike.objects.count() == 1


@pytest.mark.parametrize("wrong", [None, 7, "", "abc", "1234567890123456", {"x": 1}, "0" * 500])
def test_a_bad_id_is_one_records_own_trouble(phone, wrong):
    good = bike()
    answer = push(phone, updated({"id": wrong, "nickname": "a"}, good))
    rejection = only(answer)
    assert (rejection["code"], rejection["retryable"]) == ("bad_id", False)
    assert answer.json()["accepted"] == {"test_bikes": [good["id"]]}
    assert SyncRejection.objects.get().code == "bad_id"


@pytest.mark.parametrize("record", [7, None, "text", []])
def test_a_record_that_is_none(phone, record):
    assert only(push(phone, updated(record)))["code"] == "bad_id"


def test_what_only_the_server_writes(phone, alice):
    invoice = Invoice.objects.create(owner=alice, amount_minor=500)
    shop = Shop.objects.create(name="Corner")
    cursor = delta(phone)["cursor"]
    changes = updated({"id": str(invoice.pk), "amount_minor": 1}, name="test_invoices")
    changes |= {"test_shops": {"deleted": [str(shop.pk)]}}
    told = {row["collection"]: row["code"] for row in push(phone, changes).json()["rejected"]}
    assert told == {"test_invoices": "read_only", "test_shops": "read_only"}
    again = delta(phone, cursor)["changes"]
    assert again["test_invoices"]["updated"][0]["amount_minor"] == 500
    assert again["test_shops"]["updated"][0]["name"] == "Corner"


def test_a_child_waits_for_a_parent_that_is_sent_again(phone):
    parent = bike(nickname="busy")
    part = {"id": key(), "bike_id": parent["id"], "title": "exhaust"}
    changes = {**updated(parent), **updated(part, name="test_parts")}
    answer = push(phone, changes).json()
    assert answer["experimentalRejectedIds"] == {"test_bikes": [parent["id"]], "test_parts": [part["id"]]}
    assert [row["retryable"] for row in answer["rejected"]] == [True, True]
    assert SyncRejection.objects.count() == 0
    parent["nickname"] = "free"
    assert push(phone, changes).json()["rejected"] == []


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
