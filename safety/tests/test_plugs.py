"""What safety plugs into the other floors: sync, timeline, personal data, files, the card; and definitions."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.models import AuditEvent
from core.ports import dashboard_cards, demo_worlds, file_holders, personal_data
from core.rls import as_system
from core.testing.files import stored
from garage.ports import read_ecu_file, timeline_sources
from safety.models import FitmentReport, RomDefinition, SafetyReport
from safety.services.definitions import matching
from safety.tests.making import FOUR, back_up, make_bike, msq, rom
from sync.testing import number_at_once
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]
REPORTS, PULL = "/api/v1/safety/reports/", "/api/v1/sync/pull/"
START = "1970-01-01T00:00:00Z"


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_bike(alice, vin="JKAZX4P1XKA000001")


@pytest.fixture
def phone(client_for, alice):
    return client_for(alice)


@pytest.fixture
def report(phone, alice, bike):
    number_at_once()
    file = stored(alice, msq(f"{FOUR}_adv_high_load_plus8"), filename="tune.msq")
    body = {"vehicle_id": str(bike.pk), "file_id": str(file.pk)}
    return phone.post("/api/v1/safety/analyze/", body).json()


def test_phones_keep_reports_without_numbers(phone, report, client_for):
    rows = phone.post(PULL, {}).json()["changes"]["safety_reports"]["updated"]
    assert [(row["id"], row["verdict"], row["vehicle_id"]) for row in rows] == [
        (report["id"], report["verdict"], report["vehicle_id"])
    ]
    assert [finding["code"] for finding in rows[0]["findings"]] == [
        finding["code"] for finding in report["findings"]
    ]
    assert not any("cells" in finding for finding in rows[0]["findings"])
    bob = client_for(make_user("bob")).post(PULL, {}).json()["changes"]
    assert bob.get("safety_reports", {"updated": []})["updated"] == []


def test_the_server_alone_writes_reports(phone, report):
    cursor = phone.post(PULL, {}).json()["cursor"]
    change = {"id": report["id"], "verdict": "pass"}
    phone.post(
        "/api/v1/sync/push/",
        {"cursor": cursor, "changes": {"safety_reports": {"updated": [change]}}},
    )
    assert SafetyReport.objects.get().verdict == report["verdict"]


def test_the_list_tells_what_changed_and_what_is_gone(phone, report):
    first = phone.get(REPORTS, {"since": START})
    assert [row["id"] for row in first.json()["results"]] == [report["id"]]
    until = first["X-Sync-Until"]
    assert phone.delete(f"{REPORTS}{report['id']}/").status_code == 204
    gone = phone.get(REPORTS, {"since": until}).json()["results"]
    assert [row["id"] for row in gone] == [report["id"]]
    assert gone[0]["deleted_at"] is not None
    assert phone.get(REPORTS).json()["results"] == []


def test_the_story_of_a_vehicle_tells_of_analyses(report, bike):
    events = timeline_sources["safety"].events(bike.pk, 5)
    assert [(event.kind, event.title, event.detail) for event in events] == [
        ("safety", "Analysed: Needs confirmation", "tune.msq")
    ]
    assert events[0].link == f"/admin/safety/safetyreport/{report['id']}/change/"


def test_a_person_takes_their_reports_along_or_has_them_erased(report, alice, bike):
    plug = personal_data["safety"]
    exported = plug.export(alice.pk)["safety_reports"]
    assert [(row["verdict"], row["vehicle"]["vin"]) for row in exported] == [(report["verdict"], bike.vin)]
    plug.erase(alice.pk)
    left = SafetyReport.objects.get()
    assert (left.body, left.filename, left.acknowledgement, left.deleted_at is not None) == ({}, "", "", True)
    assert plug.export(alice.pk) == {"safety_reports": []}


def test_the_card_counts_the_week(report):
    card = dashboard_cards["safety"]
    assert dict(card.rows())["Analysed in 7 days"] == "1"
    assert sum(card.chart()["datasets"][0]["data"]) == 1


def test_staff_read_the_report_in_the_admin(report, desk):
    page = desk.get(f"/admin/safety/safetyreport/{report['id']}/change/")
    assert b"STEP" in page.content
    found = desk.get("/admin/safety/safetyreport/", {"q": "alice@example.com", "verdict__exact": "confirm"})
    assert b"tune.msq" in found.content


def test_the_demo_world_has_a_report_and_badges_once():
    world = {"accounts": []}
    for _ in range(2):
        for plug in demo_worlds.values():
            plug.fill(world)
    owners = set(SafetyReport.objects.values_list("owner", flat=True))
    assert (owners, SafetyReport.objects.count()) == ({world["alice"].pk, world["bob"].pk}, 2)
    judged = FitmentReport.objects.filter(version__tune__tuner=world["tara_tuner"])
    assert judged.values("version").distinct().count() == 2


# -- Definitions


def bring(desk, data=None, **words):
    form = {
        "name": "Synthetic",
        "kind": "romraider",
        "ecu_id": "RSYN0401",
        "file": SimpleUploadedFile("def.xml", data or rom("definition_romraider.xml"), "application/xml"),
    }
    return desk.post("/admin/safety/romdefinition/add/", form | words)


def test_staff_bring_a_definition_and_images_with_its_id_are_read(desk, bike):
    before = back_up(bike, rom("rom_stock.bin"), "stock.bin")
    assert (before.state, before.detail) == (
        "unreadable",
        "A binary image needs its definition (.xdf or RomRaider .xml).",
    )
    assert bring(desk).status_code == 302
    row = RomDefinition.objects.get()
    assert file_holders["safety"].holds(row.file_id)
    assert AuditEvent.objects.filter(action="safety.definition_add", target=str(row.pk)).count() == 1
    for name in ("rom_stock.bin", "rom_stock.hex", "rom_stock.s19"):
        facts = read_ecu_file(rom(name), name)
        assert (facts.calibration_id, facts.verified) == ("RSYN0401", True), name
    damaged = read_ecu_file(rom("rom_calibration_erased.bin"), "x.bin")
    assert damaged.verified is False
    assert matching(rom("rom_other_ecu_id.bin"), "x.bin") is None


def test_a_new_definition_replaces_the_old_one_and_a_deleted_one_is_not_used(desk):
    bring(desk)
    bring(desk, name="Better")
    assert [row.name for row in RomDefinition.objects.live()] == ["Better"]
    row = RomDefinition.objects.live().get()
    desk.post(f"/admin/safety/romdefinition/{row.pk}/delete/", {"post": "yes"})
    assert matching(rom("rom_stock.bin"), "x.bin") is None


@pytest.mark.parametrize(
    "words, said",
    [
        ({"ecu_id": "abc"}, b"at least 4 characters"),
        ({"kind": "xdf"}, b"does not look like TunerPro XDF"),
        ({"data": b"\x7fELF"}, b"does not look like RomRaider"),
    ],
)
def test_a_wrong_definition_is_refused_by_name(words, said, desk):
    answer = bring(desk, words.pop("data", None), **words)
    assert answer.status_code == 200
    assert said in answer.content
    assert RomDefinition.objects.count() == 0


def test_only_staff_bring_definitions(client, phone):
    assert client.get("/admin/safety/romdefinition/add/").status_code == 302
    with as_system("test"):
        assert list(RomDefinition.objects.visible_to(make_user("alice"))) == []
