"""A push over HTTP: what is applied, what is refused and why, and that nothing is half-applied."""

from datetime import UTC, datetime

import pytest

from sync.models import SyncRejection
from sync.services import outcome
from sync.tests.phone import LETTERS, bike, delta, key, only, push, updated
from sync.tests.testapp.models import Bike, Invoice, Part, Shop
from tests.cast import make_user

pytestmark = pytest.mark.django_db


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


def test_dead_letters_have_an_end(phone, alice, monkeypatch):
    monkeypatch.setattr(outcome, "MOST_LETTERS", 3)
    for number in range(3):
        records = [{"id": key(), "nickname": "cursed", "wheels": number} for _ in range(2)]
        assert len(push(phone, updated(*records)).json()["rejected"]) == 2
    kept = SyncRejection.objects.order_by("created_at", "id")
    assert [letter.payload["wheels"] for letter in kept] == [1, 2, 2]
