"""Files of other apps, against what is known of them; hostile ones; and the job that stores them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.testing.files import stored
from core.testing.jobs import run_jobs
from telematics.derive.distance import gps_m, speed_m
from telematics.derive.fuel import by_rate
from telematics.derive.trips import find
from telematics.imports import Unreadable, can, gpx, openxc, torque_csv
from telematics.models import ImportJob, Trip
from telematics.selectors.read import read
from telematics.tests.making import make_vehicle
from tests.cast import make_user

SHARED = Path(__file__).resolve().parents[3] / "shared" / "telematics"
NOW = 1_800_000_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this repository")
    return path.read_bytes()


def test_a_real_torque_log_agrees_with_itself_in_any_units():
    """°F, a zone name, dashes: speed, GPS and Torque's own counters tell of the same drive."""
    parsed = torque_csv.read(shared("torque_drive_a.csv"), now=NOW)
    samples = parsed.samples
    assert (parsed.rows, parsed.skipped, parsed.note) == (1290, 0, "")
    assert datetime.fromtimestamp(samples.t0 / 1000, UTC).isoformat() == "2016-03-29T13:58:18.846000+00:00"
    assert 54 < np.nanmin(samples.column("coolant_temp")) < 56  # 131 degrees Fahrenheit
    assert np.nanmax(samples.column("coolant_temp")) < 110
    placed = samples.take(~np.isnan(samples.column("lat")))
    assert gps_m(placed) == pytest.approx(speed_m(placed), rel=0.01)
    driven = np.nanmax(samples.column("trip_km")) * 1000
    assert speed_m(samples) == pytest.approx(driven, rel=0.04)  # 38.06 km and 37.18 km in the whole log
    assert by_rate(samples) > 1
    (trip,) = find(samples).facts
    assert trip.distance_m == pytest.approx(driven, rel=0.04)


def test_a_real_gpx_drive_with_a_stop():
    parsed = gpx.read(shared("around-visnjan-with-car.gpx"), now=NOW)
    assert (len(parsed.samples), parsed.skipped) == (parsed.rows, 0)
    assert parsed.samples.t1 - parsed.samples.t0 == 514_000
    (trip,) = find(parsed.samples).facts
    assert (trip.distance_source, round(trip.distance_m / 1000, 1)) == ("gps", 2.7)


def test_corner_cases_of_gpx():
    fast = gpx.read(shared("track_with_speed.gpx"), now=NOW, start_at=START).samples
    assert np.nanmax(fast.column("gps_speed")) > 0
    with pytest.raises(Unreadable, match="no track"):  # waypoints alone, after a byte order mark
        gpx.read(shared("unicode_with_bom.gpx"), now=NOW)


def test_an_empty_segment_harms_nobody():
    assert len(gpx.read(shared("track-with-empty-segment.gpx"), now=NOW, start_at=START).samples) > 0


def test_points_without_a_time_are_skipped_and_counted():
    parsed = gpx.read(shared("cerknicko-without-times.gpx"), now=NOW)
    assert (parsed.rows > 0, parsed.skipped > 0) == (True, True)
    assert parsed.rows == len(parsed.samples)


def test_a_track_without_any_times_needs_a_start():
    data = GPX % b'<trkpt lat="48" lon="11"/><trkpt lat="48.1" lon="11"/><trkpt lat="48.2" lon="11"/>'
    with pytest.raises(Unreadable, match="start_at"):
        gpx.read(data, now=NOW)
    samples = gpx.read(data, now=NOW, start_at=START).samples
    assert np.diff(samples.t).tolist() == [1000, 1000]


def test_openxc_keeps_each_instant_of_each_signal():
    parsed = openxc.read(shared("openxc_trace_a.jsonl"), now=NOW)
    assert parsed.rows + parsed.skipped == 500
    assert parsed.samples.t0 == 1_364_323_939_012
    first = dict(list(parsed.samples.rows())[:3])
    assert first[1_364_323_939_027] == {"rpm": 772.0}
    with pytest.raises(Unreadable, match="start_at"):
        openxc.read(shared("openxc_no_timestamp.jsonl"), now=NOW)
    untimed = openxc.read(shared("openxc_no_timestamp.jsonl"), now=NOW, start_at=START)
    assert untimed.note
    with pytest.raises(Unreadable, match="no line"):
        openxc.read(shared("openxc_evented.jsonl"), now=NOW, start_at=START)


def test_can_frames_by_a_dbc_file():
    if not can.available():
        pytest.skip("cantools is not installed (requirements-optional.txt)")
    cantools = pytest.importorskip("cantools")
    dbc = shared("motohawk.dbc")
    database = cantools.database.load_string(dbc.decode("cp1252"), "dbc")
    frame = database.encode_message("ExampleMessage" if "ExampleMessage" in dbc.decode("cp1252") else 496,
                                    {"Enable": 1, "AverageRadius": 3.2, "Temperature": 250.5})  # fmt: skip
    log = f"(1704110400.249713) can0 1F0#{frame.hex()}\n(1704110400.5) can0 7FF#00\nnoise\n"
    parsed = can.read(log.encode(), dbc, now=NOW)
    ((at, values),) = parsed.samples.rows()
    assert (at, parsed.skipped) == (1_704_110_400_250, 2)
    assert values == pytest.approx({"enable": 1.0, "average_radius": 3.2, "temperature": 250.5}, abs=0.05)
    with pytest.raises(Unreadable, match="no DBC"):
        can.read(b"", b"\x00\x01 nonsense (", now=NOW)


@pytest.mark.parametrize(
    "read_it, data",
    [
        (gpx.read, b""),
        (gpx.read, b"<gpx>"),
        (gpx.read, b"<gpx/>"),
        (gpx.read, b'<!DOCTYPE x [<!ENTITY a "b">]><gpx><trk/></gpx>'),
        (gpx.read, '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><gpx/>'.encode("utf-16")),
        (torque_csv.read, b""),
        (torque_csv.read, b"a,b\n1,2\n"),
        (torque_csv.read, b"Device Time,Speed (OBD)(km/h)\nsoon,fast\n"),
        (openxc.read, b"not json\n{}\n[]\n"),
    ],
)
def test_files_that_are_something_else(read_it, data):
    with pytest.raises(Unreadable):
        read_it(data, now=NOW)


@pytest.mark.parametrize(
    "title, value, shown",
    [
        ("Engine Coolant Temperature(°F)", 212.0, ("coolant_temp", 100.0)),
        ("Speed (OBD)(mph)", 10.0, ("speed", 16.09344)),
        ("Altitude(ft)", 100.0, ("altitude", 30.48)),
        ("Speed (OBD)(km/h)", 10.0, ("speed", 10.0)),
        ("Engine RPM(rpm)", 900.0, ("rpm", 900.0)),
    ],
)
def test_units_of_the_user(title, value, shown):
    name, turn = torque_csv.signal_of(title)
    assert (name, pytest.approx(turn(value))) == shown


GPX = b"""<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>%s
</trkseg></trk></gpx>"""
POINT = '<trkpt lat="%.6f" lon="11"><time>2024-01-01T12:%02d:%02dZ</time></trkpt>'


def track(points=300):
    return GPX % "".join(POINT % (48 + n * 0.0002, n // 60, n % 60) for n in range(points)).encode()


@pytest.fixture
def bike(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_vehicle(make_user("alice"))


def test_an_import_is_a_job_that_says_how_far_it_is(bike, client_for):
    rider = client_for(bike.owner)
    file = stored(bike.owner, track(), "attachment", filename="ride.gpx", content_type="application/gpx+xml")
    path = f"/api/v1/telematics/{bike.pk}/import/"
    answer = rider.post(path, {"format": "gpx", "file_id": str(file.pk)}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert "telematics.import" in run_jobs()
    job = rider.get(f"/api/v1/telematics/imports/{answer.json()['id']}/").json()
    assert (job["state"], job["percent"], job["rows"], job["accepted"], job["skipped"]) == (
        "done",
        100,
        300,
        300,
        0,
    )
    assert len(read(bike.pk, 0, NOW)) == 300
    assert Trip.objects.live().count() == 1
    again = rider.post(path, {"format": "gpx", "file_id": str(file.pk)}, format="json").json()
    run_jobs()
    told = rider.get(f"/api/v1/telematics/imports/{again['id']}/").json()
    assert (told["accepted"], told["duplicates"]) == (0, 300)
    assert len(rider.get(path).json()["results"]) == 2


def test_an_import_that_fails_says_why_and_stores_nothing(bike, client_for):
    rider = client_for(bike.owner)
    file = stored(bike.owner, b"<gpx/>", "attachment", filename="x.gpx", content_type="application/gpx+xml")
    made = rider.post(
        f"/api/v1/telematics/{bike.pk}/import/", {"format": "gpx", "file_id": str(file.pk)}, format="json"
    )
    run_jobs()
    job = ImportJob.objects.get(pk=made.json()["id"])
    assert (job.state, job.message) == ("failed", "The file has no track.")
    assert len(read(bike.pk, 0, NOW)) == 0


def test_an_import_of_somebody_elses_file_is_refused_by_field(bike, client_for):
    rider = client_for(bike.owner)
    file = stored(
        make_user("bob"), track(5), "attachment", filename="x.gpx", content_type="application/gpx+xml"
    )
    path = f"/api/v1/telematics/{bike.pk}/import/"
    for body, field in (
        ({"format": "gpx", "file_id": str(file.pk)}, "file_id"),
        ({"format": "dbc", "file_id": str(file.pk)}, "dbc_file_id"),
        ({"format": "zip", "file_id": str(file.pk)}, "format"),
    ):
        answer = rider.post(path, body, format="json")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert ImportJob.objects.count() == 0
