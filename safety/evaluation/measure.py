"""Running the faults and edits, and counting."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from safety import engine
from safety.evaluation.editing import Editor
from safety.evaluation.faults import PLAIN, SMALL, Case, Fault, Injector
from safety.evaluation.generator import Sample
from safety.evaluation.harmless import HARMLESS
from safety.vehicle import VehicleProfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from safety.report.model import Report

_FLAGGED = frozenset({"confirm", "block"})


@dataclass
class Count:
    """Hits of trials; `attributed` are hits that name the right table or setting and group."""

    trials: int = 0
    flagged: int = 0
    attributed: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, *, flagged: bool, attributed: bool, name: str) -> None:
        self.trials += 1
        self.flagged += flagged
        self.attributed += attributed
        if not attributed:
            self.missed.append(name)

    @property
    def recall(self) -> float:
        return self.attributed / self.trials if self.trials else 0.0


@dataclass
class Results:
    """Everything that the page shows."""

    seed: int
    real: int
    generated: int
    with_base: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    alone: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    small: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    small_alone: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    alarms: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    alarms_real: Count = field(default_factory=Count)
    bands: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    natural: dict[str, str] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)


def attributed(report: Report, fault: Fault) -> bool:
    """A high or critical finding of a right group on a right table or setting."""
    for finding in report.findings:
        if finding.rank < 3 or finding.group not in fault.groups:
            continue
        names = {finding.table.partition(".")[0], finding.scalar}
        if names & fault.targets:
            return True
    return False


def band(score: int) -> str:
    edges = [0, 1, 20, 50, 80, 101]
    at = max(index for index, edge in enumerate(edges) if score >= edge)
    return f"{edges[at]}-{edges[at + 1] - 1}"


def third_party(folder: Path | None) -> Sequence[Sample]:
    """Real tunes with the role good, where they are present."""
    if folder is None or not (folder / "manifest.json").exists():
        return []
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]
    return [
        Sample(
            item["file"],
            (folder / item["file"]).read_bytes(),
            VehicleProfile.from_dict(item["vehicle"]),
            real=True,
        )
        for item in items
        if item["file"].endswith(".msq") and item["role"].startswith("good")
    ]


def measure(
    samples: Sequence[Sample], seed: int, folder: Path | None, progress: Callable[[int, int], None]
) -> Results:
    """Every fault kind in every sample once, every harmless edit once, all drawn from the seed."""
    results = Results(seed, sum(s.real for s in samples), sum(not s.real for s in samples))
    for index, sample in enumerate(samples):
        rng = np.random.default_rng([seed, 77, index])
        _faults(results, sample, rng, PLAIN, (results.with_base, results.alone))
        _faults(results, sample, rng, SMALL, (results.small, results.small_alone))
        _harmless(results, sample, rng)
        progress(index + 1, len(samples))
    _natural(results, folder)
    return results


def _analyse(results: Results, data: bytes, sample: Sample, vehicle: VehicleProfile, *, base: bool) -> Report:
    start = time.perf_counter()
    baseline = (sample.data, sample.name) if base else None
    report = engine.analyse_files(data, sample.name, vehicle, baseline=baseline)
    if base:
        results.milliseconds.append(1000 * (time.perf_counter() - start))
    return report


def _faults(
    results: Results,
    sample: Sample,
    rng: np.random.Generator,
    kinds: Mapping[str, Injector],
    counts: tuple[dict[str, Count], dict[str, Count]],
) -> None:
    for kind, inject in kinds.items():
        fault = inject(Case(Editor(sample.data, sample.name), sample.vehicle, rng))
        if fault is None:
            continue
        for base, count in zip((True, False), counts, strict=True):
            report = _analyse(results, fault.data, sample, fault.vehicle, base=base)
            count[kind].add(
                flagged=report.verdict in _FLAGGED, attributed=attributed(report, fault), name=sample.name
            )
            if base:
                results.bands[band(report.score)][1] += 1


def _harmless(results: Results, sample: Sample, rng: np.random.Generator) -> None:
    for kind, data in _edited(sample, rng):
        for base in (True, False):
            report = _analyse(results, data, sample, sample.vehicle, base=base)
            flagged = report.verdict in _FLAGGED
            name = (
                f"{sample.name}{'' if base else ' alone'}: {[f.code for f in report.findings if f.rank >= 3]}"
            )
            results.alarms[kind].add(flagged=flagged, attributed=not flagged, name=name)
            if sample.real:
                results.alarms_real.add(flagged=flagged, attributed=not flagged, name=name)
            if base:
                results.bands[band(report.score)][0] += 1


def _edited(sample: Sample, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    yield "unchanged", sample.data
    for kind, edit in HARMLESS.items():
        data = edit(Case(Editor(sample.data, sample.name), sample.vehicle, rng))
        if data is not None:
            yield kind, data


def _natural(results: Results, folder: Path | None) -> None:
    """Published files with the role natural-*: their verdict alone."""
    if folder is None or not (folder / "manifest.json").exists():
        return
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]
    for item in items:
        if item["role"].startswith("natural"):
            vehicle = VehicleProfile.from_dict(item["vehicle"])
            report = engine.analyse_files((folder / item["file"]).read_bytes(), item["file"], vehicle)
            results.natural[item["file"]] = report.verdict
