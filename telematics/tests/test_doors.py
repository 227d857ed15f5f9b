"""The doors of apps, by literal requests as they send them, and what each waits for in answer."""

import base64
import json

import pytest

from telematics.models import DeviceKey, Protocol, Tail
from telematics.protocols import osmand, torque
from telematics.selectors.read import read
from telematics.services.devices import digest_of, make_key
from telematics.tests.making import make_vehicle
from tests.cast import make_user

pytestmark = pytest.mark.django_db
NOON = 1_704_110_400_000  # 2024-01-01T12:00:00Z

# As Torque 1.12 sends it: one sample; then units and names of the session, without any.
TORQUE = (
    "eml=rider%40example.com&v=9&session=1704110000000&id=5a1f08d2c3b4&time=1704110400000"
    "&kff1005=73.4062&kff1006=18.7546&kff1001=61.2&kff1010=622.0&kff1239=4.0&kff123b=187.5"
    "&kd=62.0&kc=3120.5&k5=88.0&k4=41.2&k11=18.4&kf=34.0&k2f=55.3&kff1238=14.1&kff125d=Infinity&k10=-"
)
TORQUE_NAMES = (
    "eml=rider%40example.com&v=9&session=1704110000000&id=5a1f08d2c3b4&time=1704110400000"
    "&userUnit05=%5CxC2%5CxB0C&userShortName0c=Revs&userFullName0c=Engine+RPM&profileName=MT-07&profileWeight=182.0"
)
OSMAND = (
    "timestamp=1704110400&lat=18.7546&lon=73.4062&speed=33.05&bearing=187.5&altitude=622&accuracy=4"
    "&hdop=0.9&batt=87.0&charge=true&valid=true&driverUniqueId=7&cell=404,45,1,2,-70&tyre_front=2.4"
)
TRACCAR_JSON = {
    "location": {
        "timestamp": "2024-01-01T12:00:00.000Z",
        "coords": {
            "latitude": 18.7546, "longitude": 73.4062, "accuracy": 4, "speed": 17.0, "heading": -1, "altitude": 622,
        },
        "is_moving": True, "odometer": 1520.5, "event": "motionchange",
        "battery": {"level": 0.87, "is_charging": False}, "activity": {"type": "in_vehicle"},
        "extras": {"tyre_front": 2.4},
    }
}  # fmt: skip
OWNTRACKS = {
    "_type": "location", "tst": 1704110400, "created_at": 1704110402, "lat": 18.7546, "lon": 73.4062, "acc": 4,
    "alt": 622, "vel": 61, "cog": 187, "batt": 87, "bs": 1, "tid": "al", "t": "u", "conn": "m", "p": 94.1,
    "inregions": ["home"], "topic": "owntracks/alice/phone", "_id": "9f2c",
}  # fmt: skip


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_vehicle(alice)


def key(bike, protocol):
    return make_key(bike, protocol=protocol)[1]


def heard(bike):
    """What is stored: instant -> values."""
    return dict(read(bike.pk, 0, 4_000_000_000_000).rows())


def basic(secret):
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"alice:{secret}".encode()).decode()}


def test_torque(bike, anyone):
    secret = key(bike, Protocol.TORQUE)
    answer = anyone.get(f"/api/v1/ingest/torque/{secret}/?{TORQUE}")
    assert (answer.status_code, answer.content) == (200, b"OK!")
    assert heard(bike) == {
        NOON: {
            "lon": 73.4062, "lat": 18.7546, "gps_speed": 61.2, "altitude": 622.0, "gps_accuracy": 4.0,
            "bearing": 187.5, "speed": 62.0, "rpm": 3120.5, "coolant_temp": 88.0, "load": 41.2, "throttle": 18.4,
            "intake_temp": 34.0, "fuel_level": 55.3, "battery": 14.1,
        }
    }  # fmt: skip


def test_torque_repeats_itself_and_nothing_happens(bike, anyone):
    secret = key(bike, Protocol.TORQUE)
    for _ in range(3):
        assert anyone.get(f"/api/v1/ingest/torque/{secret}/?{TORQUE}").content == b"OK!"
    assert Tail.objects.count() == 1


def test_torque_tells_of_units_without_a_sample(bike, anyone):
    secret = key(bike, Protocol.TORQUE)
    assert anyone.get(f"/api/v1/ingest/torque/{secret}/?{TORQUE_NAMES}").content == b"OK!"
    assert heard(bike) == {}
    assert DeviceKey.objects.get().told == {
        "userUnit05": "°C", "userShortName0c": "Revs", "userFullName0c": "Engine RPM", "profileName": "MT-07",
        "profileWeight": "182.0",
    }  # fmt: skip


def test_torque_before_the_first_fix_is_nowhere():
    query = {"time": str(NOON), "kff1005": "0.0", "kff1006": "0.0", "kd": "5", "kff1220": "1.0", "k0c": "900"}
    assert dict(torque.read(query, now=NOON).samples.rows()) == {
        NOON: {"speed": 5.0, "accel_x": 9.80665, "rpm": 900.0}
    }


@pytest.mark.parametrize(
    "query", ["time=abc&kd=5", "kd=5", "time=1704110400000&kd=Infinity", "time=9999999999999&kd=5"]
)
def test_what_can_never_be_stored_is_not_asked_for_again(query, bike, anyone):
    secret = key(bike, Protocol.TORQUE)
    assert anyone.get(f"/api/v1/ingest/torque/{secret}/?{query}").content == b"OK!"
    assert heard(bike) == {}


@pytest.mark.parametrize("how", ["get", "form"])
def test_osmand(how, bike, anyone):
    secret = key(bike, Protocol.OSMAND)
    if how == "get":
        answer = anyone.get(f"/api/v1/ingest/osmand/?id={secret}&{OSMAND}")
    else:
        answer = anyone.post(
            "/api/v1/ingest/osmand/",
            f"deviceid={secret}&{OSMAND}",
            content_type="application/x-www-form-urlencoded",
        )
    assert (answer.status_code, answer.content) == (200, b"")
    assert heard(bike) == {
        NOON: {
            "lat": 18.7546, "lon": 73.4062, "gps_speed": pytest.approx(61.2086), "bearing": 187.5, "altitude": 622.0,
            "gps_accuracy": 4.0, "hdop": 0.9, "device_battery": 87.0, "tyre_front": 2.4,
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    "given, ms",
    [
        ("1704110400", NOON),
        ("1704110400.5", NOON + 500),
        ("1704110400000", NOON),
        ("2024-01-01T12:00:00Z", NOON),
        ("2024-01-01T17:30:00+05:30", NOON),
        ("2024-01-01 12:00:00", NOON),
        (None, 77),
    ],
)
def test_instants_of_osmand(given, ms):
    assert osmand.instant(given, now=77) == ms


def test_location_in_one_word_and_a_fix_that_is_none():
    both = osmand.read({"timestamp": "1704110400", "location": "18.5,73.5"}, now=NOON)
    assert dict(both.samples.rows())[NOON] == {"lat": 18.5, "lon": 73.5}
    none = osmand.read(
        {"timestamp": "1704110400", "lat": "1", "lon": "2", "valid": "false", "batt": "5"}, now=NOON
    )
    assert dict(none.samples.rows())[NOON] == {"device_battery": 5.0}


def test_traccar_client_in_json(bike, anyone):
    secret = key(bike, Protocol.OSMAND)
    answer = anyone.post(
        "/api/v1/ingest/osmand/",
        json.dumps({"device_id": secret} | TRACCAR_JSON),
        content_type="application/json",
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert heard(bike) == {
        NOON: {
            "lat": 18.7546, "lon": 73.4062, "gps_accuracy": 4.0, "gps_speed": pytest.approx(61.2), "altitude": 622.0,
            "device_battery": pytest.approx(87.0), "device_odometer": 1.5205, "tyre_front": 2.4,
        }
    }  # fmt: skip


def test_owntracks(bike, anyone):
    secret = key(bike, Protocol.OWNTRACKS)
    answer = anyone.post(
        "/api/v1/ingest/owntracks/?u=alice&d=phone", json.dumps(OWNTRACKS), content_type="application/json",
        **basic(secret),
    )  # fmt: skip
    assert (answer.status_code, answer.json()) == (200, [])
    assert heard(bike) == {
        NOON: {
            "lat": 18.7546, "lon": 73.4062, "gps_accuracy": 4.0, "altitude": 622.0, "gps_speed": 61.0,
            "bearing": 187.0, "device_battery": 87.0, "baro": 94.1,
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"", b'{"_type":"lwt","tst":1704110400}', b'{"_type":"waypoint","desc":"x"}', b'{"_type":"encrypted","data":"x"}',
     b'{"_type":"location","tst":1704110400,"lat":999}', b"[]"],
)  # fmt: skip
def test_owntracks_is_content_with_any_message(body, bike, anyone):
    secret = key(bike, Protocol.OWNTRACKS)
    answer = anyone.post("/api/v1/ingest/owntracks/", body, content_type="application/json", **basic(secret))
    assert (answer.status_code, answer.json()) == (200, [])
    assert heard(bike) == {}


def test_strangers_and_keys_of_another_protocol(bike, anyone):
    secret = key(bike, Protocol.OSMAND)
    assert anyone.get(f"/api/v1/ingest/torque/{secret}/?{TORQUE}").status_code == 404
    assert anyone.get(f"/api/v1/ingest/osmand/?id=nobody-knows&{OSMAND}").status_code == 400
    assert anyone.get(f"/api/v1/ingest/osmand/?{OSMAND}").status_code == 400
    lost = {"device_id": "nobody-knows"} | TRACCAR_JSON
    assert (
        anyone.post("/api/v1/ingest/osmand/", json.dumps(lost), content_type="application/json").status_code
        == 404
    )
    assert anyone.post("/api/v1/ingest/owntracks/", b"{}", content_type="application/json").status_code == 401
    for wrong in ({"HTTP_AUTHORIZATION": "Basic !!!"}, basic(secret), {"HTTP_AUTHORIZATION": "Bearer x"}):
        answer = anyone.post("/api/v1/ingest/owntracks/", b"{}", content_type="application/json", **wrong)
        assert answer.status_code == 401
    assert heard(bike) == {}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"{" + b'"a":' * 10])
def test_bodies_that_are_none(body, bike, anyone):
    secret = key(bike, Protocol.OWNTRACKS)
    assert (
        anyone.post(
            "/api/v1/ingest/owntracks/", body, content_type="application/json", **basic(secret)
        ).status_code
        == 400
    )
    assert anyone.post("/api/v1/ingest/osmand/", body, content_type="application/json").status_code == 400


def test_a_body_beyond_all_measure_is_refused(bike, anyone):
    secret = key(bike, Protocol.OWNTRACKS)
    big = b'{"_type":"' + b"x" * 70_000 + b'"}'
    answer = anyone.post("/api/v1/ingest/owntracks/", big, content_type="application/json", **basic(secret))
    assert answer.status_code == 413


def test_only_the_hash_is_kept_and_an_ended_key_opens_nothing(bike, anyone, alice, client_for):
    answer = client_for(alice).post(
        f"/api/v1/telematics/{bike.pk}/device-keys/",
        {"protocol": "torque", "name": "Old phone"},
        format="json",
    )
    made = answer.json()
    assert answer.status_code == 201
    assert made["url"].endswith(f"/api/v1/ingest/torque/{made['key']}/")
    row = DeviceKey.objects.get()
    assert (row.digest, row.prefix) == (digest_of(made["key"]), made["key"][:8])
    assert anyone.get(f"/api/v1/ingest/torque/{made['key']}/?{TORQUE}").content == b"OK!"
    listed = client_for(alice).get(f"/api/v1/telematics/{bike.pk}/device-keys/").json()["results"]
    assert [set(one) & {"key", "digest"} for one in listed] == [set()]
    assert listed[0]["last_used_at"] is not None
    assert client_for(make_user("bob")).delete(f"/api/v1/telematics/device-keys/{row.pk}/").status_code == 404
    assert client_for(alice).delete(f"/api/v1/telematics/device-keys/{row.pk}/").status_code == 204
    later = TORQUE.replace("time=1704110400000", "time=1704110401000")
    assert anyone.get(f"/api/v1/ingest/torque/{made['key']}/?{later}").status_code == 404
    assert len(heard(bike)) == 1


def test_strangers_are_slowed_down(anyone, settings):
    settings.THROTTLES = settings.THROTTLES | {"device_stranger": "2/min"}
    codes = [anyone.get(f"/api/v1/ingest/torque/not-a-key/?{TORQUE}").status_code for _ in range(3)]
    assert codes == [404, 404, 429]
