"""Support on the phone: find the vehicle, read its story, help."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from core.models import AuditEvent
from core.ports import dashboard_cards
from garage.models import BackupState, EcuBackup, FlashWaiver, OdometerEntry, ServiceRecord, Vehicle
from garage.tests.making import IMAGE, make_backup, make_vehicle
from garage.tests.test_flashing import queued, tell
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("garage_plugs")]

LIST = "/admin/garage/vehicle/"


@pytest.fixture
def bike():
    return make_vehicle(
        make_user("alice"),
        nickname="Bluebird",
        vin="WVWZZZ1JZ3W386752",
        license_plate="KA 01 X 7",
        dongle_id="OBD-9",
    )


@pytest.mark.parametrize("words", ["WVWZZZ1JZ3W", "KA 01", "OBD-9", "Bluebird", "Alice", "alice@example"])
def test_a_vehicle_is_found_by_what_the_customer_says(words, desk, bike):
    make_vehicle(make_user("bob"), nickname="Scarlet lady")
    page = desk.get(LIST, {"q": words}).content.decode()
    assert "Bluebird" in page
    assert "Scarlet lady" not in page


def test_the_timeline_tells_the_story(desk, bike, client_for):
    alice = client_for(make_user("alice"))
    backup = make_backup(bike)
    ServiceRecord.objects.create(owner=bike.owner, vehicle=bike, title="Oil <b>", done_on="2026-01-01")
    job = queued(alice, bike, backup.pk, kind="backup")
    tell(alice, job, "started")
    tell(alice, job, "failed", detail="Link lost.")
    page = desk.get(f"{LIST}{bike.pk}/change/").content.decode()
    told = [
        page.index(text)
        for text in (
            "Link lost.",
            "Flash: Started",
            "Service: Oil &lt;b&gt;",
            "ECU backup: Verified",
            "Added to the garage",
        )
    ]
    assert told == sorted(told)
    assert f"/admin/garage/flashjob/{job['id']}/change/" in page
    shown = desk.get(f"/admin/garage/flashjob/{job['id']}/change/").content.decode()
    assert "Link lost." in shown


def test_deleted_vehicles_are_out_of_the_way(desk, bike):
    bike.tombstone()
    assert "Bluebird" not in desk.get(LIST).content.decode()
    assert "Bluebird" in desk.get(LIST, {"deleted": "yes"}).content.decode()
    assert "Bluebird" in desk.get(LIST, {"deleted": "all"}).content.decode()


def form_of(bike, **changes):
    names = [
        "nickname",
        "license_plate",
        "make",
        "model",
        "trim",
        "year",
        "vin",
        "odometer_km",
        "fuel_type",
        "vehicle_model",
        "ecu_family",
        "ecu_hardware",
        "ecu_software",
        "ecu_calibration_id",
        "engine_displacement_cc",
        "engine_cylinders",
        "engine_stroke",
        "engine_aspiration",
        "engine_redline_rpm",
        "engine_compression",
        "engine_injector_cc_min",
        "notes",
    ]
    values = {name: getattr(bike, name) for name in names}
    return {name: "" if value is None else value for name, value in (values | {"mods": ""} | changes).items()}


def test_what_support_types_keeps_the_rules(desk, bike):
    url = f"{LIST}{bike.pk}/change/"
    assert desk.post(url, form_of(bike, year=1999, odometer_km="120.5")).status_code == 302
    bike.refresh_from_db()
    assert any("entered as 1999" in note for note in bike.vin_notes)
    assert [(str(row.reading_km), row.source) for row in OdometerEntry.objects.all()] == [
        ("120.5", "correction")
    ]
    refused = desk.post(url, form_of(bike, vin="NOTAVIN"))
    assert refused.status_code == 200
    assert "A VIN" in refused.content.decode()
    assert Vehicle.objects.get().vin == "WVWZZZ1JZ3W386752"


def act(desk, model, row, name, **form):
    """What the dialog sends."""
    return desk.post(f"/admin/garage/{model}/{row.pk}/{name}/", form | {"_form_submitted": "True"})


def test_a_waiver_is_given_with_a_reason(desk, bike, client_for):
    assert act(desk, "vehicle", bike, "waive", code="no_verified_backup", reason="").status_code == 200
    assert FlashWaiver.objects.count() == 0
    given = act(desk, "vehicle", bike, "waive", code="no_verified_backup", reason="Bench ECU.")
    assert given.headers["HX-Redirect"] == f"{LIST}{bike.pk}/change/"
    waiver = FlashWaiver.objects.get()
    assert (waiver.owner, waiver.reason, waiver.granted_by) == (bike.owner, "Bench ECU.", make_user("sam").pk)
    assert AuditEvent.objects.get(action="flash.waive").actor == make_user("sam").pk


def test_a_dongle_is_freed(desk, bike):
    for _ in range(2):
        assert act(desk, "vehicle", bike, "free_dongle", reason="Sold.").status_code == 200
    bike.refresh_from_db()
    assert bike.dongle_id == ""
    assert AuditEvent.objects.get(action="dongle.free").data == {"dongle_id": "OBD-9", "reason": "Sold."}


def test_an_unreadable_backup_is_read_again(desk, bike):
    junk = make_backup(bike, b"junk", BackupState.UNREADABLE)
    good = make_backup(bike, IMAGE)
    for row in (junk, good):
        assert act(desk, "ecubackup", row, "verify_again").status_code == 200
    assert list(EcuBackup.objects.order_by("created_at").values_list("state", flat=True)) == [
        "pending",
        "verified",
    ]
    assert ProcrastinateJob.objects.get(task_name="garage.verify_backup").args == {"backup_id": str(junk.pk)}


def test_facts_are_not_typed_into(desk, bike):
    backup = make_backup(bike)
    desk.post(f"/admin/garage/ecubackup/{backup.pk}/change/", {"state": "pending", "sha256": "0" * 64})
    assert EcuBackup.objects.get().state == "verified"
    assert desk.post(f"/admin/garage/vehicle/{bike.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get("/admin/garage/vehicle/add/").status_code == 403


def test_the_card(bike):
    make_backup(bike, b"junk", BackupState.UNREADABLE)
    card = dashboard_cards["garage"]
    assert card.rows() == [
        ("Vehicles", "1"), ("Flashes under way", "0"), ("Failed this week, not restored", "0"),
        ("Unreadable backups this week", "1"),
    ]  # fmt: skip
    assert len(card.chart()["labels"]) == 14
