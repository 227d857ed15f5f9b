"""The evaluation itself, small: our own tunes, one seed; the goals hold on them, and edits stay silent."""

from __future__ import annotations

import numpy as np
import pytest

from safety import engine
from safety.evaluation.__main__ import main
from safety.evaluation.editing import Editor
from safety.evaluation.faults import PLAIN, SMALL, Case
from safety.evaluation.generator import generate
from safety.evaluation.harmless import HARMLESS
from safety.evaluation.measure import attributed, band, measure
from safety.evaluation.page import page, total

SAMPLES = generate(8, 4)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_generated_tunes_are_good(sample):
    report = engine.analyse_files(sample.data, sample.name, sample.vehicle)
    assert [finding.explanation for finding in report.findings if finding.rank >= 3] == []


def test_generation_follows_the_seed():
    assert [sample.data for sample in generate(4, 9)] == [sample.data for sample in generate(4, 9)]
    assert generate(1, 9)[0].data != generate(1, 10)[0].data


@pytest.mark.parametrize("kind", [*PLAIN, *SMALL])
def test_fault_is_found_and_named_with_a_baseline(kind):
    tried = 0
    for index, sample in enumerate(SAMPLES):
        case = Case(Editor(sample.data, sample.name), sample.vehicle, np.random.default_rng([index, 5]))
        fault = {**PLAIN, **SMALL}[kind](case)
        if fault is None:
            continue
        tried += 1
        report = engine.analyse_files(
            fault.data, sample.name, fault.vehicle, baseline=(sample.data, sample.name)
        )
        assert attributed(report, fault), [finding.code for finding in report.findings]
    assert tried


@pytest.mark.parametrize("kind", sorted(HARMLESS))
def test_harmless_edit_raises_no_alarm(kind):
    for index, sample in enumerate(SAMPLES):
        case = Case(Editor(sample.data, sample.name), sample.vehicle, np.random.default_rng([index, 6]))
        data = HARMLESS[kind](case)
        if data is None:
            continue
        for baseline in ((sample.data, sample.name), None):
            report = engine.analyse_files(data, sample.name, sample.vehicle, baseline=baseline)
            assert report.verdict in {"pass", "caution"}


def test_the_page_tells_every_figure(tmp_path, capsys):
    target = tmp_path / "page.md"
    assert main(["--seed", "4", "--count", "3", "--tunes", str(tmp_path), "--write", str(target)]) == 0
    words = target.read_text()
    assert words == capsys.readouterr().out
    assert all(
        kind in words
        for kind in (*PLAIN, *SMALL, *HARMLESS)
        if kind not in {"boost cut raised", "garbage in unused tables"}
    )
    assert "The third-party files were not present." in words


def test_counting():
    steps = []
    results = measure(SAMPLES[:2], 4, None, lambda done, of: steps.append((done, of)))
    assert steps == [(1, 2), (2, 2)]
    assert total(results.with_base).recall == 1.0
    assert "| 0-0 |" in page(results)
    assert [band(score) for score in (0, 1, 45, 70, 100)] == ["0-0", "1-19", "20-49", "50-79", "80-100"]
