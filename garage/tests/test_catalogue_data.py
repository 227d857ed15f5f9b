from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from garage.catalogue_data import Catalogue, CatalogueError, load_catalogue
from garage.vin.wmi import MAKERS

OURS = Path(__file__).parent.parent / "data" / "catalogue"

GOOD_MODEL = {
    "code": "hero-splendor-2004",
    "name": "Splendor",
    "year_from": "2004",
    "year_to": "null",
    "engine": "{displacement_cc: 97.2}",
}


@pytest.fixture(scope="module")
def ours() -> Catalogue:
    return load_catalogue(OURS)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "types.yaml").write_text("types:\n  - {code: motorcycle, name: Motorcycle}\n")
    (tmp_path / "brands.yaml").write_text("brands:\n  - {code: hero, name: Hero, country: IN, wmi: [MBL]}\n")
    (tmp_path / "models").mkdir()
    write_models(tmp_path)
    return tmp_path


def write_models(
    folder, *entries, head="brand: hero\ndefaults: {type: motorcycle, engine: {fuel: petrol, stroke: 4}}"
):
    rows = ["{" + ", ".join(f"{k}: {v}" for k, v in entry.items()) + "}" for entry in entries or [GOOD_MODEL]]
    (folder / "models" / "hero.yaml").write_text(
        f"{head}\nmodels:\n" + "".join(f"  - {row}\n" for row in rows)
    )


def problems_of(folder) -> list[str]:
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(folder)
    return [str(problem) for problem in refused.value.problems]


# --- our own data ---------------------------------------------------------------------------------------------


def test_our_catalogue_is_large_and_two_wheels_come_first(ours):
    kinds = Counter(model.type for model in ours.models)
    assert len(ours.models) >= 350
    assert kinds["motorcycle"] + kinds["scooter"] + kinds["moped"] >= 250
    assert kinds["scooter"] >= 50
    assert kinds["car"] >= 100


def test_the_indian_market_is_covered(ours):
    models = Counter(model.brand for model in ours.models)
    least = {
        "hero": 15,
        "honda": 20,
        "tvs": 15,
        "bajaj": 25,
        "royal-enfield": 15,
        "ktm": 10,
        "jawa": 5,
        "yezdi": 3,
    }
    least |= {"ola": 3, "ather": 3, "vespa": 5, "aprilia": 10, "maruti-suzuki": 5, "tata": 5, "mahindra": 5}
    assert {brand: models[brand] for brand, count in least.items() if models[brand] < count} == {}


def test_every_brand_and_every_model_file_is_used(ours):
    assert {model.brand for model in ours.models} == {brand.code for brand in ours.brands}


def test_codes_are_unique_and_two_models_of_one_name_differ_in_years(ours):
    assert len({model.code for model in ours.models}) == len(ours.models)
    spans: dict[tuple[str, str, str | None], list[tuple[int, int]]] = {}
    for model in ours.models:
        key = (model.brand, model.name, model.generation)
        spans.setdefault(key, []).append((model.year_from, model.year_to or 9999))
    overlaps = [
        key
        for key, years in spans.items()
        for (_, earlier_end), (later_start, _) in zip(sorted(years), sorted(years)[1:], strict=False)
        if earlier_end >= later_start
    ]
    assert overlaps == []


def test_power_and_torque_are_of_the_right_size_for_the_engine(ours):
    """A slipped digit or horsepower written as kilowatt shows in power per litre and torque per litre."""
    odd = []
    for model in ours.models:
        engine = model.engine
        if engine.displacement_cc is None:
            continue
        litres = engine.displacement_cc / 1000
        if engine.power_kw is not None and not 25 <= engine.power_kw / litres <= 175:
            odd.append((model.code, "power_kw"))
        ceiling = 170 if engine.aspiration == "na" else 300
        if engine.torque_nm is not None and not 60 <= engine.torque_nm / litres <= ceiling:
            odd.append((model.code, "torque_nm"))
    assert odd == []


def test_electric_vehicles_have_no_cylinders_and_the_others_do_not_run_on_current(ours):
    electric = [model for model in ours.models if model.engine.fuel == "electric"]
    assert len(electric) >= 15
    assert {(model.engine.displacement_cc, model.engine.stroke) for model in electric} == {(None, None)}


def test_known_facts_come_out_as_typed(ours):
    model = next(model for model in ours.models if model.code == "ktm-390-duke-2013")
    assert (model.brand, model.name, model.type, model.year_from, model.year_to) == (
        "ktm", "390 Duke", "motorcycle", 2013, 2016,
    )  # fmt: skip
    assert (model.engine.displacement_cc, model.engine.cylinders, model.engine.stroke) == (373.2, 1, 4)
    assert (model.engine.aspiration, model.engine.fuel, model.ecu.maker) == ("na", "petrol", "Bosch")


def test_brand_and_vin_table_tell_the_same_maker(ours):
    names = {"mahindra": {"Mahindra", "Mahindra Two Wheelers"}, "vespa": {"Piaggio"}}
    wrong = [
        (brand.code, wmi)
        for brand in ours.brands
        for wmi in brand.wmi
        if MAKERS[wmi].name not in names.get(brand.code, {brand.name})
    ]
    assert wrong == []


def test_the_digest_changes_with_any_byte(tmp_path, ours):
    copy = shutil.copytree(OURS, tmp_path / "copy")
    assert load_catalogue(copy).digest == ours.digest
    with (copy / "models" / "hero.yaml").open("a") as file:
        file.write("# looked at again\n")
    assert load_catalogue(copy).digest != ours.digest


# --- mistakes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change,told",
    [
        (
            {"code": "hero-Splendor"},
            "'hero-Splendor' must be small letters, digits and single hyphens, up to 80",
        ),
        ({"code": "honda-splendor"}, "must start with hero-"),
        ({"name": "125"}, "125 must be text; put it in quotes"),
        ({"name": "'  '"}, "must be 1 to 80 characters without blanks around them"),
        ({"type": "rocket"}, "'rocket' is none of motorcycle"),
        ({"year_from": "1700"}, "1700 is not between 1,885 and 2,100"),
        ({"year_from": "'2004'"}, "'2004' must be a number"),
        ({"year_from": "2004.5"}, "2004.5 must be a whole number"),
        ({"year_to": "2003"}, "2003 lies before year_from 2004"),
        ({"colour": "red"}, "is no field of this entry"),
        ({"engine": "petrol"}, "must be a mapping of fields"),
    ],
)
def test_a_mistake_is_told_with_file_entry_and_field(folder, change, told):
    write_models(folder, GOOD_MODEL | change)
    field, label = next(iter(change)), change.get("code", GOOD_MODEL["code"])
    assert problems_of(folder) == [f"models/hero.yaml: {label}: {field}: {told}"]


@pytest.mark.parametrize(
    "engine,field,told",
    [
        ("displacement_cc: 19", "displacement_cc", "19 is not between 20 and 9,000"),
        ("displacement_cc: 9001", "displacement_cc", "9001 is not between 20 and 9,000"),
        ("displacement_cc: .nan", "displacement_cc", "nan is not between 20 and 9,000"),
        ("redline_rpm: 1499", "redline_rpm", "1499 is not between 1,500 and 20,000"),
        ("redline_rpm: 20001", "redline_rpm", "20001 is not between 1,500 and 20,000"),
        ("compression: 4.9", "compression", "4.9 is not between 5 and 20"),
        ("compression: 20.1", "compression", "20.1 is not between 5 and 20"),
        ("cylinders: true", "cylinders", "True must be a number"),
        ("stroke: 3", "stroke", "must be 2 or 4"),
        ("aspiration: ram", "aspiration", "'ram' is none of na, supercharged, turbo"),
        ("cooling: water", "cooling", "'water' is none of air, liquid, oil"),
        (
            "fuel: coal",
            "fuel",
            "'coal' is none of cng, diesel, e85, electric, ethanol, hybrid, lpg, methanol, petrol",
        ),
        ("fuel: electric, cylinders: 1", "cylinders", "makes no sense for an electric vehicle"),
        ("horses: 8", "horses", "is no field of this entry"),
    ],
)
def test_a_mistake_in_the_engine_is_told_too(folder, engine, field, told):
    write_models(folder, GOOD_MODEL | {"engine": "{" + engine + "}"})
    assert problems_of(folder) == [f"models/hero.yaml: hero-splendor-2004: engine.{field}: {told}"]


@pytest.mark.parametrize("field", ["code", "name", "year_from"])
def test_what_is_missing_is_named(folder, field):
    write_models(folder, {key: value for key, value in GOOD_MODEL.items() if key != field})
    label = "entry 1" if field == "code" else GOOD_MODEL["code"]
    assert problems_of(folder) == [f"models/hero.yaml: {label}: {field}: is missing"]


def test_still_made_is_written_and_not_implied(folder):
    write_models(folder, {key: value for key, value in GOOD_MODEL.items() if key != "year_to"})
    told = "is missing; write null when it is still made"
    assert problems_of(folder) == [f"models/hero.yaml: hero-splendor-2004: year_to: {told}"]


def test_a_code_is_used_once_over_all_files(folder):
    shutil.copy(folder / "models" / "hero.yaml", folder / "models" / "hero-again.yaml")
    assert problems_of(folder) == ["models/hero.yaml: hero-splendor-2004: code: is used twice"]


def test_an_unknown_brand_is_refused(folder):
    write_models(folder, GOOD_MODEL | {"code": "acme-one"}, head="brand: acme\ndefaults: {type: motorcycle}")
    assert problems_of(folder) == [
        "models/hero.yaml: brand: 'acme' is not in brands.yaml",
        "models/hero.yaml: acme-one: engine.fuel: is missing",
    ]


@pytest.mark.parametrize(
    "row,told",
    [
        ("{code: hero, name: Again, country: IN}", "hero: code: is used twice"),
        (
            "{code: tvs, name: TVS, country: India}",
            "tvs: country: 'India' must be the two capital letters of ISO 3166",
        ),
        ("{code: tvs, name: TVS, country: NO}", "tvs: country: False must be text; put it in quotes"),
        (
            "{code: tvs, name: TVS, country: IN, wmi: [932]}",
            "tvs: wmi: 932 does not look right; put digits in quotes",
        ),
        ("{code: tvs, name: TVS, country: IN, wmi: [MD6, MD6]}", "tvs: wmi: names one twice"),
        ("{code: tvs, name: TVS, country: IN, wmi: MD6}", "tvs: wmi: must be a list"),
        ("just a word", "entry 2: must be a mapping of fields"),
    ],
)
def test_a_mistake_in_the_brands_is_told(folder, row, told):
    with (folder / "brands.yaml").open("a") as file:
        file.write(f"  - {row}\n")
    assert problems_of(folder) == [f"brands.yaml: {told}"]


@pytest.mark.parametrize(
    "text,told",
    [
        ("brand: hero\nmodels: [", "is no valid YAML: line 2: "),
        ("brand: hero\nbrand: tvs\nmodels: []", "is no valid YAML: line 2: brand is written twice"),
        ("- hero", "must be a mapping"),
        ("brand: hero\nmodels: []", "models: must be a list with at least one entry"),
        ("brand: hero\ndefaults: {colour: red}\nmodels: []", "defaults: may hold only type and engine"),
    ],
)
def test_a_broken_file_is_told_with_its_place(folder, text, told):
    (folder / "models" / "hero.yaml").write_text(text)
    assert problems_of(folder)[0].startswith(f"models/hero.yaml: {told}")


def test_a_missing_file_is_told(folder):
    (folder / "types.yaml").unlink()
    assert problems_of(folder)[0] == "types.yaml: is missing"


def test_all_mistakes_are_told_at_once(folder):
    write_models(folder, GOOD_MODEL | {"year_to": "1990"}, GOOD_MODEL | {"code": "hero-b", "name": "7"})
    assert problems_of(folder) == [
        "models/hero.yaml: hero-splendor-2004: year_to: 1990 lies before year_from 2004",
        "models/hero.yaml: hero-b: name: 7 must be text; put it in quotes",
    ]


def test_an_entrys_own_null_wins_over_the_default(folder):
    write_models(folder, GOOD_MODEL | {"engine": "{stroke: null, displacement_cc: 1308}"})
    engine = load_catalogue(folder).models[0].engine
    assert (engine.stroke, engine.fuel, engine.displacement_cc) == (None, "petrol", 1308.0)
