"""The faces of a report: nothing of a file gets through unescaped, nothing hangs on colour alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from core.testing.pdf import words_of
from safety import engine
from safety.nearest import Candidate, nearest
from safety.report import heat, html, pdf, svg, text
from safety.report.model import TableView
from safety.report.words import SEVERITY_WORDS, VERDICT_TITLES
from safety.tests.build import VEHICLE, changed, run, tune
from safety.tests.hostile import TUNES
from safety.thresholds import Thresholds, UnknownThreshold, defaults
from safety.vehicle import VehicleProfile

EVIL = '<script>alert("x")</script>&<'


@pytest.fixture
def report():
    def change(z):
        z[12:, 5:] += 8
        z[3, 3] += 20

    return run(changed("ignition", change), base=tune())


def test_the_page_is_well_formed_and_has_no_scripts(report):
    page = html.render(report, nonce="abc")
    assert "<script" not in page
    assert 'nonce="abc"' in page
    assert "prefers-color-scheme" in page
    assert VERDICT_TITLES[report.verdict] in page
    assert report.disclaimer in page
    etree.HTML(page)


def test_text_of_files_is_escaped_everywhere(report):
    evil = replace(report, tune={**report.tune, "signature": EVIL}, reason=EVIL)
    evil = replace(
        evil, findings=tuple(replace(f, explanation=EVIL, source_name=EVIL) for f in evil.findings)
    )
    evil = replace(
        evil, tables={key: replace(view, name=EVIL, units=EVIL) for key, view in evil.tables.items()}
    )
    assert "<script" not in html.render(evil)
    assert "<script" not in svg.render(evil.tables["ignition"], "tune", evil.findings)


@pytest.mark.parametrize("kind", ["tune", "baseline", "diff"])
def test_heat_maps_mark_cells_by_shape(report, kind):
    drawing = svg.render(report.tables["ignition"], kind, report.findings)
    root = etree.fromstring(drawing)
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"high"} <= set(texts)
    assert len(root.findall(".//{http://www.w3.org/2000/svg}g")) > 10
    assert "prefers-color-scheme: dark" in drawing
    assert ("+8" in texts) == (kind == "diff")


def test_a_view_that_does_not_exist(report):
    lonely = replace(report.tables["ignition"], base=None)
    for kind in ("diff", "baseline", "../etc"):
        with pytest.raises(heat.UnknownView):
            svg.render(lonely, kind)


def test_flat_and_empty_differences_can_be_drawn():
    view = TableView(
        "ve",
        "VE",
        "%",
        "rpm",
        "kPa",
        [1.0, 2.0],
        [1.0, 2.0],
        [[5.0, 5.0], [5.0, 5.0]],
        [[5.0, 5.0], [5.0, 5.0]],
    )
    for kind in heat.VIEWS:
        etree.fromstring(svg.render(view, kind))


def printed(report):
    document = pdf.render(report, title="Safety report: Katana", made_at=datetime(2026, 1, 2, tzinfo=UTC))
    return document, words_of(document)


def test_the_paper_says_what_the_page_says(report):
    document, words = printed(report)
    assert document.startswith(b"%PDF-")
    assert VERDICT_TITLES[report.verdict] in words
    for finding in report.findings:
        assert f"{SEVERITY_WORDS[finding.severity].upper()}: {finding.title}" in words
    assert "tune minus baseline" in words
    assert "+8" in words.split()
    assert " ".join(report.disclaimer.split()[-12:]) in " ".join(words.split())
    assert printed(report)[0] == document


def test_the_paper_survives_whatever_a_file_calls_itself(report):
    evil = replace(report, tune={**report.tune, "signature": EVIL + "\u0939\u093f \u202e"}, reason=EVIL)
    assert EVIL in printed(evil)[1]


def test_text_says_what_was_not_checked(report):
    words = text.render(
        replace(report, not_checked=engine.analyse(tune(drop=["dwell"]), VehicleProfile()).not_checked)
    )
    assert "NOT CHECKED" in words
    assert "DWELL: the file holds no dwell" in words
    assert max(map(len, words.splitlines())) <= 100


@pytest.mark.parametrize("kind", ["truncated", "no text at all", "empty"])
def test_reports_on_unread_files_have_every_face(kind):
    name, data = TUNES[kind]
    found = engine.analyse_files(data, name, VehicleProfile())
    assert found.reason
    assert found.reason in html.render(found)
    assert " ".join(found.reason.split()) in " ".join(printed(found)[1].split())
    assert VERDICT_TITLES[found.verdict].upper() in text.render(found)


def test_no_face_ever_calls_a_tune_safe():
    calm = run(tune(), base=tune())
    assert calm.verdict == "pass"
    for page in (html.render(calm), text.render(calm)):
        lowered = page.lower()
        assert "tune is safe" not in lowered
        assert "no analysis makes a tune safe" in " ".join(lowered.split())


def test_score_counts_each_group_once():
    worst = run(tune(scalars={"rev_limit": 12000, "fan_on": 199, "dwell": 9.0}))
    assert worst.group_shares == {"D": 0.85}
    assert worst.score == 85
    assert worst.verdict == "block"


def test_one_critical_is_never_averaged_away():
    assert run(tune(scalars={"cylinders": 4})).verdict == "block"


def test_little_coverage_is_at_best_insufficient():
    bare = replace(tune(drop=["target_lambda", "ignition"]), scalars={})
    found = engine.analyse(bare, VehicleProfile())
    assert found.coverage < 0.6
    assert found.verdict == "insufficient_data"


def test_layers_the_later_wins_and_is_named():
    plain = Thresholds("speeduino", VEHICLE)
    assert (plain["idle_most"].value, plain["idle_most"].layer) == (2000, "engine")
    own = Thresholds("tuareg", VEHICLE, {"dwell_high": 9.0})
    assert (own["dwell_medium"].layer, own["dwell_high"].layer, own["dwell_high"].value) == (
        "family",
        "vehicle",
        9.0,
    )
    report = run(tune(scalars={"dwell": 9.5}), overrides={"dwell_high": 9.0})
    assert {finding.limit_source for finding in report.findings if finding.code == "DWELL"} == {"vehicle"}


@pytest.mark.parametrize(
    "wrong", [{"nope": 1.0}, {"dwell_high": "high"}, {"dwell_high": [1, 2]}, {"ign_curve_deg": 3}]
)
def test_wrong_overrides_are_refused(wrong):
    with pytest.raises(UnknownThreshold):
        Thresholds("speeduino", VEHICLE, wrong)


def test_every_limit_that_a_rule_names_exists():
    named = {limit for entry in engine.rules_catalogue() for limit in entry["thresholds"]}
    assert named <= set(defaults())


def test_ruleset_version_is_stable_within_a_run():
    assert engine.ruleset_version() == engine.RULESET_VERSION


def test_vehicle_facts_survive_and_strangers_are_ignored():
    facts = {**VEHICLE.to_dict(), "colour": "red", "hardware": ["nitrous"]}
    again = VehicleProfile.from_dict(facts)
    assert again == replace(VEHICLE, hardware=("nitrous",))
    assert again.digest != VEHICLE.digest


def test_the_nearest_engine_stands_in():
    near = Candidate("a", replace(VEHICLE, displacement_cc=790), "speeduino", "speeduino 202305")
    other_firmware = Candidate("b", VEHICLE, "speeduino", "speeduino 201911")
    other_engine = Candidate("c", replace(VEHICLE, cylinders=4), "speeduino", "speeduino 202305")
    found = nearest(VEHICLE, "speeduino", "speeduino 202305", [other_engine, other_firmware, near])
    assert found == near
    assert nearest(VEHICLE, "rusefi", "", [near]) is None
    assert nearest(VehicleProfile(), "speeduino", "", [near]) is None
