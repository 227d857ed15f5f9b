"""Finding tunes: the shelf equals the serializer, pages walk, filters agree with the pure rule."""

import sys

import pytest
from django.db.utils import ProgrammingError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rls import as_system, as_user
from core.testing.counting import statements
from garage.models import Vehicle
from garage.tests.making import make_vehicle
from marketplace.fitment import judge
from marketplace.models import Compatibility, Listing, Tune
from marketplace.selectors import tune_page
from marketplace.selectors.search import Wanted, conditions, find_tunes, pages
from marketplace.serializers.tunes import CardSerializer
from marketplace.services import publish_tune, retire_tune, update_tune
from marketplace.tests.making import MT07, add_version, buy, make_tune
from tests.cast import make_user

pytestmark = pytest.mark.django_db
TUNES = "/api/v1/marketplace/tunes/"


def titles(answer):
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["results"]]


@pytest.fixture
def shelf():
    """Three tunes of two makes."""
    make_tune(title="Street MT-07", summary="Smooth riding", price_minor=100_00, stage="stage1")
    make_tune(title="Race MT-07", price_minor=300_00, stage="race", content=b"TUNE 2", fuel_type="petrol")
    duke = {"make": "KTM", "model": "390 Duke", "year_from": 2017, "ecu_family": "Bosch MSE 6.0"}
    make_tune(title="Duke torque", price_minor=0, fits=[duke], content=b"TUNE 3", description="Running rich")


def test_the_shelf_equals_the_serializer(anyone):
    plain = make_tune()
    rich = make_tune(
        title='Ünïcode "quoted" \\ tune',
        summary="Line\nbreak",
        price_minor=0,
        vin_bound=True,
        gain_power_kw="4.50",
        gain_torque_nm="-1.25",
        pictures=[{"file_id": "x", "url": "https://pictures.example/1"}],
        fits=[
            MT07,
            MT07 | {"year_from": 2021, "year_to": 2021},
            {"ecu_family": "Speeduino"},
            MT07 | {"year_to": None},
        ],
        content=b"TUNE rich",
    )
    with as_system("test"):
        Tune.objects.filter(pk=rich.pk).update(rating_sum=13, rating_count=3, sales_count=7)
    rows = {row["id"]: row for row in anyone.get(TUNES).json()["results"]}
    for tune in tune_page(Tune.objects.filter(pk__in=[plain.pk, rich.pk])):
        expected = anyone.get(f"{TUNES}{tune.pk}/").json()
        assert rows[str(tune.pk)] == {name: expected[name] for name in CardSerializer.Meta.fields}
    assert len(rows) == 2


@pytest.mark.parametrize(
    "query, found",
    [
        ({}, ["Duke torque", "Race MT-07", "Street MT-07"]),
        ({"ordering": "price_minor"}, ["Duke torque", "Street MT-07", "Race MT-07"]),
        ({"search": "mt-07"}, ["Race MT-07", "Street MT-07"]),
        ({"search": "rides"}, ["Street MT-07"]),
        ({"search": "run"}, ["Duke torque"]),
        ({"search": "ktm -race"}, ["Duke torque"]),
        ({"search": "absent"}, []),
        ({"search": "!!!"}, []),
        ({"make": "yamaha"}, ["Race MT-07", "Street MT-07"]),
        ({"make": "YAMAHA", "model": "mt 07"}, ["Race MT-07", "Street MT-07"]),
        ({"make": "Yamaha", "year": 2021}, []),
        ({"year": 2021}, ["Duke torque"]),
        ({"year": 2100}, ["Duke torque"]),
        ({"make": "KTM", "year": 2021, "ecu": "Bosch MSE 6.0"}, ["Duke torque"]),
        ({"make": "KTM", "year": 2016}, []),
        ({"ecu": "bosch-mse 6.0"}, ["Duke torque"]),
        ({"stage": "race"}, ["Race MT-07"]),
        ({"fuel_type": "petrol"}, ["Race MT-07"]),
        ({"free": "true"}, ["Duke torque"]),
        ({"free": "false", "price_max": 200_00}, ["Street MT-07"]),
        ({"price_min": 200_00}, ["Race MT-07"]),
        ({"min_rating": 4}, []),
        ({"currency": "USD"}, []),
        ({"unknown": "ignored", "vehicleType": "motorcycle"}, []),
    ],
)
def test_filters(query, found, shelf, anyone):
    assert titles(anyone.get(TUNES, query)) == found


@pytest.mark.parametrize(
    "query, field",
    [
        ({"stage": "stage9"}, "stage"),
        ({"year": "soon"}, "year"),
        ({"price_min": -1}, "price_min"),
        ({"ordering": "title"}, "ordering"),
        ({"page_size": 0}, "page_size"),
        ({"model": "MT-07"}, "make"),
        ({"cursor": "junk"}, "cursor"),
        ({"cursor": "WyJwcmljZV9taW5vciIsIngiLCJ5IixmYWxzZV0"}, "cursor"),
        ({"min_rating": "nan"}, "min_rating"),
    ],
)
def test_bad_queries_are_named(query, field, anyone):
    answer = anyone.get(TUNES, query)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


@pytest.mark.parametrize("few, first", [(2000, 1000), (1, 1000), (2000, 1), (1, 4)])
@pytest.mark.parametrize("ordering", ["-published_at", "price_minor", "-score", "sales_count"])
@pytest.mark.parametrize("query", [{}, {"search": "mt07 street"}, {"stage": "stage1"}])
def test_pages_walk_forth_and_back(few, first, ordering, query, anyone, monkeypatch):
    """Found early, or sorted when they are few, or by a walk over the order's index: the same pages."""
    monkeypatch.setattr(pages, "FEW", few)
    monkeypatch.setattr(conditions, "FIRST", first)
    monkeypatch.setattr(conditions, "FIRST_FOR_WORDS", first)
    for number in range(5):
        make_tune(
            title=f"MT07 street {number}", content=b"TUNE %d" % number, price_minor=100 + 100 * (number % 2)
        )
    seen, back = [], []
    answer = anyone.get(TUNES, query | {"page_size": 2, "ordering": ordering, "count": "true"}).json()
    assert answer["count"] == 5
    while True:
        seen.append(answer["results"])
        if answer["next"] is None:
            break
        answer = anyone.get(answer["next"]).json()
    assert [len(page) for page in seen] == [2, 2, 1]
    assert len({row["id"] for page in seen for row in page}) == 5
    while answer["previous"]:
        answer = anyone.get(answer["previous"]).json()
        back.append(answer["results"])
    assert back == [seen[1], seen[0]]


def test_one_row_must_name_the_whole_vehicle(anyone):
    make_tune(fits=[MT07 | {"year_to": 2015}, {"make": "KTM", "model": "390 Duke", "year_from": 2017}])
    assert titles(anyone.get(TUNES, {"make": "KTM", "year": 2018})) == ["MT-07 street"]
    assert titles(anyone.get(TUNES, {"make": "Yamaha", "year": 2018})) == []
    assert titles(anyone.get(TUNES, {"year": 2016})) == []
    assert titles(anyone.get(TUNES, {"year": 2015})) == ["MT-07 street"]


@pytest.mark.parametrize("year", [1885, 1950, 1959, 1960, 1961, 2039, 2040, 2041, 2100])
def test_years_at_the_edges_of_the_tokens(year, anyone):
    spans = [
        (None, None),
        (1940, 1950),
        (1950, 1960),
        (None, 1959),
        (1960, 1961),
        (2039, 2040),
        (2041, 2050),
        (2040, None),
    ]
    for low, high in spans:
        make_tune(
            title=f"{low}-{high}",
            fits=[{"make": "Brough", "year_from": low, "year_to": high}],
            content=b"TUNE",
        )
    wanted = {f"{low}-{high}" for low, high in spans if (low or 0) <= year <= (high or 9999)}
    assert set(titles(anyone.get(TUNES, {"year": year}))) == wanted


def test_facets_and_suggestions(shelf, anyone):
    page = anyone.get(TUNES, {"facets": "true", "page_size": 1}).json()
    assert page["facets"]["make"] == [{"value": "Yamaha", "count": 2}, {"value": "KTM", "count": 1}]
    assert page["facets"]["stage"] == [{"value": "stage1", "count": 2}, {"value": "race", "count": 1}]
    assert page["facets"]["matches"] == 3
    assert anyone.get(TUNES, {"facets": "true", "search": "absent"}).json()["facets"]["matches"] == 0
    found = anyone.get("/api/v1/marketplace/suggestions/", {"q": "yam"}).json()["suggestions"]
    assert found == [{"kind": "make", "text": "Yamaha"}, {"kind": "model", "text": "Yamaha MT-07"}]
    assert anyone.get("/api/v1/marketplace/suggestions/", {"q": "race m"}).json()["suggestions"] == [
        {"kind": "tune", "text": "Race MT-07"}
    ]
    assert anyone.get("/api/v1/marketplace/suggestions/", {"q": "&| !"}).json()["suggestions"] == []
    assert anyone.get("/api/v1/marketplace/suggestions/", {"q": "y"}).status_code == 400


@pytest.mark.parametrize(
    "cap, newest, matches, counted",
    [(1000, 5000, 5, 5), (3, 5000, "3+", 3), (3, 2, "3+", 3), (3, 4, "3+", 3)],
)
@pytest.mark.parametrize("ordering", ["-published_at", "price_minor"])
def test_facets_of_something_common_are_of_the_newest(
    cap, newest, matches, counted, ordering, anyone, monkeypatch
):
    room = sys.modules["marketplace.selectors.search.facets"]  # the package calls its function so
    monkeypatch.setattr(room, "CAP", cap)
    monkeypatch.setattr(room, "NEWEST", newest)
    for number in range(5):
        make_tune(title=f"MT07 street {number}", content=b"TUNE %d" % number)
    make_tune(title="Something else", content=b"TUNE 77")
    query = {"search": "mt07 street", "facets": "true", "page_size": 2, "ordering": ordering}
    found = anyone.get(TUNES, query).json()
    assert len(found["results"]) == 2
    assert found["facets"]["matches"] == matches
    assert found["facets"]["make"] == [{"value": "Yamaha", "count": counted}]


def test_camel_case_is_one_header_away(shelf, anyone):
    answer = anyone.get(TUNES, {"pageSize": 1}, headers={"Accept": "application/json; case=camel"})
    assert answer.json()["results"][0]["priceMinor"] == 0
    assert answer.headers["Content-Type"] == "application/json; case=camel"


def test_the_shelf_follows_words_versions_tuners_and_retirement(anyone):
    tune = make_tune()
    update_tune(
        tune=tune, owner=tune.tuner.user, title="New words", fits=[{"make": "KTM", "model": "390 Duke"}]
    )
    assert titles(anyone.get(TUNES, {"search": "new words", "make": "ktm"})) == ["New words"]
    assert titles(anyone.get(TUNES, {"make": "yamaha"})) == []
    add_version(tune)
    assert anyone.get(TUNES).json()["results"][0]["version_number"] == 1
    publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert anyone.get(TUNES).json()["results"][0]["version_number"] == 2
    with as_system("test"):
        type(tune.tuner).objects.filter(pk=tune.tuner_id).update(status="suspended")
    assert titles(anyone.get(TUNES)) == []
    with as_system("test"):
        type(tune.tuner).objects.filter(pk=tune.tuner_id).update(status="verified", business="Renamed")
    assert anyone.get(TUNES).json()["results"][0]["tuner"]["business"] == "Renamed"
    buy(make_user("alice"), tune)
    assert anyone.get(TUNES).json()["results"][0]["sales_count"] == 1
    retire_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert Listing.objects.count() == 0


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_two_statements(count, client_for, anyone):
    for number in range(count):
        make_tune(content=b"TUNE %d" % number)
    client = client_for(make_user("alice"))
    with statements() as told:
        assert len(client.get(TUNES, {"search": "street"}).json()["results"]) == count
    assert len(told) == 2, told
    with statements() as told:
        assert len(anyone.get(TUNES).json()["results"]) == count
    assert len(told) == 2, told


word = st.sampled_from(["", "A", "B", "a-b"])
year = st.none() | st.integers(2000, 2003)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "make": word,
            "model": word,
            "year_from": year,
            "year_to": year,
            "ecu_family": word,
            "ecu_hardware": word,
            "calibration_ids": st.lists(st.sampled_from(["C1", "c-1", "C2"]), max_size=2),
        }
    ).filter(
        lambda row: (
            (row["make"] or (row["ecu_family"] and not row["model"]))
            and (row["year_from"] or 0) <= (row["year_to"] or 9999)
        )
    ),
    max_size=3,
)
bike = st.fixed_dictionaries(
    {
        "make": word,
        "model": word,
        "year": year,
        "ecu_family": word,
        "ecu_hardware": word,
        "ecu_calibration_id": st.sampled_from(["", "c1", "C3"]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, bike=bike)
def test_the_list_for_a_vehicle_agrees_with_the_pure_rule(rows, bike):
    with as_system("test"):
        tune = Tune.objects.filter(title="Rule").first() or make_tune(title="Rule")
        Compatibility.objects.filter(tune=tune).delete()
        made = Compatibility.objects.bulk_create(Compatibility(tune=tune, **row) for row in rows)
        vehicle = Vehicle(**bike)
        listed = find_tunes(Wanted(vehicle=vehicle)).rows != ""
    assert listed == (judge(vehicle, made).verdict != "no")


def test_compatible_with_and_the_reasons(client_for, shelf, anyone):
    alice = make_user("alice")
    bike = make_vehicle(alice, year=2021)
    client = client_for(alice)
    assert titles(client.get(TUNES, {"compatible_with": str(bike.pk)})) == []
    Vehicle.objects.filter(pk=bike.pk).update(year=2019)
    assert titles(client.get(TUNES, {"compatible_with": str(bike.pk)})) == ["Race MT-07", "Street MT-07"]
    duke = Tune.objects.get(title="Duke torque")
    why = client.get(f"{TUNES}{duke.pk}/compatibility/", {"vehicle_id": str(bike.pk)}).json()
    assert (why["verdict"], [one["code"] for one in why["reasons"]]) == ("no", ["other_model", "ecu_unknown"])
    assert why["reasons"][0]["message"] == "Made for KTM 390 Duke."
    bob = client_for(make_user("bob"))
    assert bob.get(TUNES, {"compatible_with": str(bike.pk)}).status_code == 404
    assert bob.get(f"{TUNES}{duke.pk}/compatibility/", {"vehicle_id": str(bike.pk)}).status_code == 404
    assert anyone.get(TUNES, {"compatible_with": str(bike.pk)}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_anonymous_pages_are_kept_until_the_shelf_changes(anyone, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    tune = make_tune()
    first = anyone.get(TUNES)
    assert first.headers["Cache-Control"] == "public, no-cache"
    with statements() as told:
        again = anyone.get(TUNES)
    assert [sql.split()[0] for sql in told] == ["BEGIN", "SELECT", "COMMIT"]
    assert again.content == first.content
    assert anyone.get(TUNES, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    with as_system("test"):
        Tune.objects.filter(pk=tune.pk).update(title="Other words")
    changed = anyone.get(TUNES, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, titles(changed)) == (200, ["Other words"])


def test_the_web_may_not_write_the_shelf(shelf):
    with pytest.raises(ProgrammingError, match="permission denied"), as_user(make_user("alice")):
        Listing.objects.update(price_minor=1)
