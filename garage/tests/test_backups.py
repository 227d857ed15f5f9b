"""ECU backups: what was uploaded is what is kept; read, deduplicated, given back, and not lost."""

import hashlib
import io
import zipfile
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from core.errors import Unavailable
from core.models import AuditEvent
from core.testing.counting import statements
from core.testing.files import upload
from garage.models import BackupState, EcuBackup
from garage.ports import file_readers
from garage.tasks import verify_backup
from garage.tests.making import IMAGE, make_backup, make_vehicle
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("garage_plugs")]

BACKUPS = "/api/v1/garage/ecu-backups/"
SHA = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


@pytest.fixture
def bike():
    return make_vehicle(make_user("alice"))


def saved(client, bike, data=IMAGE, **more):
    file = upload(client, data, filename="stock.bin", purpose="ecu_backup")
    body = {"vehicle_id": str(bike.pk), "file_id": file["id"], "sha256": file["sha256"]} | more
    return client.post(BACKUPS, body)


def test_the_journey_of_a_backup(alice, anyone, bike):
    made = saved(alice, bike, size=len(IMAGE))
    assert made.status_code == 201, made.json()
    body = made.json()
    facts = (
        "state",
        "format",
        "family",
        "signature",
        "calibration_id",
        "checksum_ok",
        "sha256",
        "size",
        "filename",
    )
    assert [body[name] for name in facts] == [
        "verified", "bin", "speeduino", "speeduino 202103", "CAL-1", None, SHA, len(IMAGE), "stock.bin",
    ]  # fmt: skip
    assert body["verified_at"].endswith("Z")
    assert alice.get(BACKUPS).json()["results"] == [body]
    assert alice.get(f"{BACKUPS}{body['id']}/").json() == body
    link = alice.post(f"{BACKUPS}{body['id']}/download/")
    assert (link.status_code, link.json()["sha256"], link.json()["size"]) == (200, SHA, len(IMAGE))
    assert link["Cache-Control"] == "no-store"
    bytes_back = anyone.get(link.json()["url"].removeprefix("http://testserver"))
    assert b"".join(bytes_back.streaming_content) == IMAGE
    actions = AuditEvent.objects.filter(action__startswith="backup.").order_by("at", "id")
    assert list(actions.values_list("action", flat=True)) == [
        "backup.save",
        "backup.verify",
        "backup.download",
    ]


def test_the_same_content_is_the_same_backup(alice, bike):
    first = saved(alice, bike).json()
    again = saved(alice, bike)
    assert (again.status_code, again.json()) == (200, first)
    assert saved(alice, make_vehicle(make_user("alice"))).status_code == 201
    assert EcuBackup.objects.count() == 2


def test_what_no_reader_knows_is_kept_and_said(alice, bike):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("bomb", b"\0" * 5_000_000)
    for data in (archive.getvalue(), b"MZ\x90\x00" + b"x" * 400, b"\x7fELF" + b"x" * 400):
        body = saved(alice, bike, data).json()
        assert (body["state"], body["detail"]) == ("unreadable", "This is no image of an ECU.")
    blank = saved(alice, bike, b"ECU1" + b"\0" * 500).json()
    assert (blank["state"], blank["format"], blank["detail"]) == ("unreadable", "bin", "The image is blank.")


def test_a_busy_reader_is_asked_again_by_the_job(alice, bike, monkeypatch):
    class Busy:
        def read(self, data, filename):
            raise Unavailable

    ready = file_readers._plugs
    monkeypatch.setattr(file_readers, "_plugs", {"busy": Busy()})
    body = saved(alice, bike).json()
    assert body["state"] == "pending"
    assert ProcrastinateJob.objects.get(task_name="garage.verify_backup").args == {"backup_id": body["id"]}
    with pytest.raises(Unavailable):
        verify_backup(body["id"])
    monkeypatch.setattr(file_readers, "_plugs", ready)
    verify_backup(body["id"])
    verify_backup(body["id"])
    assert alice.get(f"{BACKUPS}{body['id']}/").json()["state"] == "verified"
    monkeypatch.setattr(file_readers, "_plugs", {})
    assert saved(alice, bike, IMAGE + b"1").json()["state"] == "pending"


def test_bad_input_names_its_field_and_keeps_nothing(alice, bob, bike):
    file = upload(alice, IMAGE, purpose="ecu_backup")
    photo = upload(alice, IMAGE, purpose="attachment")
    good = {"vehicle_id": str(bike.pk), "file_id": file["id"], "sha256": SHA}
    his = upload(bob, IMAGE + b"!", purpose="ecu_backup")
    pending = alice.post(
        "/api/v1/files/presign/",
        {"filename": "x.bin", "content_type": "application/octet-stream", "purpose": "ecu_backup"},
    ).json()
    for wrong, field in [
        ({"sha256": "0" * 64}, "sha256"),
        ({"sha256": "abc"}, "sha256"),
        ({"size": 3}, "size"),
        ({"size": 0}, "size"),
        ({"file_id": str(uuid4())}, "file_id"),
        ({"file_id": photo["id"]}, "file_id"),
        ({"file_id": pending["file_id"]}, "file_id"),
        ({"file_id": his["id"]}, "file_id"),
        ({"vehicle_id": str(uuid4())}, "vehicle_id"),
        ({"vehicle_id": str(make_vehicle(make_user("bob")).pk)}, "vehicle_id"),
        ({"state": "verified"}, "state"),
    ]:
        answer = alice.post(BACKUPS, good | wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), (wrong, answer.json())
    assert EcuBackup.objects.count() == 0
    assert alice.post(BACKUPS, good | {"sha256": SHA.upper()}).status_code == 201


def test_bob_finds_no_door(alice, bob, bike):
    backup = saved(alice, bike).json()
    url = f"{BACKUPS}{backup['id']}/"
    assert [
        bob.get(url).status_code,
        bob.delete(url).status_code,
        bob.post(f"{url}download/").status_code,
    ] == [404] * 3
    assert bob.get(BACKUPS).json()["results"] == []
    assert bob.get(f"{BACKUPS}?vehicle_id={bike.pk}").json()["results"] == []


def test_a_backup_is_immutable(alice, bike):
    backup = make_backup(bike)
    assert alice.patch(f"{BACKUPS}{backup.pk}/", {"state": "pending"}).status_code == 405
    for column, value in [
        ("sha256", "0" * 64),
        ("size", 1),
        ("file_id", uuid4()),
        ("state", BackupState.PENDING),
    ]:
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            EcuBackup.objects.filter(pk=backup.pk).update(**{column: value})
    assert EcuBackup.objects.get(pk=backup.pk).sha256 == SHA


def test_the_first_and_the_newest_verified_one_stay(alice, bike):
    first = make_backup(bike, b"nothing", BackupState.UNREADABLE)
    middle = make_backup(bike, IMAGE)
    newest = make_backup(bike, IMAGE + b"2")
    junk = make_backup(bike, b"junk", BackupState.UNREADABLE)
    answers = {row: alice.delete(f"{BACKUPS}{row.pk}/") for row in (first, newest, middle, junk)}
    assert [answer.status_code for answer in answers.values()] == [409, 409, 204, 204]
    assert answers[first].json()["code"] == "backup_kept"
    held = alice.delete(f"/api/v1/files/{newest.file_id}/")
    assert (held.status_code, held.json()["code"]) == (409, "file_in_use")
    assert {row["id"] for row in alice.get(BACKUPS).json()["results"]} == {str(first.pk), str(newest.pk)}
    assert alice.delete(f"/api/v1/garage/vehicles/{bike.pk}/").status_code == 204
    assert alice.get(BACKUPS).json()["results"] == []


def test_filters(alice, bike):
    other = make_backup(make_vehicle(make_user("alice")), b"x", BackupState.UNREADABLE)
    mine = make_backup(bike)
    for query, found in [(f"vehicle_id={bike.pk}", mine), ("state=unreadable", other)]:
        assert [row["id"] for row in alice.get(f"{BACKUPS}?{query}").json()["results"]] == [str(found.pk)]
    for bad in ("vehicle_id=x", "state=fine"):
        assert alice.get(f"{BACKUPS}?{bad}").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_for_one_and_three(count, alice, bike):
    for number in range(count):
        make_backup(bike, IMAGE + bytes([number]))
    with statements() as told:
        assert len(alice.get(BACKUPS).json()["results"]) == count
    assert len([line for line in told if "garage_ecubackup" in line]) == 1
