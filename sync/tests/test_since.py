"""`?since=`: nothing is left out, whatever was open when the client looked."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from core import clock
from core.ids import uuid7
from core.rls import as_system
from sync.models import SyncEntry, SyncStream
from sync.tests.testapp.models import Bike, Shop
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls("sync.tests.testapp.urls")]
URL = "/api/v1/test/bikes/"
EPOCH = "1970-01-01T00:00:00Z"


def ask(client, since=EPOCH, **query):
    return client.get(URL, {"since": since, **query})


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


@pytest.mark.usefixtures("numbered")
def test_changes_come_in_their_order_with_tombstones_and_the_next_since(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    first, second, third = (Bike.objects.create(owner=alice, nickname=name) for name in "abc")
    Bike.objects.filter(pk=first.pk).update(nickname="d")
    second.tombstone()
    answer = ask(client)
    assert ids(answer) == [str(third.pk), str(first.pk), str(second.pk)]
    assert [row.get("deleted_at") is not None for row in answer.json()["results"]] == [False, False, True]
    assert answer.json()["results"][1]["nickname"] == "d"
    until = answer.headers["X-Sync-Until"]
    again = ask(client, until)
    assert (ids(again), again.headers["X-Sync-Until"]) == ([], until)
    Bike.objects.filter(pk=third.pk).update(nickname="e")
    assert ids(ask(client, until)) == [str(third.pk)]


@pytest.mark.usefixtures("numbered")
def test_without_since_a_list_has_no_tombstones_and_no_header(client_for):
    alice = make_user("alice")
    Bike.objects.create(owner=alice, nickname="a").tombstone()
    answer = client_for(alice).get(URL)
    assert (answer.json()["results"], "X-Sync-Until" in answer.headers) == ([], False)


@pytest.mark.usefixtures("numbered")
def test_all_pages_end_at_the_same_change(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    bikes = [Bike.objects.create(owner=alice, nickname=str(n)) for n in range(5)]
    page = ask(client, page_size=2)
    untils, seen = {page.headers["X-Sync-Until"]}, ids(page)
    Bike.objects.filter(pk=bikes[4].pk).update(nickname="moved on")
    while following := page.json()["next"]:
        page = client.get(following)
        untils.add(page.headers["X-Sync-Until"])
        seen += ids(page)
    assert seen == [str(bike.pk) for bike in bikes[:4]]
    (until,) = untils
    assert ids(ask(client, until))[-1] == str(bikes[4].pk)


@pytest.mark.usefixtures("numbered")
def test_a_wiped_row_is_an_id_and_two_times(client_for):
    alice = make_user("alice")
    gone, kept = (Bike.objects.create(owner=alice, nickname=name) for name in "ab")
    gone.tombstone()
    SyncEntry.objects.filter(record_id=gone.pk).delete()
    SyncStream.objects.filter(pk=alice.pk).update(floor=3)
    Bike.objects.filter(pk=kept.pk).update(nickname="c")
    pages = [ask(client_for(alice), page_size=1).json()]
    pages.append(client_for(alice).get(pages[0]["next"]).json())
    assert set(pages[0]["results"][0]) == {"id", "updated_at", "deleted_at"}
    assert [page["results"][0]["id"] for page in pages] == [str(gone.pk), str(kept.pk)]
    assert pages[1]["next"] is None


@pytest.mark.usefixtures("numbered")
def test_a_row_that_went_to_somebody_else_is_a_deletion(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    bike = Bike.objects.create(owner=alice, nickname="a")
    until = ask(client_for(alice)).headers["X-Sync-Until"]
    Bike.objects.filter(pk=bike.pk).update(owner=bob)
    (told,) = ask(client_for(alice), until).json()["results"]
    assert set(told) == {"id", "updated_at", "deleted_at"}
    assert ids(ask(client_for(bob))) == [str(bike.pk)]


@pytest.mark.usefixtures("numbered")
def test_a_filter_of_the_list_holds_for_its_changes(client_for):
    alice = make_user("alice")
    red = Bike.objects.create(owner=alice, nickname="a", colour="red")
    Bike.objects.create(owner=alice, nickname="b", colour="blue")
    assert ids(ask(client_for(alice), colour="red")) == [str(red.pk)]


@pytest.mark.usefixtures("numbered")
def test_an_arbitrary_instant_is_taken_a_little_back(client_for):
    alice = make_user("alice")
    bike = Bike.objects.create(owner=alice, nickname="a")
    soon = (clock.now() + timedelta(seconds=5)).isoformat()
    assert ids(ask(client_for(alice), soon)) == [str(bike.pk)]
    late = (clock.now() + timedelta(hours=5)).isoformat()
    skewed = ask(client_for(alice), late)
    assert ids(skewed) == []
    assert ids(ask(client_for(alice), skewed.headers["X-Sync-Until"])) == []


@pytest.mark.parametrize(
    "since", ["", "yesterday", "2026-11-20", "2026-11-20T09:30:00", "9999-12-31T23:59:59-23:59", "0"]
)
def test_a_bad_since_is_named(client_for, since):
    answer = ask(client_for(make_user("alice")), since)
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"since"})


@pytest.mark.parametrize(
    "edge", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-20T09:30:00+02:00"]
)
def test_edges_of_the_calendar_are_instants(client_for, edge):
    assert ask(client_for(make_user("alice")), edge).status_code == 200


@pytest.mark.usefixtures("numbered")
def test_a_page_of_somebody_else_or_another_since_is_refused(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    for n in range(3):
        Bike.objects.create(owner=alice, nickname=str(n))
    following = ask(client_for(alice), page_size=1).json()["next"]
    assert client_for(bob).get(following).json()["fields"].keys() == {"cursor"}
    other = following.replace("1970", "1971")
    assert client_for(alice).get(other).json()["fields"].keys() == {"cursor"}
    assert ask(client_for(alice), cursor="forged").status_code == 400
    assert ask(client_for(alice), ordering="created_at").status_code == 400


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize("count", [1, 3])
def test_changes_cost_four_statements(client_for, count, django_assert_num_queries):
    alice = make_user("alice")
    client = client_for(alice)
    for n in range(count):
        Bike.objects.create(owner=alice, nickname=str(n))
    with django_assert_num_queries(
        4 + 6
    ):  # login, head, entries, rows; six are roles and the savepoint of the test client
        assert len(ids(ask(client))) == count


@pytest.mark.usefixtures("numbered")
def test_a_public_list_tells_the_public_stream(client_for):
    shop = Shop.objects.create(name="Corner")
    answer = client_for(make_user("alice")).get("/api/v1/test/shops/", {"since": EPOCH})
    assert ids(answer) == [str(shop.pk)]


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_was_open_all_the_time_is_told_later(client_for):
    with as_system("test"):
        alice = make_user("alice")
        Bike.objects.create(owner=alice, nickname="early")
    client = client_for(alice)
    wrote, go_on = threading.Event(), threading.Event()
    late = uuid7()

    def slow_writer():
        with as_system("test"):
            Bike.objects.create(pk=late, owner_id=alice.pk, nickname="late")
            wrote.set()
            go_on.wait(10)
        connections.close_all()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert wrote.wait(10)
    with as_system("test"):
        quick = Bike.objects.create(owner=alice, nickname="quick")
    answer = ask(client)
    assert ids(answer)[1:] == [str(quick.pk)]
    go_on.set()
    writer.join()
    assert ids(ask(client, answer.headers["X-Sync-Until"])) == [str(late)]


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_jumps_back_loses_nothing(client_for):
    with as_system("test"):
        alice = make_user("alice")
        Bike.objects.create(owner=alice, nickname="early")
    with as_system("test"):
        SyncStream.objects.update(stamped_at=datetime(2100, 1, 1, tzinfo=UTC))
    client = client_for(alice)
    until = ask(client).headers["X-Sync-Until"]
    assert until == "2100-01-01T00:00:00.000000Z"
    with transaction.atomic(), as_system("test"):
        later = Bike.objects.create(owner=alice, nickname="later")
    assert ids(ask(client, until)) == [str(later.pk)]
