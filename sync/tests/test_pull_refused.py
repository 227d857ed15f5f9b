"""Cursors that can't be continued, and questions that make no sense."""

import pytest

from core import clock
from sync.cursors import Position
from sync.services import retention
from sync.tests.phone import PULL, pages, pull
from sync.tests.testapp.models import Bike, Log
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbered")]


# -- Retention, restore, refused cursors


def test_a_cursor_older_than_the_purge_starts_over_and_a_first_sync_is_not_disturbed(phone, alice):
    Log.objects.bulk_create(Log(owner=alice, text=str(n)) for n in range(3))
    cursor = pull(phone).json()["cursor"]
    under_way = pull(phone, limit=1).json()["cursor"]
    gone = Bike.objects.create(owner=alice, nickname="a")
    gone.tombstone()
    paged_after = pull(phone, limit=1).json()["cursor"]
    delta_page = pull(phone, cursor, limit=1).json()
    retention.purge_tombstones(clock.now())
    refused = pull(phone, cursor)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        410,
        "resync_required",
        "expired",
    )
    assert (delta_page["has_more"], pull(phone, under_way, limit=1).status_code) == (False, 410)
    rest = pages(phone, paged_after, limit=1)
    assert rest[-1]["has_more"] is False
    assert pull(phone, rest[-1]["cursor"]).status_code == 200


def test_a_page_of_a_delta_whose_tombstones_are_purged_starts_over(phone, alice):
    bikes = [Bike.objects.create(owner=alice, nickname=str(n)) for n in range(3)]
    cursor = pull(phone).json()["cursor"]
    for bike in bikes:
        bike.tombstone()
    token = pull(phone, cursor, limit=1).json()["cursor"]
    retention.purge_tombstones(clock.now())
    assert pull(phone, token, limit=1).json()["reason"] == "expired"


def test_after_a_restore_every_old_cursor_starts_over(phone, alice):
    Bike.objects.create(owner=alice, nickname="a")
    cursor = pull(phone).json()["cursor"]
    page = pull(phone, limit=1).json()["cursor"]
    retention.reset_streams()
    answers = [
        pull(phone, cursor),
        pull(phone, page, limit=1) if isinstance(page, str) else pull(phone, cursor),
    ]
    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [(410, "reset")] * 2
    fresh = pull(phone).json()
    assert len(fresh["changes"]["test_bikes"]["updated"]) == 1
    assert pull(phone, fresh["cursor"]).json()["changes"] == {}


@pytest.mark.parametrize("ahead", [Position(50, 1), Position(0, 50), Position(2**27 - 1, 2**26 - 1)])
def test_a_cursor_from_the_future_starts_over(phone, ahead):
    answer = pull(phone, ahead.packed())
    assert (answer.status_code, answer.json()["reason"]) == (410, "future")


@pytest.mark.parametrize(
    "cursor", [-1, 1.5, True, 2**53, 2**70, "forged", "-3", "²", [], {}, "a.b.c", "x" * 30_000, "9" * 19]
)
def test_a_forged_cursor_is_named(phone, cursor):
    answer = pull(phone, cursor)
    assert (answer.status_code, answer.json()["code"], set(answer.json()["fields"])) == (
        400,
        "bad_cursor",
        {"cursor"},
    )


@pytest.mark.parametrize("cursor", [None, 0, "", "0", "null"])
def test_no_cursor_is_a_first_sync(phone, cursor):
    assert pull(phone, cursor).status_code == 200


def test_a_page_is_for_its_own_person_and_question(client_for, phone, alice):
    Log.objects.bulk_create(Log(owner=alice, text=str(n)) for n in range(3))
    token = pull(phone, limit=1).json()["cursor"]
    assert pull(client_for(make_user("bob")), token).json()["code"] == "bad_cursor"
    assert pull(phone, token, collections=["test_logs"]).json()["code"] == "bad_cursor"
    assert pull(phone, token[:-1] + ("A" if token[-1] != "A" else "B")).json()["code"] == "bad_cursor"
    assert pull(phone, token).status_code == 200


@pytest.mark.parametrize(
    "body, status, code, field",
    [
        ({"collections": ["nonsense"]}, 400, "unknown_collection", "collections"),
        ({"collections": [7]}, 400, "unknown_collection", "collections"),
        ({"collections": 7}, 400, "bad_request", "collections"),
        ({"limit": 0}, 400, "bad_request", "limit"),
        ({"limit": "many"}, 400, "bad_request", "limit"),
        ({"limit": 10**30}, 400, "bad_request", "limit"),
        ({"format": "xml"}, 400, "bad_request", "format"),
        ({"format": "documents"}, 400, "bad_request", "collections"),
        ({"filters": []}, 400, "bad_request", "filters"),
        ({"filters": {"test_bikes": {"owner_id": "x"}}}, 400, "bad_request", "filters"),
        ({"filters": {"test_bikes": {"colour": ["red"]}}}, 400, "bad_request", "filters"),
        ({"filters": {"nonsense": {}}}, 400, "unknown_collection", "collections"),
        ({"migration": []}, 400, "bad_request", "migration"),
        ({"migration": {"columns": [7]}}, 400, "bad_request", "migration"),
        ({"migration": {"tables": 7}}, 400, "bad_request", "migration"),
        ({"client_id": 7}, 400, "bad_request", "client_id"),
        ({"schema_version": "new"}, 400, "bad_request", "schema_version"),
        ({"schema_version": 0}, 426, "unsupported_schema_version", "supported"),
        ({"schemaVersion": 10**6}, 426, "unsupported_schema_version", "supported"),
    ],
)
def test_bad_input_is_named(phone, body, status, code, field):
    answer = pull(phone, **body)
    assert (answer.status_code, answer.json()["code"], set(answer.json()["fields"])) == (
        status,
        code,
        {field},
    )


def test_the_schema_versions_stand_in_the_refusal(phone):
    assert pull(phone, schema_version=0).json()["supported"] == {"oldest": 1, "newest": 1000}


@pytest.mark.parametrize("raw", [b"[]", b"7", b"nonsense", b'{"cursor":'])
def test_a_body_that_is_no_object(phone, raw):
    answer = phone.post(PULL, raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_stranger_without_a_token(anyone):
    assert [anyone.post(PULL, {}).status_code, anyone.get(PULL).status_code] == [401, 401]


def test_keys_are_never_recased(phone, alice):
    Bike.objects.create(owner=alice, nickname="a")
    answer = phone.post(PULL, {}, headers={"Accept": "application/json; case=camel"}).json()
    assert set(answer) == {"changes", "cursor", "timestamp", "has_more"}
    assert "odometer_km" in answer["changes"]["test_bikes"]["updated"][0]
