"""Every hostile file is refused or survived: in time, in memory, without an unknown exception."""

from __future__ import annotations

import json
import resource
import time

import pytest

from safety import engine
from safety.formats.base import Definition
from safety.problems import NotAnalysed, Refused
from safety.tests.hostile import DEFINITIONS, SPARSE_S3, TUNES
from safety.vehicle import VehicleProfile

WORDS = {"pass", "caution", "insufficient_data", "confirm", "block", "not_analysed"}
# What may be read at all: nothing is wrong with these but a strange name.
READABLE = {"markup in names", "prompt in names", "XInclude"}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("kind", sorted(TUNES))
def test_hostile_tune(kind):
    name, data = TUNES[kind]
    before, start = _megabytes(), time.perf_counter()
    report = engine.analyse_files(data, name, VehicleProfile(cylinders=4, fuel="petrol"))
    assert time.perf_counter() - start < 2.0
    assert _megabytes() - before < 300
    assert report.verdict in WORDS
    json.dumps(report.to_stored(), allow_nan=False)
    if kind not in READABLE:
        assert report.verdict in {"block", "not_analysed"}


@pytest.mark.parametrize("kind", sorted(DEFINITIONS))
def test_hostile_definition(kind, rom):
    start = time.perf_counter()
    report = engine.analyse_files(*rom("rom_stock.bin"), VehicleProfile(), definition=DEFINITIONS[kind])
    assert time.perf_counter() - start < 2.0
    assert report.verdict in WORDS - {"pass", "caution"}
    json.dumps(report.to_stored(), allow_nan=False)


@pytest.mark.parametrize(
    "kind,reason",
    [
        ("billion laughs", "doctype"),
        ("external entity", "doctype"),
        ("DOCTYPE in UTF-16", "doctype"),
        ("deep nesting", "not_well_formed"),
        ("huge rows", "bad_shape"),
        ("rows of words", "bad_shape"),
        ("rows too large", "too_large"),
        ("too many constants", "too_many"),
        ("truncated", "not_well_formed"),
        ("sparse S-record", "too_large"),
        ("hex with a bad sum", "checksum_record"),
        ("S-record with a bad sum", "checksum_record"),
        ("overlapping records", "bad_record"),
    ],
)
def test_refused_for_the_right_reason(kind, reason):
    name, data = TUNES[kind]
    with pytest.raises(Refused) as problem:
        engine.read(data, name)
    assert problem.value.reason_code == reason


@pytest.mark.parametrize("kind", ["zip bomb", "gzip bomb", "zip slip"])
def test_archives_are_never_unpacked(kind):
    name, data = TUNES[kind]
    with pytest.raises(NotAnalysed) as problem:
        engine.read(data, name)
    assert problem.value.reason_code == "archive"


def test_a_sparse_record_file_is_refused_before_it_grows():
    with pytest.raises(Refused, match="span"):
        engine.read(SPARSE_S3, "a.s19", Definition(b"<roms/>", "d.xml"))


def test_nothing_of_the_password_file_is_ever_shown():
    for name, data in TUNES.values():
        text = json.dumps(engine.analyse_files(data, name, VehicleProfile()).to_stored())
        assert "root:" not in text


@pytest.mark.parametrize(
    "data", [b"A1B2C3D4E5F6G7H8J9" * 400_000, b"\xff" * 8_000_000], ids=["words", "erased"]
)
def test_a_large_image_takes_no_longer(data, rom):
    start = time.perf_counter()
    report = engine.analyse_files(
        data, "a.bin", VehicleProfile(), definition=Definition(*rom("definition.xdf"))
    )
    assert time.perf_counter() - start < 2.0
    assert report.verdict == "block"


@pytest.mark.parametrize("name", ["bad_crc.s19"])
def test_a_real_file_with_a_bad_checksum(name, shared):
    report = engine.analyse_files(*shared(name), VehicleProfile())
    assert [finding.code for finding in report.findings] == ["CHECKSUM_RECORD"]
    assert report.verdict == "block"


@pytest.mark.parametrize("name", ["in.s19", "convert.hex", "freeems_serial_monitor.s19"])
def test_a_real_image_without_definition_is_not_analysed(name, shared):
    assert engine.analyse_files(*shared(name), VehicleProfile()).reason.startswith("A binary image needs")
