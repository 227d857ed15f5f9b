"""Trips, distance, fuel, stops and days: what they say of drives whose truth is known."""

import numpy as np
import pytest

from telematics.derive.days import DAY_MS, day_of, days_between
from telematics.derive.distance import distance, plausible
from telematics.derive.fuel import DIESEL, fuel, level_used, refuels
from telematics.derive.motion import held, moving, speed_of
from telematics.derive.stops import stops
from telematics.derive.trips import Plan, find
from telematics.samples import EMPTY, Samples
from telematics.tests.making_drives import T0, course, leg, ride_with


def trips_of(samples, **plan):
    return find(samples, Plan(**plan)).facts


def spans(found):
    return [((one.t0 - T0) // 1000, (one.t1 - T0) // 1000) for one in found]


def test_a_red_light_is_no_end_and_a_break_is():
    found = trips_of(course((600, 60), (120, 0), (600, 60), (400, 0), (300, 50)))
    assert spans(found) == [(0, 1319), (1720, 2019)]
    assert [round(one.distance_m) for one in found] == [19983, 4153]
    assert [one.distance_source for one in found] == ["speed", "speed"]
    assert (found[0].drive_s, found[0].idle_s, found[0].speed_max) == (1199.0, 120.0, 60.0)


def test_a_silence_ends_a_trip():
    assert spans(trips_of(course((600, 60), (298, None), (600, 60)))) == [(0, 1497)]
    assert spans(trips_of(course((600, 60), (301, None), (600, 60)))) == [(0, 599), (901, 1500)]


def test_limits_can_be_set():
    drive = course((600, 60), (1000, 0), (600, 60))
    assert len(trips_of(drive)) == 2
    assert len(trips_of(drive, stop_s=3600)) == 1
    quiet = course((600, 60), (1000, None), (600, 60))
    assert len(trips_of(quiet, stop_s=3600)) == 2
    assert len(trips_of(quiet, stop_s=3600, gap_s=3600)) == 1


def test_pushing_the_bike_around_the_yard_is_no_trip():
    assert trips_of(course((600, 0), (50, 20), (600, 0))) == []
    assert trips_of(course((600, 0), (90, 5), (600, 0))) == []
    assert trips_of(EMPTY) == []


def test_what_the_owner_joined_and_cut_is_part_of_the_input():
    drive = course((600, 60), (400, 0), (600, 60))
    joined = trips_of(drive, joins=((T0 + 599_000, T0 + 1000_000),))
    assert spans(joined) == [(0, 1599)]
    assert spans(trips_of(drive, cuts=(T0 + 300_000,))) == [(0, 299), (300, 599), (1000, 1599)]


def test_the_odometer_goes_before_the_speed_unless_it_is_coarse_or_odd():
    drive = course((600, 60))
    fine = ride_with(drive, odometer=lambda s: 100 + s * 61 / 3600)
    assert distance(fine).source == "odometer"
    assert distance(fine).m == pytest.approx(599 * 61 / 3.6, rel=1e-6)
    coarse = ride_with(drive, odometer=lambda s: np.floor(100 + s * 61 / 3600))
    assert distance(coarse).source == "speed"
    odd = ride_with(drive, odometer=lambda s: np.where(s == 300, 900.0, 100 + s * 61 / 3600))
    assert distance(odd).source == "speed"


def test_readings_of_the_odometer_that_fell_or_leapt_are_quarantined():
    t = T0 + np.arange(6) * 60_000
    km = np.array([100.0, 101.0, 99.0, 5000.0, 102.0, 103.0])
    assert plausible(t, km).tolist() == [True, True, False, False, True, True]


def test_a_tracker_without_a_speed_moves_by_its_places():
    """A fix each half a minute, 300 m apart to the north, then an hour at one place with a jitter of metres."""
    at = np.arange(0, 3600 + 1800, 30)
    lat = 48 + np.where(at <= 1800, at / 30 * 300 / 111_195, 1800 / 30 * 300 / 111_195)
    noise = np.random.default_rng(1).normal(0, 5 / 111_195, len(at)) * (at > 1800)
    track = Samples(T0 + at * 1000, {"lat": lat + noise, "lon": np.full(len(at), 11.0)})
    found = trips_of(track)
    assert spans(found) == [(0, 1800)]
    assert found[0].distance_source == "gps"
    assert found[0].distance_m == pytest.approx(18_000, rel=1e-3)
    assert found[0].start == (48.0, 11.0)


def test_samples_of_other_signals_in_between_keep_the_speed():
    speed = leg(T0, 600, 60, step_s=2)
    other = Samples(speed.t + 1000, {"rpm": np.full(len(speed), 3000.0)})
    both = speed.merge(other)
    assert moving(both).all()
    assert np.isnan(held(both, both.column("speed"))).sum() == 0
    assert trips_of(both)[0].distance_m == pytest.approx(trips_of(speed)[0].distance_m, rel=0.01)


def test_nothing_is_measured_across_a_gap():
    drive = course((60, 60), (60, None), (60, 60))
    assert distance(drive).m == pytest.approx(2 * 59 * 60 / 3.6)


def test_fuel_by_rate_by_air_and_by_level():
    drive = course((3601, 60))
    assert fuel(ride_with(drive, fuel_rate=lambda s: s * 0 + 5)).litres == pytest.approx(5.0)
    air = ride_with(drive, maf=lambda s: s * 0 + 14.7 * 745 / 3600)
    assert (fuel(air).litres, fuel(air).source) == (pytest.approx(1.0), "maf")
    lean = ride_with(air, **{"lambda": lambda s: s * 0 + 2})
    assert fuel(lean, DIESEL).litres == pytest.approx(14.7 * 745 / (14.5 * 832) / 2)
    level = ride_with(drive, fuel_level=lambda s: 80 - s / 360)
    told = fuel(level, tank_l=50)
    assert (told.source, told.litres) == (
        "level",
        pytest.approx(10 * 0.5 * 11 / 12, rel=0.01),
    )  # medians of 5 min
    assert fuel(level).litres is None
    assert fuel(drive).source == ""


def test_a_refuel_is_no_negative_use():
    """80 to 70 %, filled to 95 while standing, 95 to 90: used 15, filled 25; sloshing by 2 % on the way."""
    drive = course((4000, 60), (300, 0), (2000, 60))
    slosh = np.random.default_rng(2).normal(0, 2, 10_000)

    def level(s):
        base = np.where(
            s < 4000, 80 - s / 400, np.where(s < 4300, 70 + (s - 4000) / 12, 95 - (s - 4300) / 400)
        )
        return base + slosh[: len(s)] * (speed_of(drive) > 0)

    tank = ride_with(drive, fuel_level=level)
    found = refuels(tank)
    assert [(one.t - T0) // 1000 for one in found] == [4300]
    assert found[0].percent == pytest.approx(25, abs=1)
    assert level_used(tank) == pytest.approx(15, abs=2)


def test_filled_up_while_the_dongle_slept():
    drive = course((1000, 60), (600, None), (1000, 60))
    tank = ride_with(drive, fuel_level=lambda s: np.where(s < 1000, 30.0, 95.0))
    assert [round(one.percent) for one in refuels(tank)] == [65]
    assert [round(one.percent) for one in refuels(tank, tank_l=50)] == [65]


def test_stops_lie_between_trips():
    found = trips_of(course((600, 60), (400, 0), (600, 60), lat=48.0, lon=11.0))
    assert [(one.seconds, one.place) for one in stops(found)] == [(401.0, (48.0, 11.0))]
    assert [one.t1 for one in stops(found, lasts=True)] == [found[1].t0, None]


def test_days_add_up_to_the_whole():
    drive = course((7200, 60), start=T0 + DAY_MS - 3_600_000, fuel_rate=4, rpm=3000)
    first, second = (day_of(drive, T0 + n * DAY_MS) for n in (0, 1))
    assert (first.n, second.n) == (3600, 3600)
    assert first.dist_m + second.dist_m == pytest.approx(distance(drive).m)
    assert first.drive_s + second.drive_s == 7199.0
    assert first.fuel_l + second.fuel_l == pytest.approx(fuel(drive).litres)
    assert first.stats["rpm"] == [3000.0, 3000.0, 3000.0, 3000.0, 3600.0]
    assert day_of(drive, T0 + 2 * DAY_MS) is None
    assert days_between(drive.t0, drive.t1) == [T0, T0 + DAY_MS]


def test_standing_with_the_engine_on_is_idling():
    day = day_of(course((600, 60), (100, 0), rpm=900), T0)
    assert (day.drive_s, day.idle_s, day.vmax) == (600.0, 99.0, 60.0)
