"""Files: promised, uploaded, checked, used, deleted; and all that can be tried on the way."""

import hashlib
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import override_settings

from core import clock
from core.clock import held_at
from core.errors import PayloadTooLarge
from core.files import services
from core.models import StoredFile
from core.rls import as_user
from core.testing.files import put, upload
from core.tests.uploads import MAP, PRESIGN, SHA, WANTED, blobs, body_of, local, presigned
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


def test_the_journey_of_a_file(alice, anyone, tmp_path):
    ticket = presigned(alice, size=len(MAP), sha256=SHA)
    assert set(ticket) == {"url", "method", "headers", "file_id", "public_url", "expires_at"}
    assert (ticket["method"], ticket["public_url"]) == ("PUT", None)
    assert ticket["headers"] == {"Content-Type": "application/octet-stream"}
    assert ticket["expires_at"].endswith("Z")
    assert put(anyone, ticket["url"], MAP, ticket["headers"]) == 200
    done = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/")
    assert done.status_code == 200
    shown = done.json()
    link = shown.pop("url")
    assert shown.pop("expires_at").endswith("Z")
    assert shown == {
        "id": ticket["file_id"],
        "filename": "stock.bin",
        "content_type": "application/octet-stream",
        "size": len(MAP),
        "sha256": SHA,
    }
    got = anyone.get(local(link), headers={"accept": "image/png"})
    assert (got.status_code, body_of(got)) == (200, MAP)
    assert got["Content-Disposition"] == 'attachment; filename="stock.bin"'
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Length"] == str(len(MAP))
    assert len(blobs(tmp_path)) == 1
    assert not blobs(tmp_path)[0].startswith("incoming/")


def test_complete_may_be_repeated(alice):
    done = upload(alice, MAP, **WANTED)
    before = StoredFile.objects.get(pk=done["id"])
    again = alice.post(f"/api/v1/files/{done['id']}/complete/")
    assert (again.status_code, again.json()["sha256"]) == (200, SHA)
    assert StoredFile.objects.get(pk=done["id"]).rev == before.rev


def test_nothing_uploaded_is_said_so(alice):
    ticket = presigned(alice)
    answer = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/")
    assert (answer.status_code, answer.json()["code"]) == (409, "file_not_uploaded")
    assert list(answer.json()["fields"]) == ["file"]
    shown = alice.get(f"/api/v1/files/{ticket['file_id']}/")
    assert (shown.status_code, shown.json()["code"]) == (409, "file_not_complete")


@pytest.mark.parametrize(
    "wanted,field",
    [
        ({"purpose": "virus"}, "purpose"),
        ({"content_type": "text/html"}, "content_type"),
        ({"content_type": "image/svg+xml", "purpose": "photo"}, "content_type"),
        ({"content_type": "application/pdf", "purpose": "photo"}, "content_type"),
        ({"content_type": "application/octet-stream\r\nX-Evil: 1"}, "content_type"),
        ({"size": 16 * 1024 * 1024 + 1}, "size"),
        ({"size": 0}, "size"),
        ({"size": -5}, "size"),
        ({"size": 10**30}, "size"),
        ({"size": "many"}, "size"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"sha256": "g" * 64}, "sha256"),
        ({"sha256": 7}, "sha256"),
        ({"filename": ""}, "filename"),
        ({"filename": ".."}, "filename"),
        ({"filename": "../"}, "filename"),
        ({"filename": "a\r\nSet-Cookie: x=1"}, "filename"),
        ({"filename": "photo\u202egpj.exe"}, "filename"),
        ({"filename": "x" * 201}, "filename"),
        ({"filename": ["a"]}, "filename"),
        ({"owner_id": str(uuid4())}, "owner_id"),
        ({"key": "incoming/x"}, "key"),
    ],
)
def test_a_wish_that_cannot_be_names_its_field_and_leaves_no_trace(wanted, field, alice):
    answer = alice.post(PRESIGN, WANTED | wanted)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert StoredFile.objects.count() == 0


@pytest.mark.parametrize(
    "given,shown,disposition",
    [
        ("../../etc/passwd", "passwd", 'attachment; filename="passwd"'),
        ("C:\\fakepath\\tune.bin", "tune.bin", 'attachment; filename="tune.bin"'),
        ('a"b;c.bin', 'a"b;c.bin', 'attachment; filename="a\\"b;c.bin"'),
        ("Zündung.bin", "Zündung.bin", "attachment; filename*=utf-8''Z%C3%BCndung.bin"),
        ("マップ.bin", "マップ.bin", "attachment; filename*=utf-8''%E3%83%9E%E3%83%83%E3%83%97.bin"),
        ("Zu\u0308ndung.bin", "Zündung.bin", "attachment; filename*=utf-8''Z%C3%BCndung.bin"),
        ("<script>.bin", "<script>.bin", 'attachment; filename="<script>.bin"'),
    ],
)
def test_a_name_is_only_shown(given, shown, disposition, alice, anyone, tmp_path):
    done = upload(alice, MAP, **WANTED | {"filename": given})
    assert done["filename"] == shown
    assert anyone.get(local(done["url"]))["Content-Disposition"] == disposition
    (only,) = blobs(tmp_path)
    assert only == StoredFile.objects.get().key


def test_a_nul_in_the_name_stops_at_the_parser(alice):
    answer = alice.generic(
        "POST", PRESIGN, '{"filename": "a\\u0000.bin", "content_type": "text/csv"}', "application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


# -- The PUT


@pytest.mark.parametrize("size", [None, len(MAP)])
@pytest.mark.parametrize("extra", [1, 300_000])
def test_more_bytes_than_signed_are_refused(size, extra, alice, anyone, tmp_path):
    wanted = {"size": size} if size else {"purpose": "ecu_backup"}
    ticket = presigned(alice, **wanted)
    data = bytes((size or 16 * 1024 * 1024) + extra)
    assert put(anyone, ticket["url"], data, ticket["headers"]) == 413
    assert blobs(tmp_path) == []
    assert StoredFile.objects.get().state == "pending"


def test_a_body_that_grows_beyond_its_declared_length_is_cut_at_the_limit(alice, tmp_path):
    ticket = presigned(alice, size=10)
    token = ticket["url"].rstrip("/").rpartition("/")[2]
    with Path("/dev/zero").open("rb") as endless, pytest.raises(PayloadTooLarge):
        services.receive(token, endless, content_type="application/octet-stream", length=None)
    assert blobs(tmp_path) == []


@pytest.mark.parametrize(
    "data,kind,field",
    [
        (MAP[:-1], "application/octet-stream", "size"),
        (MAP[:-1] + b"!", "application/octet-stream", "sha256"),
        (MAP, "text/html", "content_type"),
        (b"", "application/octet-stream", "size"),
    ],
)
def test_other_bytes_than_announced_are_refused(data, kind, field, alice, anyone, tmp_path):
    ticket = presigned(alice, size=len(MAP), sha256=SHA)
    answer = anyone.put(local(ticket["url"]), data=data, content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "file_mismatch")
    assert list(answer.json()["fields"]) == [field]
    assert blobs(tmp_path) == []
    assert put(anyone, ticket["url"], MAP, ticket["headers"]) == 200


def test_an_upload_that_breaks_off_is_no_upload(alice, tmp_path):
    ticket = presigned(alice)
    token = ticket["url"].rstrip("/").rpartition("/")[2]
    with (tmp_path / "short").open("wb") as file:
        file.write(MAP)
    with (tmp_path / "short").open("rb") as stream, pytest.raises(services.FileMismatch):
        services.receive(token, stream, content_type="application/octet-stream", length=len(MAP) + 1)
    assert blobs(tmp_path) == ["short"]


def test_a_spent_url_is_refused(alice, anyone):
    ticket = presigned(alice)
    assert put(anyone, ticket["url"], MAP, ticket["headers"]) == 200
    assert put(anyone, ticket["url"], MAP[::-1], ticket["headers"]) == 200  # until it is complete
    done = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/").json()
    assert done["sha256"] == hashlib.sha256(MAP[::-1]).hexdigest()
    late = anyone.put(local(ticket["url"]), data=MAP, content_type="application/octet-stream")
    assert (late.status_code, late.json()["code"]) == (409, "upload_closed")
    assert body_of(anyone.get(local(done["url"]))) == MAP[::-1]


def test_tokens_open_only_what_they_say_and_only_in_time(alice, anyone):
    ticket = presigned(alice)
    done = upload(alice, MAP, **WANTED)
    up, down = local(ticket["url"]), local(done["url"])
    swapped = down.replace("/download/", "/upload/"), up.replace("/upload/", "/download/")
    forged = [up[:-3] + "xx/", up.replace("upload/", "upload/x"), "/api/v1/files/upload/é/", swapped[0]]
    for path in forged:
        answer = anyone.put(path, data=MAP, content_type="application/octet-stream")
        assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid"), path
    assert anyone.get(swapped[1]).status_code == 403
    assert anyone.get(down[:-2] + "/").status_code == 403
    with override_settings(FILES_KEY="another-key-of-at-least-thirty-two-characters"):
        assert anyone.get(down).status_code == 403
    with held_at(clock.now() + timedelta(minutes=16)):
        assert anyone.get(down).status_code == 403
        answer = anyone.put(up, data=MAP, content_type="application/octet-stream")
        assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid")


def test_ranges(alice, anyone):
    down = local(upload(alice, MAP, **WANTED)["url"])
    size = len(MAP)

    def asked(value, **more):
        answer = anyone.get(down, headers={"range": value, **more})
        content = body_of(answer) if answer.streaming else answer.json()["code"]
        return answer.status_code, content, answer.get("Content-Range")

    assert asked("bytes=0-9") == (206, MAP[:10], f"bytes 0-9/{size}")
    assert asked("bytes=100-") == (206, MAP[100:], f"bytes 100-{size - 1}/{size}")
    assert asked("bytes=-7") == (206, MAP[-7:], f"bytes {size - 7}-{size - 1}/{size}")
    assert asked(f"bytes=5-{size * 9}") == (206, MAP[5:], f"bytes 5-{size - 1}/{size}")
    for whole in (
        "bytes=-",
        "bytes=9-5",
        "lines=0-1",
        "bytes=0-1,5-6",
        "bytes=0-" + "9" * 30,
        f"bytes=0-{size}",
    ):
        assert asked(whole) == (200, MAP, None), whole
    for beyond in (f"bytes={size}-", "bytes=-0"):
        assert asked(beyond) == (416, "range_not_satisfiable", f"bytes */{size}")
    tag = anyone.get(down)["ETag"]
    assert asked("bytes=0-9", **{"if-range": tag})[0] == 206
    assert asked("bytes=0-9", **{"if-range": '"old"'})[0] == 200
    head = anyone.head(down)
    assert (head.status_code, head["Content-Length"]) == (200, str(size))


# -- Strangers


def test_bob_finds_no_door(alice, bob, anyone):
    done = upload(alice, MAP, **WANTED)
    pending = presigned(alice)["file_id"]
    for file_id in (done["id"], pending, str(uuid4())):
        for method, path in [("get", ""), ("delete", ""), ("post", "complete/"), ("get", "public/")]:
            answer = getattr(bob, method)(f"/api/v1/files/{file_id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    assert anyone.get(f"/api/v1/files/{done['id']}/").status_code == 401
    assert anyone.post(PRESIGN, WANTED).status_code == 401
    assert StoredFile.objects.filter(deleted_at=None).count() == 2


def test_the_second_wall_holds_when_a_filter_is_forgotten(alice, bob):
    upload(alice, MAP, **WANTED)
    mine = upload(bob, MAP, **WANTED)
    with as_user(make_user("bob")):
        assert [str(file.id) for file in StoredFile.objects.all()] == [mine["id"]]


def test_presigning_is_throttled(alice, settings):
    settings.THROTTLES = settings.THROTTLES | {"presign": "2/min"}
    statuses = [alice.post(PRESIGN, WANTED).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
