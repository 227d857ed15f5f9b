"""What riders pick from: loaded from files, public, kept as bytes under a version key."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from core.rls import as_anonymous
from core.testing.counting import statements
from garage.models import VehicleBrand, VehicleModel, VehicleType
from garage.selectors.catalogue import catalogue_version
from garage.services.catalogue import load

pytestmark = pytest.mark.django_db


def catalogue(folder, *, power=54.0):
    """Two brands, three models."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "types.yaml").write_text(
        "types:\n  - {code: motorcycle, name: Motorcycle}\n  - {code: car, name: Car}\n"
    )
    (folder / "brands.yaml").write_text(
        "brands:\n  - {code: yamaha, name: Yamaha, country: JP, wmi: [JYA]}\n"
        "  - {code: tata, name: Tata, country: IN}\n"
    )
    (folder / "models" / "yamaha.yaml").write_text(
        "brand: yamaha\ndefaults: {type: motorcycle, engine: {fuel: petrol}}\nmodels:\n"
        f"  - {{code: yamaha-mt-07-2014, name: MT-07, year_from: 2014, year_to: 2020,"
        f" engine: {{displacement_cc: 689, cylinders: 2, power_kw: {power}}}}}\n"
        "  - {code: yamaha-mt-07-2021, name: MT-07, generation: Second, year_from: 2021, year_to: null}\n"
    )
    (folder / "models" / "tata.yaml").write_text(
        "brand: tata\ndefaults: {type: car}\nmodels:\n"
        "  - {code: tata-nexon-2017, name: Nexon, year_from: 2017, year_to: null, engine: {fuel: diesel}}\n"
    )
    return folder


@pytest.fixture
def files(tmp_path):
    return catalogue(tmp_path)


@pytest.fixture
def loaded(files):
    load(files)
    return files


def test_loading_again_changes_nothing_not_even_the_version(files):
    seen = []
    first = load(files, progress=lambda done, total: seen.append((done, total)))
    assert (first.made, first.changed, first.same) == (7, 0, 0)
    assert seen[-1] == (7, 7)
    version = catalogue_version()
    again = load(files)
    assert (again.made, again.changed, again.same) == (0, 0, 7)
    assert catalogue_version() == version


def test_a_changed_file_changes_its_row_and_the_version(loaded):
    version = catalogue_version()
    result = load(catalogue(loaded, power=55.2))
    assert (result.made, result.changed, result.same) == (0, 1, 6)
    assert str(VehicleModel.objects.get(code="yamaha-mt-07-2014").engine_power_kw) == "55.20"
    assert catalogue_version() != version


def test_what_staff_changed_stays(loaded):
    VehicleBrand.objects.filter(code="tata").update(name="Tata Motors", edited=True)
    assert load(loaded).kept == 1
    assert VehicleBrand.objects.get(code="tata").name == "Tata Motors"


def test_mistakes_in_the_files_load_nothing(files):
    (files / "models" / "tata.yaml").write_text("brand: nobody\nmodels:\n  - {code: x}\n")
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_catalogue", folder=files, stdout=StringIO())
    assert VehicleType.objects.count() == 0


def test_the_projects_own_files_load():
    told = StringIO()
    call_command("load_catalogue", stdout=told)
    assert VehicleModel.objects.count() >= 300
    assert "0 changed" in told.getvalue()
    assert VehicleModel.objects.filter(brand__code="yamaha", fuel_type="petrol").exists()


def test_from_type_to_model(anyone, loaded):
    kinds = anyone.get("/api/v1/vehicle-types/").json()["results"]
    assert [kind["name"] for kind in kinds] == ["Car", "Motorcycle"]
    brands = anyone.get(f"/api/v1/vehicle-brands/?vehicle_type={kinds[1]['id']}").json()["results"]
    assert [(brand["name"], brand["country"], brand["wmi"]) for brand in brands] == [
        ("Yamaha", "JP", ["JYA"])
    ]
    assert anyone.get("/api/v1/vehicle-brands/?vehicle_type=car").json()["results"][0]["code"] == "tata"
    models = anyone.get(f"/api/vehicle-models/?vehicle_brand={brands[0]['id']}").json()["results"]
    assert [(model["name"], model["year_from"], model["year_to"]) for model in models] == [
        ("MT-07", 2014, 2020),
        ("MT-07", 2021, None),
    ]
    assert models[0]["engine"] == {
        "displacement_cc": 689, "cylinders": 2, "stroke": None, "aspiration": "", "cooling": "",
        "compression": None, "redline_rpm": None, "power_kw": 54, "torque_nm": None,
    }  # fmt: skip
    assert anyone.get(f"/api/v1/vehicle-models/{models[0]['id']}/").json() == models[0]


@pytest.mark.parametrize(
    "query, found",
    [
        ("search=yamaha mt", 2),
        ("search=MT-07 second", 1),
        ("search=nothing", 0),
        ("year=2015", 1),
        ("year=2022", 2),
        ("fuel_type=diesel", 1),
        ("vehicle_type=car&search=nex", 1),
        ("vehicle_brand=nobody", 0),
        ("vehicle_brand=00000000-0000-7000-8000-000000000000", 0),
    ],
)
def test_search_and_filters(query, found, anyone, loaded):
    assert len(anyone.get(f"/api/v1/vehicle-models/?{query}").json()["results"]) == found


@pytest.mark.parametrize(
    "query", ["year=abc", "fuel_type=steam", "ordering=secret", "page_size=0", "cursor=x"]
)
def test_bad_filters_name_themselves(query, anyone, loaded):
    answer = anyone.get(f"/api/v1/vehicle-models/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


def test_a_kept_page_costs_one_statement_and_a_304_too(anyone, loaded):
    first = anyone.get("/api/v1/vehicle-models/")
    with statements() as told:
        second = anyone.get("/api/v1/vehicle-models/")
    assert (second.content, second["ETag"]) == (first.content, first["ETag"])
    assert len(told) == 1
    with statements() as told:
        third = anyone.get("/api/v1/vehicle-models/", headers={"If-None-Match": first["ETag"]})
    assert (third.status_code, third.content, len(told)) == (304, b"", 1)


def test_an_edit_in_the_admin_is_seen_at_once(anyone, desk, loaded):
    tag = anyone.get("/api/v1/vehicle-brands/")["ETag"]
    brand = VehicleBrand.objects.get(code="tata")
    form = {"code": "tata", "name": "Tata Motors", "country": "IN", "wmi": "", "_save": "Save"}
    assert desk.post(f"/admin/garage/vehiclebrand/{brand.pk}/change/", form).status_code == 302
    brand.refresh_from_db()
    assert (brand.name, brand.edited) == ("Tata Motors", True)
    fresh = anyone.get("/api/v1/vehicle-brands/", headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert [row["name"] for row in fresh.json()["results"]] == ["Tata Motors", "Yamaha"]


def test_camel_case_is_kept_apart(anyone, loaded):
    plain = anyone.get("/api/v1/vehicle-models/").json()["results"][0]
    camel = anyone.get("/api/v1/vehicle-models/", headers={"Accept": "application/json; case=camel"})
    assert camel["Content-Type"] == "application/json; case=camel"
    assert camel.json()["results"][0]["engine"]["displacementCc"] == plain["engine"]["displacement_cc"]
    assert anyone.get("/api/v1/vehicle-models/").json()["results"][0] == plain


def test_the_web_may_read_and_not_write_the_catalogue(loaded):
    with as_anonymous():
        assert VehicleType.objects.count() == 2
    for sql in ("DELETE FROM garage_vehicletype", "UPDATE garage_vehiclebrand SET name = ''"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            as_anonymous(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    assert VehicleType.objects.count() == 2


def test_the_catalogue_takes_no_orders_from_outside(anyone, loaded):
    assert anyone.post("/api/v1/vehicle-types/", {"name": "Tank"}).status_code == 405
    gone = anyone.get("/api/v1/vehicle-types/00000000-0000-7000-8000-000000000000/")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
