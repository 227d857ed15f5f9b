"""Every hostile file is refused or survived: in time, in memory, without an unknown exception."""

from __future__ import annotations

import json
import re
import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import engine
from safety.formats.base import Definition
from safety.problems import NotAnalysed, Refused
from safety.tests.conftest import DATA
from safety.tests.hostile import DEFINITIONS, SPARSE_S3, TUNES
from safety.vehicle import VehicleProfile

WORDS = {"pass", "caution", "insufficient_data", "confirm", "block", "not_analysed"}
STRANGE = [
    b"0",
    b"-1",
    b"1e308",
    b"65535",
    b"nan",
    b"inf",
    b"1e-320",
    b"",
    b"x",
    b"9" * 50,
    b"25500",
    b"1e11",
]
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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_mutated_tune_never_surprises(data):
    """Numbers exchanged for strange ones, pieces cut out or doubled: always a report, never an exception."""
    name = data.draw(
        st.sampled_from(["car_5cyl_turbo_petrol_2_stock.msq", "motorcycle_2cyl_na_e85_1_stock.msq"])
    )
    stock = (DATA / "synthetic_msq" / name).read_bytes()
    text = bytearray(stock)
    numbers = list(re.finditer(rb"(?<=[ >])-?\d+\.\d+", stock))
    for match in reversed(
        data.draw(st.lists(st.sampled_from(numbers), max_size=5, unique_by=lambda m: m.start()))
    ):
        text[match.start() : match.end()] = data.draw(st.sampled_from(STRANGE))
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, len(text) - 1))
        piece = bytes(text[start : start + data.draw(st.integers(1, 2000))])
        text[start : start + len(piece)] = piece * data.draw(st.sampled_from([0, 2]))
    report = engine.analyse_files(bytes(text), name, VehicleProfile(), baseline=(stock, name))
    assert report.verdict in WORDS
    json.dumps(report.to_stored(), allow_nan=False)
