"""Finding tuners by words, speciality, rating and distance; reviews by right, exact under a race."""

from concurrent.futures import ThreadPoolExecutor
from math import asin, cos, radians, sin, sqrt
from uuid import uuid4

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geo import EARTH_RADIUS_M, Near, whole
from core.refs import Ref
from core.rls import as_system, as_user
from core.testing.counting import statements
from tests.cast import make_user
from tuners import services
from tuners.models import TunerProfile, TunerReview
from tuners.ports import review_rights
from tuners.tests.making import make_tuner

pytestmark = pytest.mark.django_db
TUNERS = "/api/v1/tuners/"


class Right:
    """Everybody named here has the right."""

    people: set = set()

    def right(self, author_id, tuner_id):
        return Ref("test_visit", uuid4()) if author_id in self.people else None


@pytest.fixture
def allowed(monkeypatch):
    right = Right()
    right.people = set()
    monkeypatch.setattr(review_rights, "_plugs", {"test": right})
    return right.people


def names(answer):
    assert answer.status_code == 200, answer.json()
    return [row["business"] for row in answer.json()["results"]]


@pytest.fixture
def field():
    make_tuner("tara", business="Tara Tuning", bio="Racing maps", specialities=["race", "dyno"])
    make_tuner("uma", business="Uma Diesel", lat=19.07, lng=72.87, specialities=["remap"])
    make_tuner("vik", business="Vik Nowhere", lat=None, lng=None)


@pytest.mark.parametrize(
    "query, found",
    [
        ({"ordering": "created_at"}, ["Tara Tuning", "Uma Diesel", "Vik Nowhere"]),
        ({"search": "tara"}, ["Tara Tuning"]),
        ({"search": "race maps"}, ["Tara Tuning"]),
        ({"search": "nobody"}, []),
        ({"speciality": "remap"}, ["Uma Diesel"]),
        ({"min_rating": 3.6}, []),
        ({"lat": 18.52, "lng": 73.85, "radius_km": 50}, ["Tara Tuning"]),
        ({"lat": 18.52, "lng": 73.85, "ordering": "distance_m"}, ["Tara Tuning", "Uma Diesel"]),
        ({"lat": 0, "lng": 0}, []),
    ],
)
def test_filters(query, found, field, anyone):
    assert names(anyone.get(TUNERS, query)) == found


def test_distance_is_told(field, anyone):
    page = anyone.get(TUNERS, {"lat": 18.52, "lng": 73.85, "ordering": "distance_m", "page_size": 1}).json()
    assert page["results"][0]["distance_m"] == 0
    second = anyone.get(page["next"]).json()["results"][0]
    assert 115_000 < second["distance_m"] < 125_000


@pytest.mark.parametrize(
    "query, field_name",
    [
        ({"lat": 18.5}, "lng"),
        ({"radius_km": 10}, "radius_km"),
        ({"lat": 18, "lng": 73, "radius_km": 201}, "radius_km"),
        ({"lat": "nan", "lng": 73}, "lat"),
        ({"lat": 18, "lng": 181}, "lng"),
        ({"speciality": "magic"}, "speciality"),
        ({"ordering": "distance_m"}, "ordering"),
        ({"ordering": "business"}, "ordering"),
    ],
)
def test_bad_queries_are_named(query, field_name, anyone):
    answer = anyone.get(TUNERS, query)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field_name])


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_one_statement(count, anyone):
    for number in range(count):
        make_tuner(f"tuner{number}")
    with statements() as told:
        assert len(anyone.get(TUNERS).json()["results"]) == count
    assert len(told) == 1, told


places = st.tuples(st.floats(-90, 90).map(whole), st.floats(-180, 180).map(whole))


@settings(max_examples=60, deadline=None)
@given(here=places, there=places, radius=st.floats(0.1, 200))
def test_box_and_circle_agree_with_the_sphere(here, there, radius):
    """Also at poles and over the 180th meridian: what the sphere says is near is found, and nothing else."""
    with as_system("test"):
        tuner = make_tuner()
        TunerProfile.objects.filter(pk=tuner.pk).update(lat=there[0], lng=there[1])
        near = Near(here[0], here[1], radius)
        found = (
            TunerProfile.objects.filter(near.box()).annotate(m=near.distance_m()).filter(m__lte=radius * 1000)
        )
        real = sphere(here, there)
        if abs(real - radius * 1000) > 2:
            assert found.exists() == (real < radius * 1000)


def sphere(a, b):
    (lat, lng), (lat2, lng2) = (map(radians, p) for p in (a, b))
    chord = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lng2 - lng) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1, chord)))


# -- Reviews


def test_reviews_need_a_right_and_may_be_rewritten(client_for, allowed, anyone):
    tuner, alice, bob = make_tuner(), make_user("alice"), make_user("bob")
    allowed.add(alice.pk)
    door = f"{TUNERS}{tuner.pk}/reviews/"
    refused = client_for(bob).post(door, {"rating": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "review_not_allowed")
    allowed.add(tuner.user_id)
    assert client_for(tuner.user).post(door, {"rating": 5}).status_code == 403
    first = client_for(alice).post(door, {"rating": 2, "text": "Late."})
    second = client_for(alice).post(door, {"rating": 4, "text": "Mended."})
    assert (first.status_code, second.status_code, first.json()["id"]) == (201, 200, second.json()["id"])
    page = anyone.get(f"{TUNERS}{tuner.pk}/").json()
    assert (page["rating"], page["rating_count"], page["score"]) == (4.0, 1, (17.5 + 4) / 6)
    shown = anyone.get(door).json()["results"]
    assert [(row["author"], row["rating"], row["text"]) for row in shown] == [("Alice", 4, "Mended.")]
    assert anyone.post(door, {"rating": 5}).status_code == 401
    for bad, name in (({"rating": 6}, "rating"), ({}, "rating"), ({"rating": 5, "stars": 1}, "stars")):
        answer = client_for(alice).post(door, bad)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


def test_the_tuner_replies_and_staff_hide(client_for, allowed, anyone):
    tuner, alice, sam = make_tuner(), make_user("alice"), make_user("sam")
    allowed.add(alice.pk)
    review, _ = services.write_review(author=alice, tuner=tuner, rating=1, text="Rude")
    door = f"{TUNERS}{tuner.pk}/reviews/{review.pk}/reply/"
    assert client_for(make_user("bob")).post(door, {"text": "Hi"}).status_code == 404
    make_tuner("uma")
    assert client_for(make_user("uma")).post(door, {"text": "Hi"}).status_code == 404
    assert client_for(tuner.user).post(door, {"text": "Sorry."}).json()["reply"] == "Sorry."
    services.hide_review(review=review, staff=sam, reason="Insult")
    tuner.refresh_from_db()
    assert (tuner.rating, tuner.rating_count) == (None, 0)
    assert anyone.get(f"{TUNERS}{tuner.pk}/reviews/").json()["results"] == []
    assert len(client_for(alice).get(f"{TUNERS}{tuner.pk}/reviews/").json()["results"]) == 1
    services.write_review(author=alice, tuner=tuner, rating=5)
    tuner.refresh_from_db()
    assert tuner.rating_count == 0
    services.show_review(review=review, staff=sam)
    tuner.refresh_from_db()
    assert (tuner.rating, tuner.rating_count) == (5.0, 1)


@pytest.mark.django_db(transaction=True)
def test_ten_reviews_at_once_count_exactly(allowed):
    with as_system("test"):
        tuner = make_tuner()
        people = [make_user(f"rider{number}") for number in range(10)]
    allowed |= {one.pk for one in people}

    def write(pair):
        number, author = pair
        try:
            with as_user(author):
                services.write_review(author=author, tuner=tuner, rating=1 + number % 5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, enumerate(people)))
    with as_system("test"):
        tuner.refresh_from_db()
        assert (tuner.rating_count, tuner.rating_sum) == (10, 30)
        TunerReview.objects.all().delete()
        tuner.refresh_from_db()
    assert (tuner.rating_count, tuner.rating_sum, tuner.score) == (0, 0, 3.5)


def test_a_forgotten_filter_leaks_nothing(allowed):
    from tuners.models import TunerApplication

    alice, bob = make_user("alice"), make_user("bob")
    TunerApplication.objects.create(user=alice, business="Secret")
    tuner = make_tuner()
    with as_user(bob):
        assert TunerApplication.objects.count() == 0
        assert TunerApplication.objects.all().update(business="Stolen") == 0
        assert TunerProfile.objects.filter(pk=tuner.pk).update(business="Stolen") == 0
    tuner.refresh_from_db()
    assert tuner.business == "Tara Tuning"
