"""What each reader understands, and what it leaves alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import engine
from safety.formats.base import LIMITS, Definition
from safety.formats.checksum import check_subaru
from safety.formats.expression import BadExpression, compile_expression
from safety.formats.image import Image, Layout, read_cells
from safety.formats.ini import ranges_of
from safety.formats.registry import READERS
from safety.formats.rom import vin_check
from safety.formats.targets import to_lambda
from safety.problems import NotAnalysed, Refused
from safety.tests.conftest import DATA
from safety.tests.hostile import EVIL, romraider
from safety.vehicle import VehicleProfile

ROM = json.loads((DATA / "synthetic_rom" / "expected.json").read_text())


@pytest.mark.parametrize("definition", ["definition.xdf", "definition_romraider.xml"])
@pytest.mark.parametrize("name", ["rom_stock.bin", "rom_stock.hex", "rom_stock.s19"])
def test_rom_values_read_back(definition, name, rom):
    found = engine.read(*rom(name), Definition(*rom(definition)))
    table = found.tables["ignition"]
    assert table.z[-1].tolist() == ROM["ign_row_last"]
    assert table.x.tolist() == ROM["ign_rpm"]
    assert table.y.tolist() == ROM["load_kpa"]
    assert found.number("rev_limit") == ROM["rev_limit"]
    assert found.number("fan_on") == ROM["fan_on_c"]
    assert found.number("dwell") == ROM["dwell_ms"]
    assert found.calibration_id == "RSYN0401"
    assert 0.8 < float(np.median(found.tables["target_lambda"].z)) < 1.1


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize(
    "name,verdict,code",
    [
        ("rom_stock.bin", "pass", None),
        ("rom_tuned_ok.bin", "pass", None),
        ("rom_tuned_bad_checksum.bin", "block", "CHECKSUM_IMAGE"),
        ("rom_tuned_dangerous.bin", "block", "REV_LIMIT"),
        ("rom_other_ecu_id.bin", "block", "ECU_ID_MISMATCH"),
        ("rom_calibration_erased.bin", "block", "BLANK_PAGE"),
        ("rom_truncated.bin", "block", "IMAGE_SIZE"),
    ],
)
def test_rom_variants(name, verdict, code, base, rom):
    vehicle = VehicleProfile.from_dict({**ROM["vehicle"], "calibration_id": "RSYN0401"})
    report = engine.analyse_files(
        *rom(name),
        vehicle,
        definition=Definition(*rom("definition.xdf")),
        baseline=rom("rom_stock.bin") if base else None,
    )
    assert report.verdict == verdict
    if code:
        assert code in {finding.code for finding in report.findings if finding.rank >= 3}
    if base and name == "rom_tuned_dangerous.bin":
        assert "DIFF_IGN" in {finding.code for finding in report.findings if finding.rank >= 3}


def test_the_definition_of_another_rom_is_noticed(rom):
    report = engine.analyse_files(
        *rom("rom_other_ecu_id.bin"),
        VehicleProfile(),
        definition=Definition(*rom("definition_romraider.xml")),
    )
    found = next(finding for finding in report.findings if finding.code == "ECU_ID_MISMATCH")
    assert (found.severity, "RSYN0602" in found.explanation) == ("critical", True)


def test_an_unknown_checksum_is_told_as_not_checked(rom):
    report = engine.analyse_files(
        *rom("rom_stock.bin"), VehicleProfile(), definition=Definition(*rom("definition_romraider.xml"))
    )
    assert ("CHECKSUM_IMAGE", "the definition does not say how the checksum is computed") in {
        (entry.code, entry.reason) for entry in report.not_checked
    }


def test_romraider_inheritance(rom):
    """A rom takes scaling and axes from its base, and addresses of its own win."""
    stock = rom("definition_romraider.xml")[0].decode()
    table = stock[stock.index('<table type="3D" name="Ignition') : stock.index('<table type="3D" name="AFR')]
    base = f"<rom><romid><xmlid>BASE</xmlid></romid>{table.replace('0x8200', '0x0')}</rom>"
    child = (
        '<rom base="BASE"><romid><xmlid>RSYN0401</xmlid><internalidaddress>100</internalidaddress>'
        "<internalidstring>RSYN0401</internalidstring></romid>"
        '<table name="Ignition Advance" storageaddress="8200"/></rom>'
    )
    found = engine.read(*rom("rom_stock.bin"), Definition(f"<roms>{base}{child}</roms>".encode(), "d.xml"))
    assert found.tables["ignition"].z[-1].tolist() == ROM["ign_row_last"]


def test_ecuflash_scalings_and_swapped_axes(rom):
    """Named scalings, hexadecimal addresses without 0x, rows as speed: turned into rows as load."""
    text = """<roms><rom><romid><xmlid>RSYN0401</xmlid><internalidaddress>100</internalidaddress>
<internalidstring>RSYN0401</internalidstring></romid>
<scaling name="deg" units="deg" toexpr="x/2-20" storagetype="uint8" endian="big" min="-20" max="60"/>
<scaling name="rpm" units="RPM" toexpr="x" storagetype="uint16" endian="big"/>
<scaling name="kpa" units="kPa" toexpr="x" storagetype="uint16" endian="big"/>
<table type="3D" swapxy="true" name="Base Timing" address="8200" elements="256" scaling="deg">
<table name="Load" address="8340" elements="16" scaling="kpa" type="X Axis"/>
<table name="RPM" address="8300" elements="16" scaling="rpm" type="Y Axis"/></table></rom></roms>"""
    found = engine.read(*rom("rom_stock.bin"), Definition(text.encode(), "d.xml"))
    assert found.tables["ignition"].z[-1].tolist() == ROM["ign_row_last"]
    assert found.tables["ignition"].x.tolist() == ROM["ign_rpm"]


@pytest.mark.parametrize("body", ["<include>A</include>", "<include>A</include><include>A</include>"])
def test_an_include_cycle_is_refused(body, rom):
    with pytest.raises(Refused) as problem:
        engine.read(*rom("rom_stock.bin"), romraider(body))
    assert problem.value.reason_code == "include_cycle"


def test_an_image_alone_is_not_guessed_at(rom):
    with pytest.raises(NotAnalysed) as problem:
        engine.read(*rom("rom_stock.bin"))
    assert problem.value.reason_code == "no_definition"


def test_a_real_definition_without_engine_tables_is_not_guessed_at(shared):
    with pytest.raises(NotAnalysed) as problem:
        engine.read(bytes(1 << 19), "a.bin", Definition(*shared("mazda_nc_LFG1TF000_definition.xml")))
    assert problem.value.reason_code == "no_engine_tables"


def test_a_real_ini_finds_no_fault_in_its_own_tune(shared):
    found = engine.read(*shared("turbo_4cyl_202103.msq"), Definition(*shared("speeduino_202103.ini")))
    assert found.out_of_range == ()
    ranges = ranges_of(Definition(*shared("speeduino_202103.ini")), LIMITS)
    assert (ranges["veTable"], ranges["reqFuel"]) == ((0.0, 255.0), (0.0, 25.5))


@pytest.mark.parametrize(
    "name,family,targets",
    [
        ("speeduino_base_202103.msq", "speeduino", "afr"),
        ("speeduino_base_v0.2_8x8_old.msq", "speeduino", "afr"),
        ("rusefi_honda_k.msq", "rusefi", ""),
        ("motorcycle_tuareg_2020.msq", "tuareg", "afr"),
    ],
)
def test_real_families_by_their_constants(name, family, targets, shared):
    found = engine.read(*shared(name))
    assert (found.family, found.defects) == (family, ())
    table = found.main("target_lambda")
    assert table.original_units == targets
    assert 0.7 < float(np.median(table.z)) < 1.15
    assert all(not role_table.curve for role_table in (found.main("ve"), found.main("ignition")))


def test_a_can_box_is_not_an_engine(shared):
    with pytest.raises(NotAnalysed) as problem:
        engine.read(*shared("canbus_ioextender_not_an_engine.msq"))
    assert problem.value.reason_code == "unknown_family"


def test_garbage_of_switched_off_features_is_named_and_left_alone(shared):
    found = engine.read(*shared("bmw_m52tu_202305.msq"))
    assert {"veTable2", "advTable2"} <= set(found.unused)


def test_a_table_cut_short_is_told(synthetic):
    data, name = synthetic("motorcycle_2cyl_na_petrol_1_stock.msq")
    start = data.index(b'name="veTable"')
    at = data.index(b"\n", data.index(b">", start) + 80)
    short = data[: at - 20] + data[at:]
    found = engine.read(short, name)
    assert [(defect.code, defect.table) for defect in found.defects] == [("SHAPE", "ve")]


def test_fahrenheit_becomes_celsius(synthetic):
    data, name = synthetic("motorcycle_2cyl_na_petrol_1_stock.msq")
    hot = data.replace(b'name="fanSP">92.0', b'name="fanSP" units="F">197.6')
    assert engine.read(hot, name).number("fan_on") == pytest.approx(92.0)


@pytest.mark.parametrize("text", EVIL)
def test_evil_expressions_are_not_compiled(text):
    with pytest.raises(BadExpression):
        compile_expression(text)


@settings(max_examples=40, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 50), st.lists(st.integers(0, 65535), min_size=1, max_size=20))
def test_expressions_are_plain_arithmetic(offset, factor, raw):
    x = np.array(raw, dtype=float)
    got = compile_expression(f"(x*{factor!r}-({offset!r}))/2+-1")(x)
    np.testing.assert_allclose(got, (x * factor - offset) / 2 - 1)


def test_division_by_zero_is_infinite_and_silent():
    assert np.isinf(compile_expression("1/X")(np.zeros(2))).all()


def test_cells_are_read_in_every_layout():
    image = Image(bytes([0x01, 0x02, 0xFF, 0xFE]), 0x100, "bin")
    assert read_cells(image, 0x100, Layout("uint", 16, little=False), 2).tolist() == [0x0102, 0xFFFE]
    assert read_cells(image, 0x100, Layout("uint", 16, little=True), 1).tolist() == [0x0201]
    assert read_cells(image, 0x102, Layout("int", 8, little=False), 2).tolist() == [-1, -2]
    assert read_cells(image, 0x100, Layout("uint", 8, little=False), 2, stride=2).tolist() == [1, 0xFF]
    assert read_cells(image, 0x103, Layout("uint", 16, little=False), 1) is None
    assert read_cells(image, 0xFF, Layout("uint", 8, little=False), 1) is None
    assert read_cells(image, 0x100, Layout("uint", 24, little=False), 1) is None


def test_the_subaru_sum():
    words = np.array([1, 2, 3, 4], dtype=">u4").tobytes()
    difference = (0x5AA5A55A - 10) & 0xFFFFFFFF
    entry = np.array([0, 12, difference], dtype=">u4").tobytes()
    image = Image(words + entry, 0, "bin")
    assert check_subaru(image, 16, 3).ok is True
    assert check_subaru(Image(b"\x01" + words[1:] + entry, 0, "bin"), 16, 3).ok is False
    assert check_subaru(image, 400, 3).ok is None


def test_vin_check_digit():
    assert vin_check("1M8GDM9AXKP042788")
    assert not vin_check("1M8GDM9A1KP042788")


@pytest.mark.parametrize(
    "cells,encoding", [([13.0, 14.7], "afr"), ([0.88, 1.0], "lambda"), ([0.06, 0.07], "unclear")]
)
def test_targets_are_told_by_their_values(cells, encoding):
    assert to_lambda(np.array(cells), 14.7).encoding == encoding


def test_sniffing_goes_by_content_first():
    scores = {reader.key: reader.sniff(b":0100000001FE\n", "a.msq") for reader in READERS}
    assert max(scores, key=scores.get) == "image"
    scores = {
        reader.key: reader.sniff(b'<msq xmlns="http://www.msefi.com/:msq">', "a.bin") for reader in READERS
    }
    assert max(scores, key=scores.get) == "msq"


def test_text_of_an_unknown_kind():
    with pytest.raises(NotAnalysed) as problem:
        engine.read(b"dear tuner, here is my file", "letter.txt")
    assert problem.value.reason_code == "unknown_format"


def test_megasquirt_by_its_own_names(synthetic):
    data, name = synthetic("motorcycle_2cyl_na_petrol_1_stock.msq")
    for old, new in (
        ("veTable", "veTable1"), ("rpmBins2", "srpm_table1"), ("rpmBinsAFR", "arpm_table1"), ("rpmBins", "frpm_table1"),
        ("fuelLoadBins", "fmap_table1"), ("mapBins1", "smap_table1"), ("loadBinsAFR", "amap_table1"),
        ("advTable1", "advanceTable1"), ("afrTable", "afrTable1"), ("hardRevLim", "RevLimNormal2"),
    ):  # fmt: skip
        data = data.replace(f'name="{old}"'.encode(), f'name="{new}"'.encode())
    data = data.replace(b"speeduino 202305", b"MS3 Format 0262.09").replace(
        b'firmwareInfo="Speeduino"', b'firmwareInfo="MS3"'
    )
    found = engine.read(data, name)
    assert (found.family, found.defects, found.missing) == ("megasquirt", (), ())
    assert found.number("rev_limit") == 9000.0
    bike = VehicleProfile(kind="motorcycle", cylinders=2, fuel="petrol", redline_rpm=9000, ecu_family="MS3")
    assert engine.analyse(found, bike).verdict == "pass"
    assert engine.analyse(found, VehicleProfile(ecu_family="speeduino")).verdict == "block"
