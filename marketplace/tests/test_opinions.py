"""Reviews by buyers, exact under a race; favourites, figures, what phones keep, and what a person may ask for."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections

from core.ports import personal_data
from core.rls import as_system, as_user
from core.testing.counting import statements
from marketplace import services
from marketplace.demo import fill_shelf
from marketplace.models import Entitlement, Favourite, Listing, Tune, TuneReview
from marketplace.tests.making import add_version, buy, give_back, make_tune
from payments.models import Payment
from sync.testing import number_at_once
from tests.cast import make_user
from tuners.models import TunerProfile
from tuners.tests.making import make_tuner

pytestmark = pytest.mark.django_db
TUNES = "/api/v1/marketplace/tunes/"
WISHES = "/api/v1/marketplace/favourites/"


def test_only_buyers_review_and_only_while_they_keep_it(client_for, anyone):
    alice, bob, tune = make_user("alice"), make_user("bob"), make_tune()
    door = f"{TUNES}{tune.pk}/reviews/"
    for client, status, code in (
        (client_for(bob), 403, "review_not_allowed"),
        (client_for(tune.tuner.user), 403, "review_not_allowed"),
        (anyone, 401, "not_authenticated"),
    ):
        answer = client.post(door, {"rating": 5})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    services.purchase_tune(buyer=alice, tune=tune)
    assert client_for(alice).post(door, {"rating": 5}).status_code == 403
    buy(alice, tune)
    first = client_for(alice).post(door, {"rating": 2, "text": "Flat"})
    second = client_for(alice).post(door, {"rating": 5, "text": "Better now"})
    assert (first.status_code, second.status_code, first.json()["id"]) == (201, 200, second.json()["id"])
    page = anyone.get(f"{TUNES}{tune.pk}/").json()
    assert (page["rating"], page["rating_count"], page["score"]) == (5.0, 1, 22.5 / 6)
    assert [(row["author"], row["text"]) for row in anyone.get(door).json()["results"]] == [
        ("Alice", "Better now")
    ]
    give_back(Payment.objects.get(), tune.price_minor)
    assert client_for(alice).post(door, {"rating": 1}).status_code == 403
    for bad, name in (
        ({"rating": 0}, "rating"),
        ({"rating": "good"}, "rating"),
        ({"rating": 3, "text": 5}, "text"),
    ):
        answer = client_for(alice).post(door, bad)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


def test_a_buyer_may_review_the_tuner_too(client_for):
    alice, tune = make_user("alice"), make_tune()
    door = f"/api/v1/tuners/{tune.tuner_id}/reviews/"
    assert client_for(alice).post(door, {"rating": 5}).status_code == 403
    buy(alice, tune)
    answer = client_for(alice).post(door, {"rating": 5})
    assert (answer.status_code, answer.json()["verified_by"]) == (201, "tune_purchase")


def test_the_tuner_replies_and_staff_hide(client_for, desk, anyone):
    alice, tune = make_user("alice"), make_tune()
    buy(alice, tune)
    review, _ = services.write_review(author=alice, tune=tune, rating=1, text="Rude words")
    door = f"{TUNES}{tune.pk}/reviews/{review.pk}/reply/"
    make_tuner("uma")
    for stranger in ("bob", "uma", "alice"):
        assert client_for(make_user(stranger)).post(door, {"text": "Hi"}).status_code == 404
    assert client_for(tune.tuner.user).post(door, {"text": "Let us talk."}).json()["reply"] == "Let us talk."
    desk.post(
        f"/admin/marketplace/tunereview/{review.pk}/hide/", {"_form_submitted": "true", "reason": "Insult"}
    )
    tune.refresh_from_db()
    assert (tune.rating, anyone.get(f"{TUNES}{tune.pk}/reviews/").json()["results"]) == (None, [])
    desk.post(f"/admin/marketplace/tunereview/{review.pk}/show/", {"_form_submitted": "true"})
    tune.refresh_from_db()
    assert tune.rating == 1.0


@pytest.mark.django_db(transaction=True)
def test_ten_reviews_at_once_count_exactly():
    with as_system("test"):
        tune = make_tune(price_minor=0)
        people = [make_user(f"rider{number}") for number in range(10)]
    for one in people:
        buy(one, tune)

    def write(pair):
        number, author = pair
        try:
            with as_user(author):
                services.write_review(author=author, tune=tune, rating=1 + number % 5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, enumerate(people)))
    with as_system("test"):
        tune.refresh_from_db()
        assert (tune.rating_count, tune.rating_sum, tune.rating) == (10, 30, 3.0)
        assert Listing.objects.get().score == tune.score == 47.5 / 15
        TuneReview.objects.filter(rating=1).delete()
        tune.refresh_from_db()
    assert (tune.rating_count, tune.rating_sum) == (8, 28)


@pytest.mark.parametrize("count", [1, 3])
def test_reviews_cost_two_statements(count, anyone):
    tune = make_tune(price_minor=0)
    for number in range(count):
        rider = make_user(f"rider{number}")
        buy(rider, tune)
        services.write_review(author=rider, tune=tune, rating=4)
    with statements() as told:
        assert len(anyone.get(f"{TUNES}{tune.pk}/reviews/").json()["results"]) == count
    assert len(told) == 2, told


def test_favourites_are_private_and_once(client_for):
    alice, bob = client_for(make_user("alice")), client_for(make_user("bob"))
    tune, draft = make_tune(), make_tune(published=False)
    wish = alice.post(WISHES, {"tune_id": str(tune.pk), "note": "For summer"})
    assert (wish.status_code, wish.json()["tune_title"]) == (201, "MT-07 street")
    twice = alice.post(WISHES, {"tune_id": str(tune.pk)})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    hidden = alice.post(WISHES, {"tune_id": str(draft.pk)})
    assert (hidden.status_code, list(hidden.json()["fields"])) == (400, ["tune_id"])
    door = f"{WISHES}{wish.json()['id']}/"
    for method in ("get", "patch", "delete"):
        assert getattr(bob, method)(door, {}).status_code == 404
    assert bob.get(WISHES).json()["results"] == []
    assert alice.patch(door, {"note": "For winter"}).json()["note"] == "For winter"
    assert alice.delete(door).status_code == 204
    assert alice.get(WISHES).json()["results"] == []
    assert alice.post(WISHES, {"tune_id": str(tune.pk)}).status_code == 201


@pytest.mark.parametrize("count", [1, 3])
def test_the_bench_shows_figures_of_own_tunes_only(count, client_for):
    tara, alice = make_tuner(), make_user("alice")
    make_tune(make_tuner("uma"), title="Uma's", content=b"TUNE u")
    for number in range(count):
        tune = make_tune(tara, content=b"TUNE %d" % number, price_minor=1000)
    buy(alice, tune)
    client_for(alice).post(f"{TUNES}{tune.pk}/download/")
    client_for(alice).post(WISHES, {"tune_id": str(tune.pk)})
    client = client_for(tara.user)
    with statements() as told:
        rows = client.get("/api/v1/tuners/me/tunes/").json()["results"]
    assert len(rows) == count
    assert len(told) == 7, told  # session; tunes, fits, versions; the figures in their own role (2 + 1)
    assert rows[0]["figures"] == {
        "favourites": 1, "downloads": 1, "sales": 1, "sales_30_days": 1, "refunds": 0, "gross_minor": 1000,
    }  # fmt: skip
    assert client_for(alice).get("/api/v1/tuners/me/tunes/").json()["results"] == []


# -- What phones keep


def entries(user, code):
    from sync.models import SyncEntry

    rows = SyncEntry.objects.filter(stream=user.pk, collection=code)
    return {row.record_id: row.deleted for row in rows}


def test_buying_brings_a_tune_and_its_versions_and_losing_the_right_takes_them():
    number_at_once()
    alice, bob, tune = make_user("alice"), make_user("bob"), make_tune(price_minor=0)
    first = tune.versions.get()
    assert (entries(alice, 62), entries(alice, 63)) == ({}, {})
    right = buy(alice, tune)
    assert entries(alice, 60) == {right.pk: False}
    assert (entries(alice, 62), entries(alice, 63)) == ({tune.pk: False}, {first.pk: False})
    second = add_version(tune)
    assert entries(alice, 63) == {first.pk: False}
    services.publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert entries(alice, 63) == {first.pk: False, second.pk: False}
    services.refund_purchase(right.purchase_id, 0, full=True)
    assert entries(alice, 60) == {right.pk: False}
    assert (entries(alice, 62), entries(alice, 63)) == ({tune.pk: True}, {first.pk: True, second.pk: True})
    assert entries(bob, 62) == {}


def test_a_sale_is_no_news_for_other_owners():
    from sync.models import SyncEntry

    number_at_once()
    alice, bob, tune = make_user("alice"), make_user("bob"), make_tune(price_minor=0)
    buy(alice, tune)
    before = SyncEntry.objects.get(stream=alice.pk, collection=62).seq
    buy(bob, tune)
    assert SyncEntry.objects.get(stream=alice.pk, collection=62).seq == before
    Tune.objects.filter(pk=tune.pk).update(title="News")
    assert SyncEntry.objects.get(stream=alice.pk, collection=62).seq > before


def test_lists_tell_what_changed_since(client_for):
    number_at_once()
    alice = make_user("alice")
    client, tune = client_for(alice), make_tune(price_minor=0)
    right = buy(alice, tune)
    wish = client.post(WISHES, {"tune_id": str(tune.pk)}).json()
    client.delete(f"{WISHES}{wish['id']}/")
    ago = {"since": "1970-01-01T00:00:00Z"}
    rights = client.get("/api/v1/marketplace/entitlements/", ago)
    assert [row["id"] for row in rights.json()["results"]] == [str(right.pk)]
    assert rights.headers["X-Sync-Until"]
    gone = client.get(WISHES, ago).json()["results"]
    assert [(row["id"], row["deleted_at"] is not None) for row in gone] == [(wish["id"], True)]
    assert client_for(make_user("bob")).get(WISHES, ago).json()["results"] == []


def test_phones_push_favourites_but_not_rights(client_for):
    number_at_once()
    alice, tune = make_user("alice"), make_tune(price_minor=0)
    right, client, wish = buy(alice, tune), client_for(alice), str(uuid4())
    body = {
        "push_id": str(uuid4()),
        "changes": {
            "favourites": {"created": [{"id": wish, "tune_id": str(tune.pk), "note": "Offline"}]},
            "entitlements": {"updated": [{"id": str(right.pk), "download_limit": 999}]},
        },
    }
    told = client.post("/api/v1/sync/push/", body)
    assert told.status_code == 200, told.json()
    assert told.json()["accepted"] == {"favourites": [wish]}
    assert [row["collection"] for row in told.json()["rejected"]] == ["entitlements"]
    assert Favourite.objects.get().note == "Offline"
    right.refresh_from_db()
    assert right.download_limit == 10
    pulled = client.post(
        "/api/v1/sync/pull/", {"collections": ["tunes", "tune_versions", "entitlements"]}
    ).json()
    assert [row["title"] for row in pulled["changes"]["tunes"]["updated"]] == ["MT-07 street"]
    assert [row["number"] for row in pulled["changes"]["tune_versions"]["updated"]] == [1]


# -- A person's own data


def test_export_and_erasure():
    alice, tune = make_user("alice"), make_tune()
    right = buy(alice, tune)
    services.write_review(author=alice, tune=tune, rating=4, text="Mine")
    Favourite.objects.create(owner=alice, tune=tune, note="Private")
    plug = personal_data["marketplace"]
    told = plug.export(alice.pk)
    assert [row["text"] for row in told["tune_reviews"]] == ["Mine"]
    assert [row["note"] for row in told["favourites"]] == ["Private"]
    assert len(told["purchases"]) == len(told["entitlements"]) == 1
    plug.erase(alice.pk)
    right.refresh_from_db()
    tune.refresh_from_db()
    assert (right.status, TuneReview.objects.get().text, tune.rating_count) == ("revoked", "", 1)
    assert Favourite.objects.get().note == ""
    plug.erase(tune.tuner.user_id)
    personal_data["tuners"].erase(tune.tuner.user_id)
    tune.refresh_from_db()
    profile = TunerProfile.objects.get()
    assert (tune.status, profile.business, profile.verified, Listing.objects.count()) == (
        "retired",
        "Former tuner",
        False,
        0,
    )
    assert plug.export(uuid4()) == {name: [] for name in told}


# -- The demo world


def test_the_demo_shelf_is_believable_and_made_once(anyone, capsys):
    tara = make_tuner()
    with as_system("test"):
        assert fill_shelf(30, tara=tara) == 30
        assert fill_shelf(30, tara=tara) == 0
        assert fill_shelf(32, tara=tara) == 2
    page = anyone.get(TUNES, {"facets": "true", "count": "true", "page_size": 200}).json()
    assert (page["count"], len(page["facets"]["make"]) > 5, len(page["facets"]["stage"]) > 2) == (
        34,
        True,
        True,
    )
    assert all(row["version_number"] == 1 and row["fits"] for row in page["results"])
    with as_system("test"):
        rated = Tune.objects.filter(rating_count__gt=0).first()
        assert rated.rating_count == rated.reviews.count()
        assert sum(Tune.objects.values_list("sales_count", flat=True)) == Entitlement.objects.count()
    call_command("demo_tunes", count=5)
    assert capsys.readouterr().out == "0 tunes made.\n"
