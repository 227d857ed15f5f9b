"""What staff see: the health of a vehicle, codes in words, keys that they can end; the import of makers' codes."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.testing.jobs import run_jobs
from telematics.admin.health import HEIGHT, WIDTH, picture
from telematics.models import DeviceKey, DtcDefinition, Protocol, Source
from telematics.ports import TroubleCode
from telematics.selectors.dtc import describe
from telematics.services import dtcs
from telematics.services.devices import make_key
from telematics.services.store import append
from telematics.tests.making import make_vehicle
from telematics.tests.making_drives import T0, course
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bike():
    bike = make_vehicle(make_user("alice"), nickname="Red one")
    drive = course((600, 60), (60, 0), rpm=3000, coolant_temp=90, battery=14.1)
    append(bike.pk, bike.owner_id, drive, source=Source.BATCH)
    dtcs.reported(bike.pk, bike.owner_id, T0, [TroubleCode("P0524")], True)
    run_jobs()
    return bike


def test_the_health_page_has_charts_codes_trips_and_devices(bike, desk):
    make_key(bike, protocol=Protocol.TORQUE, name="Old phone")
    assert desk.get(f"/admin/vehicle-health/{bike.pk}/?days=7").content.count(b"<svg viewBox") == 4
    page = desk.get(f"/admin/vehicle-health/{bike.pk}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert text.count("<svg viewBox") == 4
    for word in (
        "Red one",
        "Engine oil pressure too low",
        "Stop the engine",
        "60 km/h",
        "Old phone",
        "never",
    ):
        assert word in text, word


def test_a_drive_that_is_one_point_of_a_chart_is_drawn():
    """A week of 320 points: what is shorter than half an hour must have a length on paper."""
    columns = {"min": [0.0], "max": [90.0], "avg": [40.0]}
    drawn = picture("Speed", "km/h", [0], columns, span=(0, 100), step_ms=10)
    assert drawn.line == f"M0.0 {round(HEIGHT * 50 / 90, 1)} L{WIDTH / 10} {round(HEIGHT * 50 / 90, 1)}"
    assert drawn.band == f"M0.0 0.0 L{WIDTH / 10} 0.0 L{WIDTH / 10} {HEIGHT}.0 L0.0 {HEIGHT}.0Z"


def test_the_list_finds_by_name_and_mail(bike, desk):
    for asked, found in (("red", True), ("alice@", True), ("nobody", False), ("", True)):
        text = desk.get("/admin/vehicle-health/", {"q": asked}).content.decode()
        assert ("Red one" in text) == found, asked


def test_a_vehicle_that_told_nothing_has_a_page_too(desk):
    quiet = make_vehicle(make_user("bob"))
    assert b"Nothing was heard" in desk.get(f"/admin/vehicle-health/{quiet.pk}/").content
    assert desk.get("/admin/vehicle-health/0190a0a0-0000-7000-8000-000000000000/").status_code == 404


@pytest.mark.parametrize("model", ["trip", "dtcevent", "alert", "alertrule", "geofence", "maintenanceplan", "devicekey",
                                   "importjob", "dtcdefinition"])  # fmt: skip
def test_lists_open(model, bike, desk):
    make_key(bike, protocol=Protocol.TORQUE)
    answer = desk.get(f"/admin/telematics/{model}/", {"q": "P0524"})
    assert answer.status_code == 200
    assert DeviceKey.objects.get().digest not in answer.content.decode()


def test_the_health_pages_have_a_place_of_their_own_in_the_sidebar(bike, desk):
    for where in ("/admin/vehicle-health/", f"/admin/vehicle-health/{bike.pk}/"):
        groups = desk.get(where).context["sidebar_navigation"]
        (group,) = (one for one in groups if one["title"] == "Telematics")
        assert group["items"][0]["title"] == "Vehicle health"
        assert str(group["items"][0]["link"]) == "/admin/vehicle-health/"
        assert [one["title"] for one in group["items"] if one["active"]] == ["Vehicle health"]


def test_only_staff_come_in(bike, client_for):
    assert client_for(bike.owner).get(f"/admin/vehicle-health/{bike.pk}/").status_code == 302


def test_makers_codes_are_imported_with_progress(tmp_path):
    file = tmp_path / "codes.csv"
    file.write_text(
        "code,manufacturer,description\np1083,BMW,Mixture too lean\nP0301,bmw,Our own words\nnonsense,BMW,x\n"
    )
    said = StringIO()
    call_command("import_dtc_codes", str(file), stdout=said)
    assert said.getvalue().splitlines() == ["100 %, 2 of 2 codes", "2 codes stored, 1 lines skipped."]
    assert (describe("P0301", "BMW").text, describe("P0301", "Honda").source) == ("Our own words", "generic")
    file.write_text("code,text\nP1084,Other words\n")
    call_command("import_dtc_codes", str(file), make="BMW", replace=True, stdout=said)
    assert list(DtcDefinition.objects.values_list("make", "code", "text")) == [
        ("bmw", "P1084", "Other words")
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "code,description\nP0301,words without a make\n"])
def test_files_without_codes_are_refused(text, tmp_path):
    file = tmp_path / "codes.csv"
    file.write_text(text)
    with pytest.raises(CommandError):
        call_command("import_dtc_codes", str(file), stdout=StringIO())
    assert DtcDefinition.objects.count() == 0
