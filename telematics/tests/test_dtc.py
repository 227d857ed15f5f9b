"""Trouble codes: the composed table, its agreement with a published one, and the bytes on the wire."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telematics import dtc
from telematics.dtc.compose import FAULTS, read

SHARED = Path(__file__).resolve().parents[3] / "shared" / "telematics" / "dtc_codes.csv"

# Their word -> ours, only where the two differ; both sides are cut to five letters afterwards.
SAME = {
    "o2": "oxygen", "ho2s": "oxygen", "map": "manifold", "maf": "flow", "egr": "recirculation", "evap": "vapour",
    "vapor": "vapour", "mil": "lamp", "tcm": "transmission", "ecm": "engine", "pcm": "engine", "vss": "speed",
    "ac": "conditioning", "btsi": "interlock", "correlation": "agree", "sense": "sensing", "pcv": "crankcase",
    "dc": "converter", "ev": "hybrid", "pto": "power", "pack": "battery", "replace": "replaced", "over": "too",
    "erratic": "intermittent", "combustion": "knock", "vibration": "knock", "max": "upper", "min": "lower",
    "unable": "cannot", "auto": "automatic", "startup": "start", "rationality": "implausible",
    "excessive": "too", "slippage": "slips", "fueling": "fuel", "insufficient": "too", "rpm": "speed",
}  # fmt: skip
SILENT = {
    "the", "of", "or", "and", "with", "in", "a", "is", "at", "to", "not", "do", "does", "fault", "faulty", "open",
    "for", "than", "its", "b", "by", "from", "input", "range", "performance", "implausible", "poor", "poorly",
    "performs", "detected", "circuit", "system", "control", "malfunction", "sensor", "switch", "signal", "module",
    "single", "engine", "actuator", "internal",
}  # fmt: skip
DIRECTIONS = re.compile(r"\b(low|high|closed|lean|rich|advanced|retarded|large|small)\b")


def words(text):
    text = text.lower().replace("a/c", "ac").replace("a/b", "")
    found = (SAME.get(word, word) for word in re.findall(r"[a-z]+|\d+", text))
    return {word[:5] for word in found if word not in SILENT and (len(word) > 1 or word.isdigit())}


def published():
    if not SHARED.exists():
        pytest.skip("the published table of trouble codes is not beside this repository")
    with SHARED.open() as rows:
        return dict(csv.reader(rows))


def test_the_table_agrees_with_a_published_one():
    theirs = published()
    shares = {}
    for code, text in dtc.generic_table().items():
        wanted = words(theirs[code])
        shares[code] = len(wanted & words(text)) / len(wanted) if wanted else 1.0
    assert sum(shares.values()) / len(shares) > 0.95
    assert [code for code, share in shares.items() if share < 0.5] == ["P02FF", "P0316", "P032F"]


def test_every_code_of_the_common_ranges_has_a_text():
    wanted = {code for code in published() if re.fullmatch(r"P0[0-9A][0-9A-F]{2}", code)}
    assert wanted - set(dtc.generic_table()) == set()
    assert len(wanted) == 2681


def test_low_is_never_told_as_high():
    theirs = published()
    silent = re.compile(
        r"too (low|small)|(low|high) voltage|voltage (low|high)|high to low|low-pressure", re.IGNORECASE
    )
    for code, text in dtc.generic_table().items():
        ours = set(DIRECTIONS.findall(silent.sub("", text).lower()))
        other = set(DIRECTIONS.findall(silent.sub("", theirs[code]).lower()))
        assert not (ours and other and ours.isdisjoint(other)), (code, text, theirs[code])


@pytest.mark.parametrize(
    "code, text",
    [
        ("P0301", "Misfire in cylinder 1"),
        ("P0420", "Catalyst: efficiency below its threshold, bank 1"),
        ("P0128", "Coolant thermostat: engine stays below its working temperature"),
        ("P0141", "Oxygen sensor heater, bank 1 sensor 2: circuit fault"),
        ("P0171", "Fuel system too lean, bank 1"),
        ("P0240", "Turbocharger or supercharger boost sensor B: signal out of range or implausible"),
        ("P0290", "Cylinder 10: contribution or balance fault"),
        ("P02A1", "Cylinder 2: injector leaking"),
        ("P0562", "System voltage low"),
        ("P2135", "Throttle or pedal position sensors A and B: voltages do not agree"),
        ("U0100", "Lost communication with the engine control module"),
    ],
)
def test_well_known_codes(code, text):
    meaning = dtc.describe(code)
    assert (meaning.text, meaning.known, meaning.source, meaning.generic) == (text, True, "generic", True)


def test_the_makers_text_goes_before_the_generic_one():
    meaning = dtc.describe("p0301", "BMW", own_text="Cylinder 1 misfire with fuel cut-off")
    assert (meaning.text, meaning.source) == ("Cylinder 1 misfire with fuel cut-off", "BMW")


def test_an_unknown_code_says_where_it_belongs():
    meaning = dtc.describe("P1234")
    assert (meaning.text, meaning.known) == ("Manufacturer-specific powertrain code (injection)", False)
    assert dtc.describe("B1ABC").text == "Manufacturer-specific body code (body)"


@pytest.mark.parametrize("code", ["", "P03", "X0301", "P4301", "P03GG", "P03011", "P0301; DROP"])
def test_no_trouble_code(code):
    with pytest.raises(ValueError, match="no trouble code"):
        dtc.describe(code)


@pytest.mark.parametrize(
    "code, severity, ride",
    [
        ("P0524", "stop", "no"),
        ("P0217", "stop", "no"),
        ("P0302", "workshop", "care"),
        ("P0335", "workshop", "care"),
        ("P0420", "soon", "yes"),
        ("P0133", "soon", "yes"),
        ("P0533", "info", "yes"),
        ("P1300", "workshop", "care"),
    ],
)
def test_safe_to_ride(code, severity, ride):
    meaning = dtc.describe(code)
    assert (meaning.severity, meaning.safe_to_ride) == (severity, ride)


def test_a_line_that_claims_a_taken_code_is_refused():
    with pytest.raises(ValueError, match="P0101 is claimed twice"):
        read("0100 FP one part\n0101 F another part", "P")


def test_each_fault_letter_has_its_own_words():
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_answers_over_can_and_over_the_older_line():
    assert dtc.read_codes(bytes.fromhex("43 02 0301 C100"), can=True) == ("stored", ["P0301", "U0100"])
    assert dtc.read_codes(bytes.fromhex("47 00"), can=True) == ("pending", [])
    assert dtc.read_codes(bytes.fromhex("4A 01 0420 00 00"), can=True) == ("permanent", ["P0420"])
    line = bytes.fromhex("43 0143 0196 0234 43 02CD 0357 0000")
    assert dtc.read_codes(line, can=False) == ("stored", ["P0143", "P0196", "P0234", "P02CD", "P0357"])


@pytest.mark.parametrize(
    "answer, can", [("", True), ("41 00", True), ("43", True), ("43 02 0301", True), ("43 0301", False)]
)
def test_answers_that_are_none(answer, can):
    with pytest.raises(ValueError):
        dtc.read_codes(bytes.fromhex(answer), can=can)


def test_the_lamp():
    assert dtc.read_lamp(bytes.fromhex("41 01 83 07 65 04")) == dtc.Lamp(mil=True, count=3)
    assert dtc.read_lamp(bytes.fromhex("41 01 00 07 65 04")) == dtc.Lamp(mil=False, count=0)
    with pytest.raises(ValueError, match="PID 01"):
        dtc.read_lamp(b"\x41\x0c\x00")


@settings(max_examples=200)
@given(st.integers(0, 255), st.integers(0, 255))
def test_codes_survive_the_wire(high, low):
    code = dtc.code_of(high, low)
    assert dtc.bytes_of(code) == bytes((high, low))
    assert dtc.clean(code) == code
