from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from garage.vin import VinError, check_digit, decode_vin, normalise_vin, validate_vin, year_agrees, year_note
from garage.vin.countries import country_of, region_of
from garage.vin.structure import ALPHABET
from garage.vin.wmi import MAKERS, UNDATED

TODAY = date(2026, 11, 20)

# Examples out of public texts on VINs, and invented ones for makers whose VINs carry no check digit.
KNOWN = [
    ("1HGBH41JXMN109186", "Honda", "US", True, 1991),
    ("1M8GDM9AXKP042788", "MCI", "US", True, 2019),
    ("5FNYF5H59HB011946", "Honda", "US", True, 2017),
    ("KNDCE3LG2L5073161", "Kia", "KR", True, 2020),
    ("WDBEA30D3HA391172", "Mercedes-Benz", "DE", True, 1987),
    ("5YJSA1H12FFP71790", "Tesla", "US", True, 2015),
    ("1HD1GP4558K319097", "Harley-Davidson", "US", True, 2008),
    ("ZDM3H99R91B012329", "Ducati", "IT", True, 2001),
    ("JYARN23E9EA000123", "Yamaha", "JP", None, 2014),
    ("MBLHA10EVHHM00002", "Hero", "IN", None, 2017),
    ("ME4JF495AJ8000001", "Honda", "IN", None, 2018),
    ("ME3U3S5C1LK000001", "Royal Enfield", "IN", None, 2020),
    ("MD2A36FZ4CWA00001", "Bajaj", "IN", None, 2012),
    ("MD625CF46K1A00001", "TVS", "IN", None, 2019),
    ("ME1RG0712E0000001", "Yamaha", "IN", None, 2014),
    ("MB8DP11BCK8000001", "Suzuki", "IN", None, 2019),
    ("MYHAAABA6MBJ00001", "Ather", "IN", None, 2021),
    ("VBKV19407FM000001", "KTM", "AT", None, 2015),
    ("SMTTJB001FT000001", "Triumph", "GB", None, 2015),
    ("LCEPDRL10G6000001", "CFMoto", "CN", False, 2016),
]


@pytest.mark.parametrize("vin,maker,country,digit,year", KNOWN)
def test_known_vins_tell_maker_country_and_year(vin, maker, country, digit, year):
    facts = decode_vin(vin, today=TODAY)
    assert (facts.maker, facts.country, facts.check_digit_ok, facts.model_year) == (
        maker,
        country,
        digit,
        year,
    )


def test_the_parts_of_a_vin():
    facts = decode_vin("1HGBH41JXMN109186", today=TODAY)
    assert (facts.wmi, facts.vds, facts.vis) == ("1HG", "BH41JX", "MN109186")
    assert (facts.region, facts.country, facts.maker, facts.vehicle_kind) == (
        "North America",
        "US",
        "Honda",
        "car",
    )
    assert (facts.plant, facts.serial, facts.wmi_extension) == ("N", "109186", None)
    assert facts.notes == ()


def test_a_maker_of_small_numbers_is_named_by_positions_12_to_14():
    facts = decode_vin("YT9NN1U14KA007175", today=TODAY)
    assert (facts.wmi, facts.wmi_extension, facts.serial, facts.maker) == ("YT9", "007", "175", "Koenigsegg")
    stranger = decode_vin("YT9NN1U14KA999175", today=TODAY)
    assert (stranger.wmi_extension, stranger.maker) == ("999", None)
    assert stranger.notes[0] == "This manufacturer code is not in our table."


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,code",
    [
        ("", "vin_length"),
        ("1HGBH41JXMN10918", "vin_length"),
        ("1HGBH41JXMN1091866", "vin_length"),
        ("IHGBH41JXMN109186", "vin_characters"),
        ("1HGBH41JXMN1O9186", "vin_characters"),
        ("1HGBH41JXMNQ09186", "vin_characters"),
        ("1HGBH41JXMN10918É", "vin_characters"),
        ("1HGBH41JXMN10918\x00", "vin_characters"),
        ("1HGBH41JXMN10918'", "vin_characters"),
        ("1HGBH41JXMN10918٣", "vin_characters"),
        ("11111111111111111", "vin_repeated"),
        ("AAAAAAAAAAAAAAAAA", "vin_repeated"),
        ("1HGBH41J0MN109186", "vin_check_digit"),
        ("1HGBH41JAMN109186", "vin_check_digit"),
        ("5YJSA1H13FFP71790", "vin_check_digit"),
        ("7SAYGDEE0PF000001", "vin_check_digit"),
        ("3VWZZZ1K07M000001", "vin_check_digit"),
    ],
)
def test_what_cannot_be_a_vin_is_refused_with_a_code(text, code):
    vin = normalise_vin(text)
    with pytest.raises(VinError) as refused:
        validate_vin(vin)
    assert refused.value.code == code
    with pytest.raises(VinError) as refused:
        decode_vin(vin, today=TODAY)
    assert refused.value.code == code


def test_the_message_helps_with_the_usual_mix_up():
    with pytest.raises(VinError) as refused:
        validate_vin("1HGBH41JXMNIO9186")
    assert refused.value.message == "A VIN never contains I or O; I is usually a 1, O and Q a 0."


@pytest.mark.parametrize(
    "text",
    [
        "1hgbh41jxmn109186",
        " 1HG BH41 JXMN 109186 ",
        "1HG-BH41-JXMN109186",
        "１ＨＧＢＨ４１ＪＸＭＮ１０９１８６",
        "*1HGBH41JXMN109186*",
    ],
)
def test_spelling_does_not_matter(text):
    assert normalise_vin(text) == "1HGBH41JXMN109186"


def test_full_width_o_is_not_repaired_in_silence():
    assert normalise_vin("1hgbh41jxmn1o9186") == "1HGBH41JXMN1O9186"


@given(st.text(max_size=40))
@settings(max_examples=100)
def test_any_text_at_all_is_decoded_or_refused_with_a_vin_error(text):
    vin = normalise_vin(text)
    if vin_refused(vin):
        with pytest.raises(VinError):
            decode_vin(vin, today=TODAY)
    else:
        assert decode_vin(vin, today=TODAY).vin == vin


def vin_refused(vin: str) -> bool:
    try:
        validate_vin(vin)
    except VinError:
        return True
    return False


# --- the check digit ------------------------------------------------------------------------------------------

chars = st.sampled_from(ALPHABET)
north_american = st.builds(
    lambda first, rest: (vin := first + "".join(rest))[:8] + check_digit(vin) + vin[9:],
    st.sampled_from("12345"),
    st.lists(chars, min_size=16, max_size=16),
).filter(lambda vin: len(set(vin)) > 2)


@given(north_american)
@settings(max_examples=100)
def test_a_north_american_vin_with_its_digit_is_accepted(vin):
    validate_vin(vin)
    assert decode_vin(vin, today=TODAY).check_digit_ok is True


@given(north_american, st.integers(1, 16), chars)
@settings(max_examples=200)
def test_one_wrong_character_is_caught_unless_both_count_alike(vin, place, char):
    """Every weight but that of position 9 is coprime to 11, so only two characters of one value can be swapped."""
    assume(char != vin[place])
    typo = vin[:place] + char + vin[place + 1 :]
    same_value = place != 8 and check_digit(typo) == check_digit(vin)
    if same_value:
        validate_vin(typo)
    else:
        with pytest.raises(VinError) as refused:
            validate_vin(typo)
        assert refused.value.code == "vin_check_digit"


@given(north_american, st.sampled_from([at for at in range(1, 16) if at not in (7, 8)]))
@settings(max_examples=100)
def test_two_neighbours_swapped_are_caught_unless_both_count_alike(vin, place):
    swapped = vin[:place] + vin[place + 1] + vin[place] + vin[place + 2 :]
    if check_digit(swapped) == swapped[8]:
        validate_vin(swapped)
    else:
        with pytest.raises(VinError):
            validate_vin(swapped)


@given(
    st.sampled_from(["JYA", "ME3", "MBL", "VBK", "ZDM", "SMT", "WB1", "LCE"]),
    st.lists(chars, min_size=14, max_size=14),
)
@settings(max_examples=100)
def test_elsewhere_any_digit_is_accepted_and_a_wrong_one_is_a_note(wmi, rest):
    vin = wmi + "".join(rest)
    facts = decode_vin(vin, today=TODAY)
    right = vin[8] == check_digit(vin)
    assert facts.check_digit_ok is (True if right else False if wmi == "LCE" else None)
    assert facts.check_digit_present is (right or wmi == "LCE")
    assert any("osition 9" in note for note in facts.notes) is not right


def test_a_car_built_in_mexico_for_europe_has_no_check_digit():
    facts = decode_vin("3VWZZZ1KZ7M000001", today=TODAY)
    assert (facts.maker, facts.check_digit_present, facts.check_digit_ok) == ("Volkswagen", False, None)


# --- the model year -------------------------------------------------------------------------------------------


def north_american_vin(text: str) -> str:
    """The same VIN with its check digit put right."""
    return text[:8] + check_digit(text) + text[9:]


@pytest.mark.parametrize(
    "vin,year,basis",
    [
        ("1HGBH41J0MN109186", 1991, "position_7"),  # a digit in position 7
        ("1HGBH4AJ0MN109186", 2021, "position_7"),  # a letter
        ("JM1NA3510L0000001", 1990, "likely_position_7"),  # built in Japan for North America
        ("1HD1GP450LK319097", 2020, "latest_possible"),  # a motorcycle, whatever stands in position 7
        ("4US000000VK319097", 2027, "position_7"),
    ],
)
def test_the_thirty_years_are_told_apart_by_position_7_for_cars_only(vin, year, basis):
    if vin.startswith("4US"):
        vin = vin[:6] + "A" + vin[7:]
    facts = decode_vin(north_american_vin(vin), today=TODAY)
    assert (facts.model_year, facts.year_basis) == (year, basis)


def test_a_motorcycle_gets_both_years_and_a_note():
    facts = decode_vin("ME3U3S5C1LK000001", today=TODAY)
    assert (facts.year_candidates, facts.model_year, facts.year_basis) == (
        (1990, 2020),
        2020,
        "latest_possible",
    )
    assert (
        "Position 10 can mean 1990 or 2020; nothing in this VIN decides, the latest is taken." in facts.notes
    )


@pytest.mark.parametrize(
    "today,candidates,chosen",
    [
        (date(2018, 12, 31), (1990,), 1990),  # 2020 is more than a year away
        (date(2019, 1, 1), (1990, 2020), 2020),  # next year's models are on sale
        (date(2049, 1, 1), (1990, 2020, 2050), 2050),
    ],
)
def test_the_year_is_never_later_than_the_next_model_year(today, candidates, chosen):
    facts = decode_vin("ME3U3S5C1LK000001", today=today)
    assert (facts.year_candidates, facts.model_year) == (candidates, chosen)


@given(st.sampled_from(sorted(MAKERS)), st.lists(chars, min_size=14, max_size=14), st.integers(2012, 2079))
@settings(max_examples=200)
def test_a_chosen_year_is_a_candidate_and_fits_the_code_and_the_calendar(wmi, rest, year):
    vin = north_american_vin(wmi[:3] + "".join(rest))
    assume(len(set(vin)) > 1)
    facts = decode_vin(vin, today=date(year, 6, 1))
    if facts.model_year is None:
        assert (facts.year_candidates, facts.year_basis) == ((), None)
    else:
        assert facts.model_year in facts.year_candidates
        assert facts.year_candidates == tuple(sorted(facts.year_candidates))
        assert max(facts.year_candidates) <= year + 1
        assert {(one - 1980) % 30 for one in facts.year_candidates} == {
            "ABCDEFGHJKLMNPRSTVWXY123456789".index(vin[9]),
        }


@pytest.mark.parametrize("code", "UZ0")
def test_three_characters_are_no_year(code):
    facts = decode_vin(f"ME3U3S5C1{code}K000001", today=TODAY)
    assert (facts.model_year, facts.year_candidates) == (None, ())
    assert "Position 10 names no model year." in facts.notes


@pytest.mark.parametrize("vin", ["WDB2030461A123456", "VF1BB05CF31234567", "MA3EYD81S1A100001"])
def test_makers_that_write_no_year_get_none(vin):
    facts = decode_vin(vin, today=TODAY)
    assert (facts.model_year, facts.year_candidates) == (None, ())
    assert "This maker writes no model year into VINs for this market." in facts.notes


# --- the owner's year -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "year,agrees", [(2013, True), (2014, True), (2015, True), (1984, True), (2010, False), (2020, False)]
)
def test_the_owners_year_may_be_a_year_off_either_candidate(year, agrees):
    facts = decode_vin("JYARN23E9EA000123", today=TODAY)
    assert year_agrees(facts, year) is agrees


def test_a_sure_year_leaves_only_itself():
    facts = decode_vin("1HGBH41JXMN109186", today=TODAY)
    assert (year_agrees(facts, 1991), year_agrees(facts, 2021)) == (True, False)
    assert year_note(facts, 2021) == "The VIN speaks of model year 1991, the vehicle is entered as 2021."
    assert year_note(facts, 1991) is None


def test_both_candidates_are_told_when_neither_fits():
    facts = decode_vin("JYARN23E9EA000123", today=TODAY)
    assert (
        year_note(facts, 2022) == "The VIN speaks of model year 1984 or 2014, the vehicle is entered as 2022."
    )


def test_a_vin_without_a_year_has_no_opinion():
    facts = decode_vin("MA3EYD81S00100001", today=TODAY)
    assert (year_agrees(facts, 2010), year_note(facts, 2010)) == (None, None)


# --- the tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wmi,country,region",
    [
        ("JYA", "JP", "Asia"), ("ME4", "IN", "Asia"), ("MYH", "IN", "Asia"), ("MH1", "ID", "Asia"), ("MLH", "TH", "Asia"),
        ("LCE", "CN", "Asia"), ("RFB", "TW", "Asia"), ("RLH", "VN", "Asia"), ("KM4", "KR", "Asia"), ("ZDM", "IT", "Europe"),
        ("WB1", "DE", "Europe"), ("SMT", "GB", "Europe"), ("VBK", "AT", "Europe"), ("VTR", "ES", "Europe"),
        ("TMB", "CZ", "Europe"), ("YS3", "SE", "Europe"), ("XTA", "RU", "Europe"), ("1HD", "US", "North America"),
        ("2HG", "CA", "North America"), ("3VW", "MX", "North America"), ("7SA", "US", "North America"),
        ("7AT", "NZ", "Oceania"), ("6FP", "AU", "Oceania"), ("9C2", "BR", "South America"), ("AHT", "ZA", "Africa"),
        ("0AA", None, None),
    ],
)  # fmt: skip
def test_countries_and_regions(wmi, country, region):
    assert (country_of(wmi), region_of(wmi)) == (country, region)


def test_the_table_is_well_formed_and_covers_two_wheelers():
    assert len(MAKERS) >= 400
    assert sum(maker.kind == "motorcycle" for maker in MAKERS.values()) >= 80
    assert [code for code in MAKERS if len(code) not in (3, 7) or set(code) - {"/"} - set(ALPHABET)] == []
    assert [code for code in MAKERS if country_of(code) is None] == []
    assert UNDATED - set(MAKERS) == frozenset()
    named = {
        "JYA",
        "JKA",
        "JH2",
        "JS1",
        "ZDM",
        "WB1",
        "SMT",
        "VBK",
        "ME1",
        "ME3",
        "ME4",
        "MBL",
        "MD2",
        "MD6",
        "ZD4",
    }
    assert {MAKERS[code].kind for code in named} == {"motorcycle"}
