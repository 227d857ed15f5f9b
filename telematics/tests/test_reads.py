"""What was stored comes back: last, page by page, as a chart, as a file; and what is deleted is gone."""

import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from lxml import etree

from core.testing.counting import statements
from telematics.models import Daily, Dirty, Latest, Segment, Source
from telematics.samples import Samples
from telematics.selectors import series as charts
from telematics.selectors.read import read
from telematics.services.store import append, tail_put
from telematics.signals import SIGNALS
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evening")]
HOUR = 3_600_000


@pytest.fixture
def client(client_for, alice):
    return client_for(alice)


@pytest.fixture
def morning(bike):
    """Two drives: 50 minutes from noon, 20 minutes two hours later whose last minute came singly."""
    first, second = drive(3000), drive(1200, t0=NOON + 2 * HOUR, seed=2, odometer_km=18_500)
    for begin in range(0, 3000, 600):
        put(bike, first.take(slice(begin, begin + 600)))
    put(bike, second.take(slice(0, 1140)))
    tail_put(bike.pk, bike.owner_id, second.take(slice(1140, 1200)), source=Source.TORQUE)
    return first.merge(second)


def put(bike, samples):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


def at(bike, rest):
    return f"/api/v1/telematics/{bike.pk}/{rest}"


def test_latest(client, bike, morning):
    answer = client.get(at(bike, "latest/")).json()
    assert (answer["t"], answer["vals"]["speed"]) == (morning.t1, morning.signals["speed"][-1])
    assert answer["instants"]["coolant_temp"] == morning.t1
    assert answer["odometer_km"] == pytest.approx(morning.signals["odometer"].max())
    camel = client.get(at(bike, "latest/"), HTTP_ACCEPT="application/json; case=camel").json()
    assert camel["vals"]["coolantTemp"] == answer["vals"]["coolant_temp"]


def test_latest_does_not_depend_on_the_order_of_uploads(bike, alice):
    whole = drive(1800)
    sparse = Samples(whole.t, whole.signals | {"gear": np.where(np.arange(1800) < 700, 3.0, np.nan)})
    rows = []
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        other = make_vehicle(alice)
        for number in order:
            put(other, sparse.take(slice(number * 600, number * 600 + 600)))
        rows.append(Latest.objects.values_list("t", "vals", "odometer", "lat", "lon").get(pk=other.pk))
    assert rows[0] == rows[1] == rows[2]
    assert rows[0][1]["gear"] == [3.0, NOON + 699_000]


def test_a_vehicle_that_never_spoke(client, bike):
    assert client.get(at(bike, "latest/")).json()["t"] is None
    assert client.get(at(bike, "samples/")).json() == {"samples": [], "next": None}
    assert client.get(at(bike, "series/")).json()["t"] == []
    assert b"".join(client.get(at(bike, "export/?format=csv")).streaming_content) == b"t,time\r\n"


@pytest.mark.parametrize("limit", [7, 1000, 5000])
def test_pages_are_the_whole(limit, client, bike, morning):
    found, cursor, pages = [], "", 0
    window = {"from": NOON + 3_570_000 - 1_000_000, "to": NOON + 2 * HOUR + 30_000}
    while cursor is not None:
        page = client.get(at(bike, "samples/"), window | {"limit": limit, "cursor": cursor}).json()
        found += page["samples"]
        cursor = page["next"]
        pages += 1
    wanted = morning.slice(window["from"], window["to"])
    assert found == [{"t": t} | values for t, values in wanted.rows()]
    assert pages == -(-len(wanted) // limit)


def test_only_some_signals(client, bike, morning):
    page = client.get(at(bike, "samples/"), {"signals": "fuelRate,speed", "limit": 1}).json()
    assert page["samples"] == [{"t": NOON, "speed": 0.0, "fuel_rate": morning.signals["fuel_rate"][0]}]


def test_a_series_by_hand(client, bike):
    t = NOON + np.arange(10, dtype=np.int64) * 1000
    put(bike, Samples(t, {"rpm": np.arange(10.0) * 100, "gear": np.array([np.nan] * 4 + [2.0] * 6)}))
    window = {"from": NOON, "to": NOON + 9999, "points": 5}
    answer = client.get(at(bike, "series/"), window).json()
    assert (answer["resolution_ms"], answer["source"]) == (2000, "samples")
    assert answer["t"] == [NOON, NOON + 2000, NOON + 4000, NOON + 6000, NOON + 8000]
    assert answer["signals"]["rpm"] == {
        "min": [0, 200, 400, 600, 800],
        "max": [100, 300, 500, 700, 900],
        "avg": [50, 250, 450, 650, 850],
    }
    assert answer["signals"]["gear"]["avg"] == [None, None, 2, 2, 2]
    last = client.get(at(bike, "series/"), window | {"agg": "last", "signals": "rpm"}).json()
    assert last["signals"] == {"rpm": {"last": [100, 300, 500, 700, 900]}}


def test_lttb_keeps_real_samples_and_both_ends(client, bike, morning):
    answer = client.get(
        at(bike, "series/"), {"agg": "lttb", "points": 100, "from": NOON, "to": NOON + 3 * HOUR}
    ).json()
    speed = answer["signals"]["speed"]
    assert len(speed["t"]) == 100
    assert (speed["t"][0], speed["t"][-1]) == (NOON, morning.t1)
    known = dict(zip(morning.t.tolist(), morning.signals["speed"].tolist(), strict=True))
    assert [known[t] for t in speed["t"]] == speed["values"]


def test_series_of_summaries_and_of_days(client, bike, morning, monkeypatch):
    window = {"from": NOON, "to": NOON + 3 * HOUR, "points": 18}
    raw = client.get(at(bike, "series/"), window).json()
    monkeypatch.setattr(charts, "MOST_RAW", 100)
    packed = client.get(at(bike, "series/"), window).json()
    assert packed["source"] == "segments"
    for name in ("min", "max"):
        get = min if name == "min" else max
        assert get(packed["signals"]["rpm"][name]) <= max(raw["signals"]["rpm"][name])
    assert packed["t"] == raw["t"][:5] + [t for t in packed["t"] if t > NOON + HOUR]
    assert packed["signals"]["speed"]["max"][0] == raw["signals"]["speed"]["max"][0]
    stats = {"speed": [0, 88.5, 41.25, 0, 4200]}
    Daily.objects.create(vehicle_id=bike.pk, owner_id=bike.owner_id, day="2024-01-01", n=4200, stats=stats)
    monkeypatch.setattr(charts, "MOST_SEGMENTS", 2)
    days = client.get(at(bike, "series/"), {"from": NOON - 12 * HOUR, "to": NOON + 3 * HOUR}).json()
    assert (days["source"], days["resolution_ms"]) == ("days", 86_400_000)
    assert days["signals"]["speed"] == {"min": [0], "max": [88.5], "avg": [41.25], "last": [0]}


def export(client, bike, kind, **extra):
    answer = client.get(at(bike, "export/"), {"format": kind} | extra)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'.{kind}"')
    return b"".join(answer.streaming_content)


def test_exports_are_exact(client, bike, morning):
    lines = export(client, bike, "csv").decode().splitlines()
    known = [signal.name for signal in SIGNALS if signal.name in morning.signals]
    assert lines[0] == ",".join(["t", "time", *known])
    assert len(lines) == 4201
    assert lines[1].startswith(f"{NOON},2024-01-01T12:00:00.000Z,0,")
    objects = [json.loads(line) for line in export(client, bike, "jsonl").splitlines()]
    assert objects == [{"t": t} | values for t, values in morning.rows()]
    table = pq.read_table(io.BytesIO(export(client, bike, "parquet")))
    assert table["t"].cast("int64").to_pylist() == morning.t.tolist()
    for name, values in morning.signals.items():
        assert table[name].to_pylist() == values.tolist()
    gpx = etree.fromstring(export(client, bike, "gpx"))
    assert len(gpx.findall(".//{*}trkseg")) == 2
    points = gpx.findall(".//{*}trkpt")
    assert [float(point.get("lat")) for point in points] == morning.signals["lat"].tolist()
    some = export(client, bike, "csv", signals="speed", to=NOON).decode()
    assert some == "t,time,speed\r\n1704110400000,2024-01-01T12:00:00.000Z,0\r\n"


def test_an_export_under_asgi_is_the_same(client, bike, morning):
    async def fetch():
        headers = {"Authorization": client._credentials["HTTP_AUTHORIZATION"]}
        answer = await AsyncClient().get(at(bike, "export/?format=jsonl"), headers=headers)
        return b"".join([piece async for piece in answer.streaming_content])

    assert async_to_sync(fetch)() == export(client, bike, "jsonl")


@pytest.mark.parametrize(
    "first,last", [(0, 4 * HOUR), (900_000, 905_500), (100, 200), (2 * HOUR, 2 * HOUR + 1_199_000)]
)
def test_a_deleted_range_is_gone(first, last, client, bike, morning):
    Dirty.objects.all().delete()
    inside = morning.slice(NOON + first, NOON + last)
    answer = client.delete(at(bike, f"samples/?from={NOON + first}&to={NOON + last}"))
    assert answer.json() == {"deleted": len(inside)}
    left = morning.without(inside.t)
    assert same(read(bike.pk, 0, NOON * 2), left)
    assert Dirty.objects.count() == (1 if len(inside) else 0)
    latest = Latest.objects.get()
    assert latest.vals == (
        {name: [values[-1], left.t1] for name, values in left.signals.items()} if len(left) else {}
    )


BAD = [
    ("samples/?from=x", "from"),
    ("samples/?from=5&to=4", "to"),
    ("samples/?from=-5", "from"),
    ("samples/?to=99999999999999999999", "to"),
    ("samples/?from=2024-01-01T00:00:00", "from"),
    ("samples/?limit=0", "limit"),
    ("samples/?limit=5001", "limit"),
    ("samples/?limit=ten", "limit"),
    ("samples/?cursor=abc", "cursor"),
    ("samples/?signals=" + ",".join(f"a{n}" for n in range(200)), "signals"),
    ("series/?points=2", "points"),
    ("series/?agg=median", "agg"),
    ("series/?format=xml", "format"),
    ("export/?format=xls", "format"),
    ("export/", "format"),
]


@pytest.mark.parametrize("question,field", BAD, ids=[row[0][:40] for row in BAD])
def test_bad_questions(question, field, client, bike):
    answer = client.get(at(bike, question))
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["fields"]) == [field]


def test_deleting_needs_both_ends(client, bike, morning):
    assert list(client.delete(at(bike, f"samples/?from={NOON}")).json()["fields"]) == ["to"]
    assert Segment.objects.count() == 6


def test_iso_instants(client, bike, morning):
    answer = client.get(
        at(bike, "samples/"), {"from": "2024-01-01T13:00:00+01:00", "to": "2024-01-01T12:00:01Z"}
    )
    assert [row["t"] for row in answer.json()["samples"]] == [NOON, NOON + 1000]


DOORS = ["latest/", "samples/", "series/", "export/?format=csv", "retention/"]


@pytest.mark.parametrize("door", DOORS)
def test_bob_finds_nothing(door, client_for, anyone, bike, morning):
    bob = client_for(make_user("bob"))
    absent = f"/api/v1/telematics/018f0000-0000-7000-8000-000000000001/{door}"
    theirs, nobodys = bob.get(at(bike, door)), bob.get(absent)
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["code"] == nobodys.json()["code"]
    assert anyone.get(at(bike, door)).status_code == 401
    assert bob.delete(at(bike, f"samples/?from=0&to={NOON * 2}")).status_code == 404
    assert bob.patch(at(bike, "retention/"), {"keep_days": 1}).status_code == 404
    assert len(read(bike.pk, 0, NOON * 2)) == 4200


@pytest.mark.parametrize("many", [1, 3])
def test_statements_do_not_grow_with_the_segments(many, client, bike):
    for number in range(many):
        put(bike, drive(600, t0=NOON + number * 600_000))
    counts = {}
    for door in ("latest/", "samples/?limit=5000", "series/"):
        with statements() as told:
            client.get(at(bike, door))
        counts[door] = len(told)
    # The login and whose vehicle it is; then what the door needs.
    assert counts == {"latest/": 3, "samples/?limit=5000": 6, "series/": 5}
