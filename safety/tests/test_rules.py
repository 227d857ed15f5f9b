"""Each rule: a tune in which it speaks, and the nearest one in which it is silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from safety.calibration import Defect
from safety.rules import RULES, LogEvidence
from safety.tests.build import (
    LOAD,
    RPM,
    TURBO,
    VEHICLE,
    changed,
    codes,
    ignition,
    image,
    run,
    severity,
    table,
    targets,
    tune,
    ve,
)

HIGH = slice(12, 16)  # load rows from 84 kPa
FAST = slice(5, 16)


def _set(role, where, value):
    def change(z):
        z[where] = value

    return changed(role, change)


def _add(role, where, value):
    def change(z):
        z[where] += value

    return changed(role, change)


def _times(role, where, factor):
    def change(z):
        z[where] *= factor

    return changed(role, change)


def _axis(role, which, values):
    start = tune().tables[role]
    return tune({role: replace(start, **{which: np.asarray(values, dtype=float)})})


def _secondary(axis):
    return table("ignition", ignition(), name="advTable2", x=axis, enabled=True, secondary=True)


def _boosted(limit, top=200.0, **scalars):
    """A turbo tune up to `top` kPa."""
    y = np.linspace(20, top, 16)
    tables = {role: replace(tune().tables[role], y=y) for role in ("ve", "ignition")}
    tables["ignition"] = replace(
        tables["ignition"], z=np.repeat(np.interp(y, [20, 200], [34, 10])[:, None], 16, axis=1)
    )
    lam = np.repeat(np.interp(y, [20, 60, 97, 200], [1.0, 1.0, 0.87, 0.78])[:, None], 16, axis=1)
    tables["target_lambda"] = replace(tune().tables["target_lambda"], y=y, z=lam, original=lam * 14.7)
    return tune(tables, {"boost_limit": limit, "boost_control": "On", "boost_cut": "On", **scalars})


def _boost_target(top, units="kPa"):
    return table("boost_target", np.full((16, 16), float(top)), enabled=True, units=units)


def _spot(role, at, value):
    return _add(role, at, value)


def _log(**columns):
    time = np.arange(0, 5, 0.1)
    given = {"time": time, "rpm": np.full(50, 6000.0), "load": np.full(50, 95.0)}
    return LogEvidence(**{**given, **{name: np.full(50, value) for name, value in columns.items()}})


GOOD = tune()
ON_ITS_SIDE = changed("ignition", lambda z: z.T.copy())

# code -> (severity, the call that makes it speak, the call that leaves it silent)
CASES = {
    "FILE_CORRUPT": (
        "critical",
        lambda: run(tune(defects=(Defect("FILE_CORRUPT", "x", "ve"),))),
        lambda: run(GOOD),
    ),
    "TABLE_MISSING": (
        "critical",
        lambda: run(tune(drop=["ve"]), base=GOOD),
        lambda: run(GOOD, base=tune(drop=["ve"])),
    ),
    "FILE_UNSUPPORTED": ("low", lambda: run(tune(missing=("target_lambda",))), lambda: run(GOOD)),
    "CHECKSUM_RECORD": (
        "critical",
        lambda: run(replace(image(), defects=(Defect("CHECKSUM_RECORD", "x"),))),
        lambda: run(image()),
    ),
    "CHECKSUM_IMAGE": ("critical", lambda: run(image(checksum_ok=False)), lambda: run(image())),
    "IMAGE_SIZE": ("critical", lambda: run(image(size=36864)), lambda: run(image())),
    "ECU_ID_MISMATCH": (
        "critical",
        lambda: run(GOOD, replace(VEHICLE, ecu_family="rusefi")),
        lambda: run(GOOD, replace(VEHICLE, ecu_family="Speeduino")),
    ),
    "SIGNATURE_DISAGREES": ("high", lambda: run(tune(signature="MS2Extra comms342h2")), lambda: run(GOOD)),
    "PART_NUMBER_VIN": (
        "high",
        lambda: run(image(vins=("JYARSYN04TA000000",)), replace(VEHICLE, vin="WB10A1234TZ000001")),
        lambda: run(image(vins=("JYARSYN04TA000000",)), replace(VEHICLE, vin="JYARSYN04TA000000")),
    ),
    "IMAGE_UNKNOWN_CHANGES": (
        "high",
        lambda: run(image(outside=(1, 2, 3, 4)), base=image(outside=(1, 9, 3, 4))),
        lambda: run(image(outside=(1, 2, 3, 4)), base=image(outside=(1, 2, 3, 4))),
    ),
    "BACKUP_MISSING": ("info", lambda: run(GOOD), lambda: run(GOOD, base=GOOD)),
    "BACKUP_UNREADABLE": ("high", lambda: run(GOOD, baseline_problem="cut off"), lambda: run(GOOD)),
    "BLANK_PAGE": (
        "critical",
        lambda: run(_set("ve", slice(None), 255.0)),
        lambda: run(_set("ve", HIGH, 90.0)),
    ),
    "SHAPE": ("critical", lambda: run(tune(defects=(Defect("SHAPE", "x", "ve"),))), lambda: run(GOOD)),
    "AXIS_NOT_ASCENDING": (
        "critical",
        lambda: run(_axis("ve", "x", [*RPM[:5], RPM[6], RPM[5], *RPM[7:]])),
        lambda: run(GOOD),
    ),
    "AXIS_FLAT": ("critical", lambda: run(_axis("ignition", "y", [510.0] * 16)), lambda: run(GOOD)),
    "AXIS_RANGE": ("high", lambda: run(_axis("ve", "x", LOAD)), lambda: run(GOOD)),
    "RANGE_VE": ("critical", lambda: run(_set("ve", (14, 8), 0.0)), lambda: run(_set("ve", (14, 8), 88.0))),
    "RANGE_IGN": ("critical", lambda: run(_set("ignition", (14, 8), 75.0)), lambda: run(GOOD)),
    "RANGE_LAMBDA": ("critical", lambda: run(_set("target_lambda", (14, 8), 1.7)), lambda: run(GOOD)),
    "RANGE_DEF": ("high", lambda: run(tune(out_of_range=(("reqFuel", 30.0, 0.0, 25.5),))), lambda: run(GOOD)),
    "UNITS_AMBIGUOUS": (
        "high",
        lambda: run(tune({"target_lambda": table("target_lambda", targets(), declared_units="afr")})),
        lambda: run(tune({"target_lambda": table("target_lambda", targets(), declared_units="lambda")})),
    ),
    "SPIKE": (
        "high",
        lambda: run(_spot("ignition", (13, 9), 12)),
        lambda: run(_spot("ignition", (13, 9), 3)),
    ),
    "STEP": (
        "high",
        lambda: run(_add("ignition", (HIGH, FAST), 8)),
        lambda: run(_add("ignition", (HIGH, FAST), 2)),
    ),
    "GRADIENT": (
        "medium",
        lambda: run(_add("ignition", (slice(None), slice(10, 16)), 13)),
        lambda: run(_add("ignition", (slice(None), slice(10, 16)), 5)),
    ),
    "ORIENTATION": ("critical", lambda: run(ON_ITS_SIDE, base=GOOD), lambda: run(GOOD, base=GOOD)),
    "UNUSED": (
        "info",
        lambda: run(tune({"ignition.2": _secondary(np.linspace(16000, 16500, 16))})),
        lambda: run(tune({"ignition.2": _secondary(RPM)})),
    ),
    "LEAN_WOT_TARGET": (
        "critical",
        lambda: run(_set("target_lambda", (HIGH, FAST), 1.05)),
        lambda: run(_set("target_lambda", (HIGH, FAST), 0.90)),
    ),
    "RICH_WOT_TARGET": (
        "medium",
        lambda: run(_set("target_lambda", slice(8, 16), 0.66)),
        lambda: run(_set("target_lambda", slice(8, 16), 0.80)),
    ),
    "IGN_ADVANCE_LIMIT": (
        "high",
        lambda: run(_set("ignition", (HIGH, FAST), 52)),
        lambda: run(_set("ignition", (HIGH, FAST), 36)),
    ),
    "OVERRUN_RETARD": (
        "medium",
        lambda: run(_set("ignition", (slice(0, 2), slice(8, 12)), -15)),
        lambda: run(_set("ignition", (slice(0, 1), slice(8, 10)), -15)),
    ),
    "DIFF_IGN": (
        "high",
        lambda: run(_add("ignition", (HIGH, FAST), 5), base=GOOD),
        lambda: run(_add("ignition", (HIGH, FAST), 2), base=GOOD),
    ),
    "DIFF_LAMBDA": (
        "high",
        lambda: run(_times("target_lambda", (HIGH, FAST), 1.06), base=GOOD),
        lambda: run(_times("target_lambda", (HIGH, FAST), 1.01), base=GOOD),
    ),
    "DIFF_VE": (
        "high",
        lambda: run(_times("ve", (HIGH, FAST), 0.91), base=GOOD),
        lambda: run(_times("ve", (HIGH, FAST), 0.97), base=GOOD),
    ),
    "DIFF_SPIKE": (
        "high",
        lambda: run(_spot("ve", (9, 9), -12), base=GOOD),
        lambda: run(_spot("ve", (9, 9), -2), base=GOOD),
    ),
    "DIFF_INJ": (
        "high",
        lambda: run(tune(scalars={"required_fuel": 5.3}), base=GOOD),
        lambda: run(GOOD, base=GOOD),
    ),
    "DIFF_SETUP": (
        "high",
        lambda: run(tune(scalars={"load_source": "TPS"}), base=tune(scalars={"load_source": "MAP"})),
        lambda: run(GOOD, base=GOOD),
    ),
    "INJ_DUTY": (
        "medium",
        lambda: run(tune(scalars={"required_fuel": 25.0})),
        lambda: run(tune(scalars={"required_fuel": 8.0})),
    ),
    "IDLE": (
        "medium",
        lambda: run(tune({"idle_target": _idle(3000)})),
        lambda: run(tune({"idle_target": _idle(1200)})),
    ),
    "REV_LIMIT": (
        "critical",
        lambda: run(tune(scalars={"rev_limit": 12000})),
        lambda: run(tune(scalars={"rev_limit": 10200})),
    ),
    "DIFF_REV": (
        "high",
        lambda: run(tune(scalars={"rev_limit": 10700}), base=GOOD),
        lambda: run(tune(scalars={"rev_limit": 10200}), base=GOOD),
    ),
    "PROTECT_OFF": (
        "high",
        lambda: run(tune(scalars={"protection": "Off"}), base=GOOD),
        lambda: run(GOOD, base=GOOD),
    ),
    "BOOST_CUT": ("critical", lambda: run(_boosted(260), TURBO), lambda: run(_boosted(220), TURBO)),
    "BOOST_TARGET": (
        "high",
        lambda: run(
            tune({"boost_target": _boost_target(240)}), base=tune({"boost_target": _boost_target(180)})
        ),
        lambda: run(
            tune({"boost_target": _boost_target(185)}), base=tune({"boost_target": _boost_target(180)})
        ),
    ),
    "MAP_SENSOR_RANGE": (
        "high",
        lambda: run(tune({"boost_target": _boost_target(280)}), TURBO),
        lambda: run(tune({"boost_target": _boost_target(180)}), TURBO),
    ),
    "DWELL": ("high", lambda: run(tune(scalars={"dwell": 7.0})), lambda: run(tune(scalars={"dwell": 4.0}))),
    "FAN": ("high", lambda: run(tune(scalars={"fan_on": 199})), lambda: run(tune(scalars={"fan_on": 100}))),
    "LAUNCH_ALS_N2O_WMI": (
        "high",
        lambda: run(tune(scalars={"nitrous": "2 stage"}), replace(VEHICLE, hardware=())),
        lambda: run(tune(scalars={"nitrous": "2 stage"}), replace(VEHICLE, hardware=("nitrous",))),
    ),
    "CYLINDERS": ("critical", lambda: run(tune(scalars={"cylinders": 4})), lambda: run(GOOD)),
    "DISPLACEMENT": (
        "high",
        lambda: run(tune(scalars={"displacement_cc": 1200})),
        lambda: run(tune(scalars={"displacement_cc": 790})),
    ),
    "FUEL": (
        "critical",
        lambda: run(tune(scalars={"stoich": 9.8})),
        lambda: run(tune(scalars={"stoich": 14.1})),
    ),
    "STROKE": ("critical", lambda: run(tune(scalars={"stroke": "Two-stroke"})), lambda: run(GOOD)),
    "ASPIRATION": ("high", lambda: run(GOOD, TURBO), lambda: run(_boosted(220), TURBO)),
    "INJECTOR_SIZE": (
        "high",
        lambda: run(_flow(400), replace(VEHICLE, injector_cc_min=300)),
        lambda: run(_flow(310), replace(VEHICLE, injector_cc_min=300)),
    ),
    "TRIGGER": (
        "high",
        lambda: run(tune(scalars={"trigger_angle": 90}), base=GOOD),
        lambda: run(GOOD, base=GOOD),
    ),
    "EMISSIONS_FEATURE_OFF": (
        "info",
        lambda: run(tune(switches={"egoType": "Disabled"})),
        lambda: run(tune(switches={"egoType": "Wide Band"})),
    ),
    "ROAD_USE": ("info", lambda: run(GOOD), lambda: run(image())),
    "LOG_LEAN": (
        "critical",
        lambda: run(GOOD, log=_log(lambda_measured=1.0)),
        lambda: run(GOOD, log=_log(lambda_measured=0.9)),
    ),
    "LOG_KNOCK": (
        "high",
        lambda: run(GOOD, log=_log(knock_retard=5.0)),
        lambda: run(GOOD, log=_log(knock_retard=1.0)),
    ),
    "LOG_DUTY": ("high", lambda: run(GOOD, log=_log(duty=96.0)), lambda: run(GOOD, log=_log(duty=70.0))),
    "LOG_TARGET_GAP": ("info", lambda: run(GOOD, log=_log()), lambda: run(GOOD)),
}


def _idle(rpm):
    return table("idle_target", np.full((1, 16), float(rpm)), x=np.linspace(-30, 120, 16), y=np.zeros(1))


def _flow(cc):
    start = tune(scalars={"injector_flow": cc})
    flow = replace(start.scalars["injector_flow"], units="cc/min")
    return replace(start, scalars={**start.scalars, "injector_flow": flow})


def test_every_rule_has_its_case():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("code", sorted(CASES))
def test_rule_speaks(code):
    wanted, fires, _ = CASES[code]
    assert severity(fires(), code) == wanted


@pytest.mark.parametrize("code", sorted(CASES))
def test_rule_is_silent(code):
    _, _, calm = CASES[code]
    assert severity(calm(), code) is None


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_tells_of_itself(code):
    entry = RULES[code].to_dict()
    assert all(entry[key] for key in ("code", "group", "title", "says", "severity", "source"))
    assert entry["group"] in "ABCDEFG"


def test_the_good_bike_passes():
    report = run(GOOD, base=GOOD)
    assert (report.verdict, codes(report)) == ("pass", set())
    assert report.coverage > 0.9


def test_a_stand_in_softens_what_it_shows():
    worse = _add("ignition", (HIGH, FAST), 15)
    assert severity(run(worse, base=GOOD), "DIFF_IGN") == "critical"
    report = run(worse, base=GOOD, baseline_kind="nearest")
    found = next(finding for finding in report.findings if finding.code == "DIFF_IGN")
    assert (found.severity, found.confidence) == ("high", "low")
    assert "BACKUP_MISSING" in {finding.code for finding in report.findings}
    assert report.baseline["kind"] == "nearest"


def test_fuel_table_and_injector_that_cancel_out_are_silent():
    start = tune().tables["ve"]
    larger = tune({"ve": replace(start, z=ve() / 1.15)}, {"required_fuel": 6.0 * 1.15})
    assert not codes(run(larger, base=GOOD), least=3)


@pytest.mark.parametrize("family,wanted", [("speeduino", "medium"), ("rusefi", "high")])
def test_knock_detection_that_was_never_there(family, wanted):
    on, off = (tune(scalars={"knock": word}, family=family, signature=family) for word in ("Analog", "Off"))
    bike = replace(VEHICLE, ecu_family=family)
    assert severity(run(off, bike, on), "PROTECT_OFF") == wanted


def test_another_tooth_count_is_another_trigger():
    before, after = (tune(numbers={"numTeeth": teeth}) for teeth in (36.0, 60.0))
    assert severity(run(after, base=before), "TRIGGER") == "high"


def test_idle_may_be_shaped_freely():
    assert not codes(run(_add("ignition", (slice(0, 5), slice(0, 2)), 5), base=GOOD), least=3)


def test_lambda_and_afr_of_one_table_are_the_same():
    plain = tune({"target_lambda": table("target_lambda", targets(), declared_units="lambda")})
    assert codes(run(plain, base=plain)) == codes(run(GOOD, base=GOOD))
