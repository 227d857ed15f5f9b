"""The whole way: bytes in, report out, on every file that we have by its role."""

from __future__ import annotations

import json

import pytest

from safety import engine
from safety.report import Report
from safety.tests.conftest import expected, manifest
from safety.vehicle import VehicleProfile

GROUPS = {
    "lean_wot_target": "LEAN",
    "rev_limit_+2000": "REV",
    "adv_high_load_+8": "IGN",
    "spike_ign": "SPIKE",
}
REAL = [item for item in manifest() if item["file"].endswith(".msq")]


@pytest.mark.parametrize("name", sorted(expected()))
def test_synthetic_tune_as_labelled(name, synthetic):
    entry = expected()[name]
    vehicle = VehicleProfile.from_dict(entry["vehicle"])
    baseline = synthetic(entry["baseline"]) if "baseline" in entry else None
    report = engine.analyse_files(*synthetic(name), vehicle, baseline=baseline)
    if entry.get("expect") == "pass":
        assert report.verdict == "pass"
        return
    assert report.verdict in {"confirm", "block"}
    assert any(GROUPS[entry["fault"]] in finding.code for finding in report.findings if finding.rank >= 3)


@pytest.mark.skipif(not REAL, reason="third-party tunes are not beside the repository (../shared/tunes)")
@pytest.mark.parametrize("item", REAL, ids=lambda item: item["file"])
def test_real_tune_by_its_role(item, shared):
    vehicle = VehicleProfile.from_dict(item["vehicle"] or {})
    report = engine.analyse_files(*shared(item["file"]), vehicle)
    flagged = [finding.code for finding in report.findings if finding.rank >= 3]
    if item["role"].startswith("good"):
        assert flagged == []
        assert report.verdict in {"pass", "caution"}
    elif item["role"].startswith("natural"):
        assert report.verdict in {"confirm", "block"}
        assert any(item["expect"][0] in code for code in flagged)
    else:
        assert report.verdict == "not_analysed"


def test_report_has_the_agreed_shape_and_survives_storage(synthetic):
    name = "car_5cyl_turbo_petrol_2_spike_ign.msq"
    entry = expected()[name]
    report = engine.analyse_files(
        *synthetic(name), VehicleProfile.from_dict(entry["vehicle"]), baseline=synthetic(entry["baseline"])
    )
    assert set(report.to_dict()) == {
        "verdict", "score", "group_shares", "coverage", "findings", "not_checked", "engine_version",
        "ruleset_version", "tune", "baseline", "vehicle", "reason", "disclaimer",
    }  # fmt: skip
    stored = json.loads(json.dumps(report.to_stored()))
    assert Report.from_stored(stored).to_stored() == stored
    assert report.baseline["kind"] == "backup"
