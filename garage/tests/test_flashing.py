"""A flash from the first question to the last word, with every refusal on the way."""

import hashlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from core import clock, hub
from core.clock import held_at
from core.ids import uuid7
from core.models import AuditEvent, StoredFile
from core.ports import topics
from core.rls import as_system
from core.testing.counting import statements
from core.testing.files import stored
from garage.models import BackupState, FlashEvent, FlashJob, FlashState, FlashWaiver
from garage.ports import Objection
from garage.services.flashing import expire_flashes
from garage.services.manifests import genuine
from garage.tasks import prepare_flash
from garage.tests.making import IMAGE, make_backup, make_vehicle
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db

JOBS = "/api/v1/garage/flash-jobs/"
TUNE = b"ECU1" + bytes(reversed(range(256))) * 700


@pytest.fixture
def plugs(garage_plugs):
    return garage_plugs


@pytest.fixture
def alice(client_for, plugs):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for, plugs):
    return client_for(make_user("bob"))


@pytest.fixture
def bike():
    return make_vehicle(make_user("alice"), ecu_hardware="0.4")


@pytest.fixture
def backup(bike, plugs):
    return make_backup(bike)


@pytest.fixture
def tune(plugs):
    """Tara's tune, in the shop; its id there."""
    shop, _ = plugs
    key = uuid7()
    shop.tunes[key] = stored(make_user("tara"), TUNE, "tune_version")
    return key


def wish(bike, tune, kind="tune", **more):
    return {"vehicle_id": str(bike.pk), "source": {"kind": kind, "id": str(tune)}} | more


def queued(client, bike, tune, **more):
    answer = client.post(JOBS, wish(bike, tune, **more))
    assert answer.status_code == 201, answer.json()
    return answer.json()


_numbers = itertools.count()


def tell(client, job, event, **more):
    body = {"event": event, "client_event_id": f"e{next(_numbers)}"} | more
    answer = client.post(f"{JOBS}{job['id']}/events/", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_a_flash_from_wish_to_completed(alice, anyone, bike, backup, tune):
    report = str(uuid7())
    job = queued(alice, bike, tune, safety_report_id=report, acknowledgement="I know what I do.")
    assert (job["state"], job["percent"], job["source"], job["label"], job["restore_offer"]) == (
        "queued", 0, {"kind": "tune", "id": str(tune)}, "Stage 1", None,
    )  # fmt: skip
    assert (job["safety_report_id"], job["acknowledgement"]) == (report, "I know what I do.")
    manifest = alice.get(f"{JOBS}{job['id']}/manifest/").json()
    assert (manifest["purpose"], manifest["size"], manifest["sha256"]) == (
        "flash", len(TUNE), hashlib.sha256(TUNE).hexdigest(),
    )  # fmt: skip
    assert manifest["ecu_expected"] == {"family": "speeduino"}
    size = manifest["chunk_size"]
    parts = [TUNE[at : at + size] for at in range(0, len(TUNE), size)]
    assert manifest["chunks"] == [hashlib.sha256(part).hexdigest() for part in parts]
    second = anyone.get(
        manifest["url"].removeprefix("http://testserver"), headers={"Range": f"bytes={size}-{2 * size - 1}"}
    )
    assert (second.status_code, b"".join(second.streaming_content)) == (206, parts[1])
    assert alice.get(f"{JOBS}{job['id']}/").json()["state"] == "ready"
    seen = []
    for event, percent in [
        ("started", None),
        ("progress", 40),
        ("verifying", None),
        ("verified", None),
        ("completed", None),
    ]:
        after = tell(alice, job, event, percent=percent)
        seen.append((after["state"], after["percent"], after["applied"]))
    assert seen == [
        ("in_progress", 0, True), ("in_progress", 40, True), ("verifying", 40, True), ("verifying", 40, False),
        ("completed", 100, True),
    ]  # fmt: skip
    done = alice.get(f"{JOBS}{job['id']}/").json()
    assert done["started_at"] <= done["finished_at"]
    told = alice.get(f"{JOBS}{job['id']}/events/").json()["results"]
    assert [row["event"] for row in told] == ["started", "progress", "verifying", "verified", "completed"]
    trail = AuditEvent.objects.filter(action__startswith="flash.").order_by("at", "id")
    assert [row.action for row in trail][:3] == ["flash.queued", "flash.ready", "flash.manifest"]
    assert trail.last().action == "flash.completed"


def test_all_objections_come_at_once_and_no_job_is_made(alice, bike, tune, plugs):
    _, gate = plugs
    gate.says = [
        Objection("no_report", "Analyse this tune first."),
        Objection("wrong_ecu", "Wrong ECU.", {"got": "x"}),
    ]
    blocked = alice.post(JOBS, wish(bike, tune, acknowledgement="yes"))
    assert (blocked.status_code, blocked.json()["code"]) == (423, "flash_blocked")
    gates = blocked.json()["fields"]["gates"]
    assert [found["code"] for found in gates] == ["no_verified_backup", "no_report", "wrong_ecu"]
    assert gates[2] == {"code": "wrong_ecu", "message": "Wrong ECU.", "detail": {"got": "x"}}
    assert FlashJob.objects.count() == 0
    assert ProcrastinateJob.objects.filter(task_name="garage.prepare_flash").count() == 0
    asked = gate.asked[0]
    assert (asked.user, asked.vehicle, asked.acknowledgement, asked.restores_own_backup) == (
        make_user("alice"), bike, "yes", False,
    )  # fmt: skip
    assert asked.file.sha256 == hashlib.sha256(TUNE).hexdigest()


def test_an_unreadable_backup_is_no_backup(alice, bike, tune):
    make_backup(bike, b"junk", BackupState.UNREADABLE)
    assert alice.post(JOBS, wish(bike, tune)).status_code == 423


def test_staff_may_let_one_flash_pass_without_a_backup(alice, bike, tune, plugs):
    waiver = FlashWaiver.objects.create(
        owner=bike.owner, vehicle=bike, code="no_verified_backup", reason="Bench ECU.",
        expires_at=clock.now() + timedelta(hours=1),
    )  # fmt: skip
    _, gate = plugs
    gate.says = [Objection("high_risk", "Too lean.")]
    assert [g["code"] for g in alice.post(JOBS, wish(bike, tune)).json()["fields"]["gates"]] == ["high_risk"]
    gate.says = []
    job = queued(alice, bike, tune)
    waiver.refresh_from_db()
    assert str(waiver.used_by_id) == job["id"]
    assert AuditEvent.objects.get(action="flash.waived").data == {"codes": ["no_verified_backup"]}
    tell(alice, job, "failed")
    assert alice.post(JOBS, wish(bike, tune)).status_code == 423


def test_restoring_the_own_verified_backup(alice, bob, bike, backup):
    job = queued(alice, bike, backup.pk, kind="backup")
    assert (job["sha256"], job["ecu_expected"]) == (backup.sha256, {"family": "speeduino", "hardware": "0.4"})
    tell(alice, job, "cancelled")
    junk = make_backup(bike, b"junk", BackupState.UNREADABLE)
    refused = alice.post(JOBS, wish(bike, junk.pk, "backup"))
    assert (refused.status_code, refused.json()["code"]) == (409, "backup_not_verified")
    other = make_vehicle(make_user("alice"))
    assert alice.post(JOBS, wish(other, backup.pk, "backup")).status_code == 404
    his = make_vehicle(make_user("bob"))
    make_backup(his, IMAGE + b"bob")
    assert bob.post(JOBS, wish(his, backup.pk, "backup")).status_code == 404


def test_bad_input_names_its_field_and_makes_nothing(alice, bike, backup, tune):
    good = wish(bike, tune)
    for wrong, field in [
        ({"vehicle_id": str(uuid4())}, "vehicle_id"),
        ({"vehicle_id": str(make_vehicle(make_user("bob")).pk)}, "vehicle_id"),
        ({"source": None}, "source"),
        ({"source": {"kind": "tune"}}, "source"),
        ({"source": {"kind": "disk", "id": str(tune)}}, "source"),
        ({"source": {"kind": "tune", "id": "x"}}, "source"),
        ({"safety_report_id": "x"}, "safety_report_id"),
        ({"acknowledgement": "x" * 2001}, "acknowledgement"),
        ({"state": "completed"}, "state"),
        ({"id": "x"}, "id"),
    ]:
        answer = alice.post(JOBS, good | wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), (wrong, answer.json())
    assert FlashJob.objects.count() == 0


def test_one_live_job_a_vehicle(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    second = alice.post(JOBS, wish(bike, tune))
    assert (second.status_code, second.json()["code"]) == (409, "flash_under_way")
    assert tell(alice, job, "cancelled")["state"] == "cancelled"
    queued(alice, bike, tune)


def test_asking_again_with_the_same_id_is_the_same_job(alice, bob, bike, backup, tune):
    key = str(uuid7())
    assert queued(alice, bike, tune, id=key) == queued(alice, bike, tune, id=key)
    his = make_vehicle(make_user("bob"))
    make_backup(his)
    taken = bob.post(JOBS, wish(his, tune, id=key))
    assert (taken.status_code, list(taken.json()["fields"])) == (409, ["id"])


def test_words_may_come_late_twice_and_out_of_order(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    late = {"event": "progress", "percent": 30, "client_event_id": "p30"}
    assert tell(alice, job, "verifying")["state"] == "verifying"
    first = alice.post(f"{JOBS}{job['id']}/events/", late).json()
    assert (first["state"], first["percent"], first["applied"]) == ("verifying", 30, True)
    again = alice.post(f"{JOBS}{job['id']}/events/", late).json()
    assert (again["applied"], again["rev"]) == (False, first["rev"])
    assert tell(alice, job, "progress", percent=10)["percent"] == 30
    assert tell(alice, job, "completed")["state"] == "completed"
    for event in ("started", "failed", "cancelled", "restore_started"):
        after = tell(alice, job, event)
        assert (after["state"], after["applied"]) == ("completed", False)
    assert FlashEvent.objects.filter(job_id=job["id"], client_event_id="p30").count() == 1


@pytest.mark.parametrize(
    "wrong, fields",
    [
        ({}, ["event", "client_event_id"]),
        ({"event": "explode", "client_event_id": "1"}, ["event"]),
        ({"event": "progress", "client_event_id": "1", "percent": 101}, ["percent"]),
        ({"event": "progress", "client_event_id": "1", "percent": -1}, ["percent"]),
        ({"event": "progress", "client_event_id": ""}, ["client_event_id"]),
        ({"event": "progress", "client_event_id": "x" * 65}, ["client_event_id"]),
        ({"event": "progress", "client_event_id": "1", "detail": "x" * 2001}, ["detail"]),
        ({"event": "progress", "client_event_id": "1", "state": "completed"}, ["state"]),
    ],
    ids=str,
)
def test_bad_words_change_nothing(wrong, fields, alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    answer = alice.post(f"{JOBS}{job['id']}/events/", wrong)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, fields)
    assert FlashEvent.objects.count() == 0
    assert alice.get(f"{JOBS}{job['id']}/").json()["state"] == "queued"


def test_a_failed_flash_offers_the_backup_and_its_manifest(alice, anyone, bike, backup, tune):
    job = queued(alice, bike, tune)
    tell(alice, job, "started")
    failed = tell(alice, job, "failed", detail="Lost the link at 0x4000.")
    assert (failed["state"], failed["detail"]) == ("failed", "Lost the link at 0x4000.")
    assert failed["restore_offer"]["backup_id"] == str(backup.pk)
    manifest = alice.get(f"{JOBS}{job['id']}/manifest/").json()
    assert (manifest["purpose"], manifest["sha256"]) == ("restore", backup.sha256)
    whole = anyone.get(manifest["url"].removeprefix("http://testserver"))
    assert b"".join(whole.streaming_content) == IMAGE
    assert tell(alice, job, "restore_started")["state"] == "restoring"
    assert alice.post(JOBS, wish(bike, tune)).json()["code"] == "flash_under_way"
    restored = tell(alice, job, "restored")
    assert (restored["state"], restored["restore_offer"]) == ("restored", None)
    over = alice.get(f"{JOBS}{job['id']}/manifest/")
    assert (over.status_code, over.json()["code"]) == (409, "flash_over")


def test_a_failed_job_is_not_restored_beside_a_live_one(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    tell(alice, job, "failed")
    queued(alice, bike, backup.pk, kind="backup")
    torn = alice.post(f"{JOBS}{job['id']}/events/", {"event": "restore_started", "client_event_id": "1"})
    assert (torn.status_code, torn.json()["code"]) == (409, "flash_under_way")
    assert FlashEvent.objects.filter(client_event_id="1").count() == 0


def test_the_manifest_is_signed_and_ends_with_the_job(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    shown = alice.get(f"{JOBS}{job['id']}/manifest/").json()
    signature = shown.pop("signature")
    assert genuine(shown, signature)
    assert not genuine(shown | {"sha256": "0" * 64}, signature)
    assert not genuine(shown | {"ecu_expected": {}}, signature)
    with held_at(clock.now() + timedelta(hours=23, minutes=59)):
        assert login(make_user("alice")).get(f"{JOBS}{job['id']}/manifest/").status_code == 200
    FlashJob.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    late = alice.get(f"{JOBS}{job['id']}/manifest/")
    assert (late.status_code, late.json()["code"]) == (410, "flash_expired")
    assert expire_flashes() == 1
    assert alice.get(f"{JOBS}{job['id']}/manifest/").status_code == 410
    assert alice.get(f"{JOBS}{job['id']}/").json()["state"] == "expired"
    assert expire_flashes() == 0
    assert tell(alice, job, "started")["state"] == "expired"
    assert tell(alice, job, "failed")["restore_offer"]["backup_id"] == str(backup.pk)


def test_a_silent_phone_has_failed(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    tell(alice, job, "started")
    FlashJob.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert expire_flashes() == 0
    FlashJob.objects.update(heard_at=clock.now() - timedelta(hours=7))
    assert expire_flashes() == 1
    silent = alice.get(f"{JOBS}{job['id']}/").json()
    assert (silent["state"], silent["detail"]) == ("failed", "The phone has not been heard of.")
    assert silent["restore_offer"]["backup_id"] == str(backup.pk)
    queued(alice, bike, tune)


def test_a_file_that_changed_is_not_given_out(alice, bike, backup, tune, plugs):
    job = queued(alice, bike, tune)
    FlashJob.objects.update(sha256="0" * 64)
    answer = alice.get(f"{JOBS}{job['id']}/manifest/")
    assert (answer.status_code, answer.json()["code"]) == (409, "flash_file_changed")
    prepare_flash(job["id"])
    assert alice.get(f"{JOBS}{job['id']}/").json()["state"] == "queued"
    StoredFile.objects.filter(owner_id=make_user("tara").pk).update(deleted_at=clock.now())
    assert alice.get(f"{JOBS}{job['id']}/manifest/").status_code == 503


def test_the_worker_gets_a_job_ready(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    asked = ProcrastinateJob.objects.get(task_name="garage.prepare_flash")
    prepare_flash(**asked.args)
    prepare_flash(**asked.args)
    assert alice.get(f"{JOBS}{job['id']}/").json()["state"] == "ready"
    assert AuditEvent.objects.filter(action="flash.ready").count() == 1
    prepare_flash(str(uuid4()))


def test_bob_finds_no_door(alice, bob, bike, backup, tune):
    job = queued(alice, bike, tune)
    for method, path in [("get", ""), ("get", "events/"), ("get", "manifest/")]:
        assert getattr(bob, method)(f"{JOBS}{job['id']}/{path}").status_code == 404
    event = bob.post(f"{JOBS}{job['id']}/events/", {"event": "completed", "client_event_id": "1"})
    absent = bob.post(f"{JOBS}{uuid4()}/events/", {"event": "completed", "client_event_id": "1"})
    assert event.status_code == absent.status_code == 404
    assert {**event.json(), "request_id": ""} == {**absent.json(), "request_id": ""}
    assert bob.get(JOBS).json()["results"] == []
    assert FlashEvent.objects.count() == 0
    assert topics["flash"].allows(make_user("alice").pk, FlashJob.objects.get().pk)
    assert not topics["flash"].allows(make_user("bob").pk, FlashJob.objects.get().pk)


def test_a_vehicle_that_is_being_written_cant_be_deleted(alice, bike, backup, tune):
    job = queued(alice, bike, tune)
    tell(alice, job, "started")
    refused = alice.delete(f"/api/v1/garage/vehicles/{bike.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "flash_under_way")
    tell(alice, job, "completed")
    second = queued(alice, bike, tune)
    assert alice.delete(f"/api/v1/garage/vehicles/{bike.pk}/").status_code == 204
    assert FlashJob.objects.get(pk=second["id"]).state == FlashState.CANCELLED
    assert alice.get(f"{JOBS}{second['id']}/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_two_statements(count, alice, backup, tune):
    for _ in range(count):
        bike = make_vehicle(make_user("alice"))
        make_backup(bike)
        tell(alice, queued(alice, bike, tune), "failed")
    with statements() as told:
        rows = alice.get(JOBS).json()["results"]
    assert (len(rows), len(told)) == (count, 2)
    assert [row["state"] for row in alice.get(f"{JOBS}?state=failed&state=ready").json()["results"]] == [
        "failed"
    ] * count
    assert alice.get(f"{JOBS}?state=ready").json()["results"] == []


def test_whoever_watches_a_flash_sees_it_move(
    alice, bike, backup, tune, settings, django_capture_on_commit_callbacks
):
    settings.REDIS_URL = ""
    hub.close()
    job = queued(alice, bike, tune)
    with hub.waiting([f"flash:{job['id']}"]) as box:
        for event, more in [
            ("started", {}),
            ("progress", {"percent": 7}),
            ("failed", {"detail": "Link lost."}),
        ]:
            with django_capture_on_commit_callbacks(execute=True):
                tell(alice, job, event, **more)
        frames = [dict(box.get(2)) for _ in range(3)]
    hub.close()
    assert [(frame["status"], frame["percent"]) for frame in frames] == [
        ("in_progress", 0), ("in_progress", 7), ("failed", 7),
    ]  # fmt: skip
    assert frames[2] == {
        "type": "FLASH", "jobId": job["id"], "vehicleId": str(bike.pk), "status": "failed", "percent": 7,
        "detail": "Link lost.", "restoreBackupId": str(backup.pk),
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_flash_jobs_at_once_are_one(garage_plugs):
    shop, _ = garage_plugs
    with as_system("test"):
        alice = make_user("alice")
        bike = make_vehicle(alice)
        make_backup(bike)
        key = uuid7()
        shop.tunes[key] = stored(make_user("tara"), TUNE, "tune_version")
        clients = [login(alice) for _ in range(4)]

    def once(client):
        try:
            return client.post(JOBS, wish(bike, key)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(once, clients)) == [201, 409, 409, 409]
    with as_system("test"):
        assert FlashJob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_word_four_times_at_once_is_one_event(garage_plugs):
    with as_system("test"):
        alice = make_user("alice")
        bike = make_vehicle(alice)
        backup = make_backup(bike)
        clients = [login(alice) for _ in range(4)]
    job = queued(clients[0], bike, backup.pk, kind="backup")

    def once(client):
        try:
            return tell(client, job, "started", client_event_id="same")["applied"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(once, clients)) == [False, False, False, True]
    with as_system("test"):
        assert FlashEvent.objects.count() == 1
