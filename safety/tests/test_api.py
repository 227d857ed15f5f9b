"""Analyse, read, acknowledge: what an owner gets, what a passer-by does not, and what a stranger never sees."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from core import clock
from core.models import StoredFile
from core.rls import as_system
from core.testing.counting import statements
from core.testing.files import stored
from core.testing.jobs import run_jobs
from core.testing.pdf import words_of
from demo.tunes import mild
from marketplace.services import publish_tune
from safety import services
from safety.models import SafetyReport
from safety.services import add_definition
from safety.tests.making import FOUR, back_up, give, make_bike, msq, offer, rom
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]
ANALYZE, REPORTS, RULES = "/api/v1/safety/analyze/", "/api/v1/safety/reports/", "/api/v1/safety/rules/"
PLUS8 = f"{FOUR}_adv_high_load_plus8"


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bike(alice):
    return make_bike(alice)


@pytest.fixture
def phone(client_for, alice):
    return client_for(alice)


def analyse(client, bike, **subject):
    return client.post(ANALYZE, {"vehicle_id": str(bike.pk)} | subject)


def upload(owner, data, name="tune.msq"):
    return str(stored(owner, data, filename=name).pk)


def test_an_own_file_is_judged_against_the_backup(phone, alice, bike):
    backup = back_up(bike)
    answer = analyse(phone, bike, file_id=upload(alice, msq(PLUS8)))
    report = answer.json()
    assert (answer.status_code, report["state"], report["baseline_kind"]) == (200, "ready", "backup")
    assert (report["baseline_backup_id"], report["baseline"]["kind"]) == (str(backup.pk), "backup")
    assert report["verdict"] in {"confirm", "block"}
    found = next(row for row in report["findings"] if row["table"] == "ignition")
    assert found["cells"][0][4] is not None
    assert found["words"] == found["explanation"]
    assert SafetyReport.objects.get().verdict == report["verdict"]


def test_the_file_may_come_with_the_request(phone, bike):
    sent = SimpleUploadedFile("my tune.msq", msq(f"{FOUR}_stock"), "application/xml")
    answer = phone.post(ANALYZE, {"vehicle_id": str(bike.pk), "file": sent}, format="multipart")
    assert (answer.status_code, answer.json()["verdict"], answer.json()["filename"]) == (
        200,
        "pass",
        "my tune.msq",
    )


def test_the_same_question_has_the_same_answer_until_something_changes(phone, alice, bike):
    file_id = upload(alice, msq(PLUS8))

    def ask(**more):
        return analyse(phone, bike, file_id=file_id, **more).json()["id"]

    first = ask()
    assert ask() == first
    bike.nickname = "A new name is no new vehicle"
    bike.save()
    assert ask() == first
    old = back_up(bike)
    with_backup = ask()
    assert with_backup not in {first, None}
    bike.engine_redline_rpm = 9000
    bike.save()
    weaker = ask()
    back_up(bike, mild(msq(f"{FOUR}_stock")))
    newer = ask()
    assert len({first, with_backup, weaker, newer, ask(baseline_backup_id=str(old.pk))}) == 4
    assert SafetyReport.objects.count() == 4


@pytest.mark.parametrize(
    "body, fields",
    [
        ({}, ["tune_id"]),
        ({"tune_id": "018f0000-0000-7000-8000-00000000dead"}, ["tune_id"]),
        ({"file_id": "018f0000-0000-7000-8000-00000000dead"}, ["file_id"]),
        ({"file_id": "x"}, ["file_id"]),
        ({"file_id": "018f0000-0000-7000-8000-00000000dead", "extra": 1}, ["extra"]),
        ({"vehicle_id": "018f0000-0000-7000-8000-00000000dead"}, ["vehicle_id"]),
    ],
)
def test_bad_questions_are_named_and_leave_no_trace(body, fields, phone, bike):
    answer = phone.post(ANALYZE, {"vehicle_id": str(bike.pk)} | body)
    assert (answer.status_code, sorted(answer.json()["fields"])) == (400, fields)
    assert SafetyReport.objects.count() == 0


def test_a_baseline_must_be_a_verified_backup_of_this_vehicle(phone, alice, bike):
    other = back_up(make_bike(alice, nickname="other"), mild(msq(f"{FOUR}_stock")))
    blank = back_up(bike, rom("rom_stock.bin"), "stock.bin")
    assert blank.state == "unreadable"
    for backup in (other, blank):
        answer = analyse(phone, bike, file_id=upload(alice, msq(PLUS8)), baseline_backup_id=str(backup.pk))
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["baseline_backup_id"])


def test_bob_finds_every_door_shut(phone, alice, bike, client_for, anyone):
    report = analyse(phone, bike, file_id=(file_id := upload(alice, msq(PLUS8)))).json()
    bob = client_for(make_user("bob"))
    doors = ["", "text/", "report.html", "report.pdf", "tables/ignition.svg"]
    absent = "018f0000-0000-7000-8000-00000000dead"
    for door in doors:
        mine = phone.get(f"{REPORTS}{report['id']}/{door}")
        theirs, nothing = (bob.get(f"{REPORTS}{id_}/{door}") for id_ in (report["id"], absent))
        assert (mine.status_code, theirs.status_code, nothing.status_code) == (200, 404, 404), door
        assert anyone.get(f"{REPORTS}{report['id']}/{door}").status_code == 401
    assert bob.get(REPORTS).json()["results"] == []
    assert bob.delete(f"{REPORTS}{report['id']}/").status_code == 404
    said = bob.post(f"{REPORTS}{report['id']}/acknowledge/", {"acknowledgement": "I know."})
    assert said.status_code == 404
    assert analyse(bob, bike, file_id=file_id).status_code == 400
    assert analyse(bob, make_bike(make_user("bob")), file_id=file_id).status_code == 400
    assert SafetyReport.objects.get().acknowledged_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_two_statements(count, phone, alice, bike):
    for number in range(count):
        analyse(phone, make_bike(alice, nickname=str(number)), file_id=upload(alice, msq(PLUS8)))
    with statements() as told:
        page = phone.get(REPORTS).json()
    assert (len(page["results"]), len(told)) == (count, 2)
    assert page["results"][0]["findings_count"] >= 1


def test_filters(phone, alice, bike):
    analyse(phone, bike, file_id=upload(alice, msq(PLUS8)))
    analyse(phone, bike, file_id=upload(alice, msq(f"{FOUR}_stock")))

    def found(**query):
        return len(phone.get(REPORTS, query).json()["results"])

    assert (found(vehicle_id=str(bike.pk)), found(verdict="pass"), found(verdict="block")) == (2, 1, 0)
    assert phone.get(REPORTS, {"vehicle_id": "x"}).status_code == 400


def test_confirm_is_acknowledged_once_in_the_owners_words(phone, alice, bike):
    report = analyse(phone, bike, file_id=upload(alice, msq(PLUS8))).json()
    door = f"{REPORTS}{report['id']}/acknowledge/"
    assert report["verdict"] == "confirm"
    assert phone.post(door, {"acknowledgement": "ok"}).status_code == 400
    first = phone.post(door, {"acknowledgement": "Alice: the spark step is meant."}).json()
    again = phone.post(door, {"acknowledgement": "Something else."}).json()
    assert (first["acknowledgement"], first["acknowledged_at"]) == (
        "Alice: the spark step is meant.",
        again["acknowledged_at"],
    )
    fine = analyse(phone, bike, file_id=upload(alice, msq(f"{FOUR}_stock"))).json()
    refused = phone.post(f"{REPORTS}{fine['id']}/acknowledge/", {"acknowledgement": "Not needed."})
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_acknowledge")


def test_the_faces_of_a_report(phone, alice, bike):
    back_up(bike)
    report = analyse(phone, bike, file_id=upload(alice, msq(PLUS8))).json()
    base = f"{REPORTS}{report['id']}/"
    words = phone.get(f"{base}text/")
    assert words["Content-Type"] == "text/plain; charset=utf-8"
    assert b"FINDINGS" in words.content
    page = phone.get(f"{base}report.html")
    policy = page["Content-Security-Policy"]
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert b"<svg" in page.content
    paper = phone.get(f"{base}report.pdf")
    assert (paper.status_code, paper["Content-Type"]) == (200, "application/pdf")
    assert "tune minus baseline" in words_of(paper.content)
    for view in ("tune", "baseline", "diff"):
        picture = phone.get(f"{base}tables/ignition.svg", {"view": view})
        assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")
    assert phone.get(f"{base}tables/ignition.svg", {"view": "evil"}).status_code == 404
    assert phone.get(f"{base}tables/nothing.svg").status_code == 404


def test_a_passer_by_reads_the_judgement_but_not_the_numbers(phone, alice, bike):
    back_up(bike)
    tune = offer(mild(msq(f"{FOUR}_stock")))
    publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    report = analyse(phone, bike, tune_id=str(tune.pk)).json()
    base = f"{REPORTS}{report['id']}/"
    assert report["tune_id"] == str(tune.pk)
    assert all(cell[4:] == [None, None, None] for row in report["findings"] for cell in row["cells"])
    refused = phone.get(f"{base}tables/ignition.svg")
    assert (refused.status_code, refused.json()["code"]) == (403, "tables_withheld")
    assert b"<svg" not in phone.get(f"{base}report.html").content
    assert "minus baseline" not in words_of(phone.get(f"{base}report.pdf").content)
    give(alice, tune, bike)
    assert phone.get(f"{base}tables/ignition.svg").status_code == 200
    assert b"<svg" in phone.get(f"{base}report.html").content


def test_rules_are_public_and_kept_by_the_client(anyone):
    first = anyone.get(RULES)
    assert first.status_code == 200
    assert len(first.json()["rules"]) > 30
    again = anyone.get(RULES, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")


@pytest.fixture
def definition():
    with as_system("test"):
        return add_definition(
            name="Test ECU",
            kind="xdf",
            ecu_id="RSYN0401",
            data=rom("definition.xdf"),
            filename="def.xdf",
            staff_id=make_user("sam").pk,
        )


def test_a_big_file_is_queued_and_answered_later(phone, alice, bike):
    big = msq(f"{FOUR}_stock").replace(b"</msq>", b"<!--" + b"x" * 1_100_000 + b"--></msq>")
    file_id = upload(alice, big)
    answer = analyse(phone, bike, file_id=file_id)
    queued = answer.json()
    assert (answer.status_code, queued["state"], queued["verdict"], queued["findings"]) == (
        202,
        "queued",
        "",
        [],
    )
    assert answer["Location"] == f"{REPORTS}{queued['id']}/"
    assert analyse(phone, bike, file_id=file_id).json()["id"] == queued["id"]
    for door in ("text/", "report.html", "report.pdf", "tables/ve.svg"):
        early = phone.get(f"{REPORTS}{queued['id']}/{door}")
        assert (early.status_code, early.json()["code"]) == (409, "report_not_ready")
    held = phone.delete(f"/api/v1/files/{file_id}/")
    assert (held.status_code, held.json()["code"]) == (409, "file_in_use")
    assert "safety.finish_report" in run_jobs()
    ready = phone.get(answer["Location"]).json()
    assert (ready["state"], ready["verdict"]) == ("ready", "pass")
    assert analyse(phone, bike, file_id=file_id).status_code == 200


def test_a_big_file_that_came_with_the_request_is_kept_for_the_job(phone, bike):
    big = msq(f"{FOUR}_stock").replace(b"</msq>", b"<!--" + b"x" * 1_100_000 + b"--></msq>")
    sent = SimpleUploadedFile("big.msq", big, "application/xml")
    answer = phone.post(ANALYZE, {"vehicle_id": str(bike.pk), "file": sent}, format="multipart")
    assert answer.status_code == 202
    run_jobs()
    assert phone.get(answer["Location"]).json()["verdict"] == "pass"


def test_an_image_is_not_analysed_without_its_definition(phone, alice, bike, request):
    file_id = upload(alice, rom("rom_stock.bin"), "stock.bin")
    blind = analyse(phone, bike, file_id=file_id).json()
    assert (blind["verdict"], blind["tune"]["family"]) == ("not_analysed", "")
    request.getfixturevalue("definition")
    answer = analyse(phone, bike, file_id=file_id)
    assert answer.status_code == 202
    run_jobs()
    seen = phone.get(answer["Location"]).json()
    assert seen["state"] == "ready"
    assert seen["verdict"] != "not_analysed"
    assert seen["id"] != blind["id"]


def test_a_report_whose_job_was_lost_is_tried_again(phone, alice, bike):
    big = msq(f"{FOUR}_stock").replace(b"</msq>", b"<!--" + b"x" * 1_100_000 + b"--></msq>")
    place = analyse(phone, bike, file_id=upload(alice, big))["Location"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert services.requeue_stuck() == 0
    with as_system("test"):
        SafetyReport.objects.update(created_at=clock.now() - timedelta(hours=2))
    assert services.requeue_stuck() == 1
    run_jobs()
    assert phone.get(place).json()["state"] == "ready"


def test_a_file_that_is_gone_before_its_turn_is_not_analysed(phone, alice, bike):
    big = msq(f"{FOUR}_stock").replace(b"</msq>", b"<!--" + b"x" * 1_100_000 + b"--></msq>")
    file_id = upload(alice, big)
    place = analyse(phone, bike, file_id=file_id)["Location"]
    with as_system("test"):
        StoredFile.objects.filter(pk=file_id).tombstone()
    run_jobs()
    assert phone.get(place).json()["verdict"] == "not_analysed"
