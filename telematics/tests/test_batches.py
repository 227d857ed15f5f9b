"""The door of apps: what is accepted, what is refused, and that one bad sample never loses the good ones."""

import gzip
import json
from uuid import uuid4

import pytest

from core.testing.counting import statements
from core.throttling import local
from garage.models import Vehicle
from telematics import ports
from telematics.models import Latest, Segment
from telematics.selectors.read import read
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evening")]


def path(bike):
    return f"/api/v1/telematics/{bike.pk}/"


def rows(samples):
    return [{"t": t} | values for t, values in samples.rows()]


def batch(bike, samples, **extra):
    body = {"vehicleId": str(bike.pk), "startTimestamp": samples.t0, "endTimestamp": samples.t1}
    return body | {"samples": rows(samples)} | extra


def stored(bike):
    return read(bike.pk, 0, 4_000_000_000_000)


@pytest.fixture
def client(client_for, alice):
    return client_for(alice)


def test_the_documented_batch(client, bike):
    whole = drive(60)
    answer = client.post(path(bike), batch(bike, whole, sentAt=NOON + 61_000, batchId="b-1"))
    assert answer.status_code == 202
    assert answer.json() == {
        "message": "Telemetry batch accepted",
        "accepted": 60,
        "duplicates": 0,
        "conflicts": 0,
        "rejected": [],
        "ignored": [],
        "latest": whole.t1,
    }
    assert same(stored(bike), whole)
    assert Segment.objects.get().skew_ms == 8 * 3_600_000 - 61_000


def test_a_batch_costs_the_login_and_one_statement(client, bike):
    whole = drive(1200)
    client.post(path(bike), batch(bike, whole.take(slice(0, 600))))  # which wakes the job that makes facts
    with statements() as told:
        client.post(path(bike), batch(bike, whole.take(slice(600, 1200))))
    assert len(told) == 2
    assert "telematics_append" in told[1]


def test_columns_and_both_spellings_say_the_same(client, bike, alice):
    whole = drive(60)
    columns = {"t": whole.t.tolist()} | {name: values.tolist() for name, values in whole.signals.items()}
    columns["fuelRate"] = columns.pop("fuel_rate")
    assert client.post(path(bike), {"vehicle_id": str(bike.pk), "columns": columns}).json()["accepted"] == 60
    camel = [
        {"t": row["t"], "fuelRate": row["fuel_rate"], "coolantTemp": row["coolant_temp"]}
        for row in rows(whole)
    ]
    other = make_vehicle(alice)
    assert client.post(path(other), {"vehicleId": str(other.pk), "samples": camel}).json()["accepted"] == 60
    assert same(stored(bike), whole)
    assert same(stored(other), whole.only(["coolant_temp", "fuel_rate"]))


def test_gzip_and_a_resent_batch(client, bike):
    whole = drive(60)
    packed = gzip.compress(json.dumps(batch(bike, whole)).encode())
    for accepted in (60, 0):
        answer = client.generic(
            "POST", path(bike), packed, content_type="application/json", HTTP_CONTENT_ENCODING="gzip"
        )
        assert (answer.status_code, answer.json()["accepted"]) == (202, accepted)
        assert answer.json()["duplicates"] == 60 - accepted
    assert Segment.objects.count() == 1


def test_a_gzip_bomb_is_cut_off(client, bike):
    bomb = gzip.compress(b'{"samples": [' + b" " * 50_000_000)
    assert len(bomb) < 100_000
    answer = client.generic(
        "POST", path(bike), bomb, content_type="application/json", HTTP_CONTENT_ENCODING="gzip"
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


AHEAD = NOON + 8 * 3_600_000 + 601_000
GOOD = {"t": NOON, "speed": 50}

# name, what is bad about the second of two samples, its code
BAD_SAMPLES = [
    ("speed out of range", {"t": NOON + 1000, "speed": 900}, "out_of_range"),
    ("below absolute zero", {"t": NOON + 1000, "coolant_temp": -300}, "out_of_range"),
    ("north of the pole", {"t": NOON + 1000, "lat": 91, "lon": 8}, "out_of_range"),
    ("before 2000", {"t": 1000, "speed": 50}, "too_old"),
    ("from the future", {"t": AHEAD, "speed": 50}, "clock_ahead"),
    ("an unknown signal beyond measure", {"t": NOON + 1000, "odd": 1e300}, "out_of_range"),
    ("infinite", {"t": NOON + 1000, "speed": "Infinity"}, "not_a_number"),
    ("text", {"t": NOON + 1000, "speed": "fast"}, "not_a_number"),
    ("a list", {"t": NOON + 1000, "speed": [1]}, "not_a_number"),
    ("no t", {"speed": 50}, "bad_t"),
    ("t is text", {"t": "noon", "speed": 50}, "bad_t"),
    ("t is a fraction", {"t": NOON + 0.5, "speed": 50}, "bad_t"),
    ("t beyond numbers", {"t": 10**400, "speed": 50}, "bad_t"),
    ("no sample at all", 17, "bad_sample"),
    ("nothing but t", {"t": NOON + 1000}, "empty"),
    ("null only", {"t": NOON + 1000, "speed": None}, "empty"),
]


@pytest.mark.parametrize("name,bad,code", BAD_SAMPLES, ids=[row[0] for row in BAD_SAMPLES])
def test_one_bad_sample_never_loses_the_good_one(name, bad, code, client, bike):
    answer = client.post(path(bike), {"samples": [GOOD, bad]})
    assert answer.status_code == 202, answer.content
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(1, code)]
    assert list(stored(bike).rows()) == [(NOON, {"speed": 50.0})]


@pytest.mark.parametrize("name,bad,code", BAD_SAMPLES, ids=[row[0] for row in BAD_SAMPLES])
@pytest.mark.parametrize("strict", [True, False])
def test_alone_or_under_strict_it_is_a_400(name, bad, code, strict, client, bike):
    answer = client.post(path(bike) + "?strict=1" * strict, {"samples": [GOOD, bad] if strict else [bad]})
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == ("clock_ahead" if code == "clock_ahead" else "samples_refused")
    assert [one["code"] for one in answer.json()["fields"]["rejected"]] == [code]
    assert not Segment.objects.exists()


def test_contradictions_in_one_batch(client, bike):
    twice = [GOOD, {"t": NOON, "speed": 51}, {"t": NOON + 1000, "speed": 52}, {"t": NOON + 1000, "speed": 52}]
    answer = client.post(path(bike), {"samples": twice}).json()
    assert [(one["index"], one["code"]) for one in answer["rejected"]] == [
        (0, "contradiction"),
        (1, "contradiction"),
    ]
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert client.post(path(bike), {"samples": twice[:2]}).status_code == 400


def test_outside_of_what_the_batch_says_of_itself(client, bike):
    samples = [GOOD, {"t": NOON + 120_001, "speed": 51}]
    body = {"startTimestamp": NOON, "endTimestamp": NOON + 60_000, "samples": samples}
    assert [one["code"] for one in client.post(path(bike), body).json()["rejected"]] == ["outside_batch"]


# name, the body, the status
REFUSED = [
    ("no object", b"[]", 400),
    ("broken JSON", b'{"samples": [', 400),
    ("no UTF-8", b'{"samples": ["\xff"]}', 400),
    ("nothing", b"", 400),
    ("no samples", {}, 400),
    ("empty samples", {"samples": []}, 400),
    ("samples are no list", {"samples": {"t": 1}}, 400),
    ("rows and columns", {"samples": [GOOD], "columns": {"t": [NOON], "speed": [1]}}, 400),
    ("columns without t", {"columns": {"speed": [1]}}, 400),
    ("columns of two lengths", {"columns": {"t": [NOON], "speed": [1, 2]}}, 400),
    ("column is no list", {"columns": {"t": [NOON], "speed": 1}}, 400),
    ("another vehicle", {"vehicleId": str(uuid4()), "samples": [GOOD]}, 400),
    ("vehicle is no id", {"vehicleId": 7, "samples": [GOOD]}, 400),
    ("both spellings", {"sent_at": NOON, "sentAt": NOON, "samples": [GOOD]}, 400),
    ("end before start", {"startTimestamp": NOON, "endTimestamp": NOON - 1, "samples": [GOOD]}, 400),
    ("start is text", {"startTimestamp": "noon", "samples": [GOOD]}, 400),
    ("start is infinite", b'{"startTimestamp": 1e999, "samples": [{"t": 1, "speed": 1}]}', 400),
    ("too many samples", {"samples": [GOOD] * 5001}, 413),
    ("too many signals", {"samples": [GOOD | {f"x{n}": 1 for n in range(200)}]}, 400),
    ("too large", b'{"samples": [' + b" " * (2 * 1024 * 1024), 413),
    ("codes are no list", {"samples": [GOOD], "dtcs": "P0301"}, 400),
    ("no code", {"samples": [GOOD], "dtcs": [{"code": "X9999"}]}, 400),
    ("unknown status", {"samples": [GOOD], "dtcs": [{"code": "P0301", "status": "gone"}]}, 400),
    ("mil is text", {"samples": [GOOD], "mil": "on"}, 400),
    ("nested a thousand deep", b'{"samples": ' + b"[" * 1000 + b"]" * 1000 + b"}", 400),
    ("NaN nested deep", b'{"samples": [NaN' + b"[" * 100_000 + b"]}", 400),
    ("dongle is a number", {"samples": [GOOD], "dongleId": 5}, 400),
]


@pytest.mark.parametrize("name,body,status", REFUSED, ids=[row[0] for row in REFUSED])
def test_bad_batches_are_refused_and_leave_no_trace(name, body, status, client, bike):
    raw = body if isinstance(body, bytes) else json.dumps(body)
    answer = client.generic("POST", path(bike), raw, content_type="application/json")
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"error", "code", "fields", "request_id"}
    assert not Segment.objects.exists()
    assert not Latest.objects.exists()


@pytest.mark.parametrize(
    "headers,raw,status",
    [
        ({"HTTP_CONTENT_ENCODING": "br"}, b"{}", 415),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, b"no gzip", 400),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, gzip.compress(b'{"samples": []}')[:-4], 400),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, gzip.compress(b"{}") + b"more", 400),
        ({"content_type": "text/csv"}, b"t,speed", 415),
    ],
    ids=["brotli", "no gzip", "cut gzip", "gzip and more", "CSV"],
)
def test_bodies_in_a_wrong_dress(headers, raw, status, client, bike):
    kind = {"content_type": "application/json"} | headers
    answer = client.generic("POST", path(bike), raw, **kind)
    assert answer.status_code == status, answer.content


def test_nan_counts_as_absent(client, bike):
    raw = b'{"samples": [{"t": %d, "speed": NaN, "rpm": 900}]}' % NOON
    assert client.generic("POST", path(bike), raw, content_type="application/json").status_code == 202
    assert list(stored(bike).rows()) == [(NOON, {"rpm": 900.0})]


def test_strangers_and_nobody(anyone, client_for, client, bike):
    bob = client_for(make_user("bob"))
    absent = bob.post("/api/v1/telematics/018f0000-0000-7000-8000-000000000001/", {"samples": [GOOD]})
    theirs = bob.post(path(bike), {"samples": [GOOD]})
    assert theirs.status_code == absent.status_code == 404
    assert theirs.json()["code"] == absent.json()["code"]
    assert anyone.post(path(bike), {"samples": [GOOD]}).status_code == 401
    Vehicle.objects.filter(pk=bike.pk).update(deleted_at="2024-01-01T00:00:00Z")
    assert client.post(path(bike), {"samples": [GOOD]}).status_code == 404
    assert not Segment.objects.exists()


def test_a_dongle_of_another_vehicle_is_a_conflict(client, bike):
    make_vehicle(make_user("bob"), dongle_id="ELM-7", dongle_connection_type="BLE")
    answer = client.post(path(bike), {"samples": [GOOD], "dongleId": "ELM-7"})
    assert (answer.status_code, answer.json()["code"]) == (409, "dongle_taken")
    assert not Segment.objects.exists()
    assert client.post(path(bike), {"samples": [GOOD], "dongleId": "ELM-8"}).status_code == 202


def test_ten_batches_a_second(client, bike, settings):
    settings.THROTTLES = settings.THROTTLES | {"telemetry": "3/h"}
    local.clear()
    answers = [client.post(path(bike), {"samples": [GOOD]}) for _ in range(4)]
    assert [one.status_code for one in answers] == [202, 202, 202, 429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_text_signals_are_ignored_and_listed_once(client, bike):
    samples = [GOOD | {"mood": "sunny", "tyres": 2.4}, {"t": NOON + 1000, "speed": 5, "mood": "grey"}]
    answer = client.post(path(bike), {"samples": samples}).json()
    assert (answer["accepted"], answer["ignored"]) == (2, ["mood"])
    assert next(iter(stored(bike).rows())) == (NOON, {"speed": 50.0, "tyres": 2.4})


def test_sixty_four_unknown_signals_a_vehicle(client, bike):
    client.post(path(bike), {"samples": [GOOD | {f"a{n}": n for n in range(60)}]})
    answer = client.post(
        path(bike), {"samples": [{"t": NOON + 1000} | {f"b{n}": n for n in range(6)}]}
    ).json()
    assert (answer["accepted"], answer["ignored"]) == (1, ["b4", "b5"])
    assert list(stored(bike).rows())[1] == (NOON + 1000, {"b0": 0.0, "b1": 1.0, "b2": 2.0, "b3": 3.0})


def test_codes_and_the_warning_light(client, bike, monkeypatch):
    told = []
    monkeypatch.setattr(ports.reported, "_plugs", {"test": lambda *facts: told.append(facts[2:])})
    dtcs = [{"code": "p0301"}, {"code": "P0420", "status": "pending", "freezeFrame": {"rpm": 3000}}]
    client.post(path(bike), {"samples": [GOOD], "dtcs": dtcs, "mil": True})
    at, codes, mil = told[0]
    assert (at, mil, [code.code for code in codes]) == (NOON, True, ["P0301", "P0420"])
    assert (codes[1].status, codes[1].freeze_frame) == ("pending", {"rpm": 3000})
    late = {"samples": [{"t": NOON - 1000, "speed": 5}], "dtcs": [], "mil": False}
    client.post(path(bike), late)
    row = Latest.objects.get()
    assert (row.dtc_count, row.mil) == (2, True)


def test_several_vehicles_in_one_request(client, bike, alice):
    car, theirs = make_vehicle(alice), make_vehicle(make_user("bob"))
    whole = drive(60)
    batches = [batch(one, whole) for one in (car, theirs, bike)] + [
        {"vehicle_id": str(bike.pk), "samples": []},
        7,
        {"samples": [GOOD]},
    ]
    answer = client.post("/api/v1/telematics/batches/", {"batches": batches})
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [202, 404, 202, 400, 400, 400]
    assert results[0]["accepted"] == results[2]["accepted"] == 60
    assert results[1]["code"] == "not_found"
    assert Segment.objects.count() == 2


def test_a_phone_that_was_offline_for_long(client, bike, settings):
    """Many batches of one vehicle are one request."""
    settings.THROTTLES = settings.THROTTLES | {"telemetry": "1/h"}
    local.clear()
    whole = drive(1200)
    batches = [batch(bike, whole.take(slice(begin, begin + 60))) for begin in range(0, 1200, 60)]
    results = client.post("/api/v1/telematics/batches/", {"batches": batches[::-1]}).json()["results"]
    assert [one["accepted"] for one in results] == [60] * 20
    assert same(stored(bike), whole)


@pytest.mark.parametrize("body", [{}, {"batches": []}, {"batches": {}}, {"batches": [{}] * 101}])
def test_no_batches(body, client, bike):
    assert client.post("/api/v1/telematics/batches/", body).status_code == 400


@pytest.mark.parametrize("value", [3.4e38, -3.4e38, 1e-300, 1e-40, 2.2250738585072014e-308])
def test_values_of_any_size_are_stored_exactly(value, client, bike):
    samples = [{"t": NOON + second * 1000, "odd": value, "speed": 50 + second} for second in range(3)]
    answer = client.post(path(bike), {"samples": samples})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3)
    assert [row for _, row in stored(bike).rows()] == [
        {"speed": 50.0 + second, "odd": value} for second in range(3)
    ]
    assert client.get(f"{path(bike)}series/?from={NOON}&points=3&to={NOON + 2000}").status_code == 200
