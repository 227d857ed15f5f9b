"""Files: promised, uploaded, checked, used, deleted; and all that can be tried on the way."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections
from django.test import AsyncClient, override_settings
from drf_spectacular.generators import SchemaGenerator

from core import clock
from core.clock import held_at
from core.errors import Invalid, PayloadTooLarge
from core.files import retention, services
from core.files.errors import FileNotComplete, FileUnavailable
from core.models import StoredFile
from core.ports import file_holders
from core.rls import as_system, as_user
from core.storage import store
from core.tasks import purge_files
from core.testing.client import RiderClient
from core.testing.files import put, stored, upload
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db

PRESIGN = "/api/v1/files/presign/"
MAP = bytes(range(256)) * 40
SHA = hashlib.sha256(MAP).hexdigest()
WANTED = {"filename": "stock.bin", "content_type": "application/octet-stream", "purpose": "ecu_backup"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


def presigned(client, **wanted):
    answer = client.post(PRESIGN, WANTED | wanted)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def local(url):
    assert url.startswith("http://testserver/api/v1/files/"), url
    return url.removeprefix("http://testserver")


def blobs(tmp_path):
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


def body_of(response):
    return b"".join(response.streaming_content)


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


# -- Deleting


def test_a_deleted_file_is_gone_for_its_owner_and_its_blob_a_month_later(alice, tmp_path):
    done = upload(alice, MAP, **WANTED)
    path = f"/api/v1/files/{done['id']}/"
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == 404
    assert alice.delete(path).status_code == 404
    assert len(blobs(tmp_path)) == 1
    with held_at(clock.now() + timedelta(days=31)):
        purge_files(0)
    assert blobs(tmp_path) == []
    stub = StoredFile.objects.get(pk=done["id"])
    assert (stub.key, stub.filename, stub.expires_at) == ("", "", None)


def test_what_is_held_stays(alice, monkeypatch):
    done = upload(alice, MAP, **WANTED)
    asked = []

    class Vault:
        def holds(self, file_id):
            asked.append(str(file_id))
            return True

    monkeypatch.setattr(file_holders, "_plugs", {"vault": Vault()})
    answer = alice.delete(f"/api/v1/files/{done['id']}/")
    assert (answer.status_code, answer.json()["code"], asked) == (409, "file_in_use", [done["id"]])
    assert alice.get(f"/api/v1/files/{done['id']}/").status_code == 200


def test_uploads_that_nobody_finished_are_forgotten(alice, anyone, tmp_path):
    ticket = presigned(alice)
    put(anyone, ticket["url"], MAP, ticket["headers"])
    kept = upload(alice, MAP, **WANTED)
    purge_files(0)
    assert StoredFile.objects.count() == 2
    with held_at(clock.now() + timedelta(days=2)):
        purge_files(0)
        purge_files(0)
    assert [str(file.id) for file in StoredFile.objects.all()] == [kept["id"]]
    assert blobs(tmp_path) == [StoredFile.objects.get().key]


def test_erasure_leaves_nothing_of_a_person(alice, bob, tmp_path):
    upload(alice, MAP, **WANTED)
    presigned(alice)
    his = upload(bob, MAP, **WANTED)
    assert retention.erase(make_user("alice").pk) == 2
    assert blobs(tmp_path) == [StoredFile.objects.get(pk=his["id"]).key]
    assert list(StoredFile.objects.filter(owner_id=make_user("alice").pk).values_list("key", "filename")) == [
        ("", "")
    ]


# -- What other apps use


def test_claim_takes_only_what_fits():
    alice, bob = make_user("alice"), make_user("bob")
    file = stored(alice, MAP, "ecu_backup")
    with as_user(alice):
        pending = services.presign(alice.pk, filename="a.bin", content_type="text/plain").file
        assert services.claim(alice.pk, file.id, purpose="ecu_backup").sha256 == SHA
        for wrong, purpose in [
            (uuid4(), "ecu_backup"),
            (pending.id, "attachment"),
            (file.id, "tune_version"),
        ]:
            with pytest.raises(Invalid) as refusal:
                services.claim(alice.pk, wrong, purpose=purpose)
            assert list(refusal.value.fields) == ["file_id"]
        with pytest.raises(FileNotComplete):
            services.signed_download(pending)
    with as_user(bob), pytest.raises(Invalid):
        services.claim(bob.pk, file.id, purpose="ecu_backup")


def test_read_bytes_trusts_nothing(tmp_path):
    file = stored(make_user("alice"), MAP, "ecu_backup")
    assert services.read_bytes(file, len(MAP)) == MAP
    with pytest.raises(PayloadTooLarge):
        services.read_bytes(file, len(MAP) - 1)
    (tmp_path / file.key).write_bytes(MAP[::-1])
    with pytest.raises(FileUnavailable):
        services.read_bytes(file, len(MAP))
    store().delete(file.key)
    with pytest.raises(FileUnavailable), services.open_stream(file):
        raise AssertionError


def test_a_download_may_be_renamed_and_last_longer(anyone):
    file = stored(make_user("alice"), MAP)
    until = clock.now() + timedelta(hours=24)
    link = services.signed_download(file, filename="export.zip", expires=until)
    assert link.expires_at == until
    with override_settings(PUBLIC_URL="https://revsync.example"):
        assert services.signed_download(file).url.startswith("https://revsync.example/api/v1/files/download/")
    path = "/api" + link.url.partition("/api")[2]
    with held_at(clock.now() + timedelta(hours=23)):
        assert anyone.get(path)["Content-Disposition"] == 'attachment; filename="export.zip"'


@pytest.mark.parametrize(
    "purpose,name,kind,data,field",
    [
        ("ecu_backup", "a.bin", "image/png", MAP, "content_type"),
        ("ecu_backup", "a.bin", "text/plain", b"", "size"),
        ("ecu_backup", "\x00", "text/plain", MAP, "filename"),
        ("nothing", "a.bin", "text/plain", MAP, "purpose"),
    ],
)
def test_the_server_keeps_its_own_rules(purpose, name, kind, data, field, tmp_path):
    with pytest.raises(Invalid) as refusal:
        services.put_bytes(make_user("alice").pk, purpose, name, kind, data)
    assert list(refusal.value.fields) == [field]
    assert (StoredFile.objects.count(), blobs(tmp_path)) == (0, [])


# -- Races


@pytest.mark.django_db(transaction=True)
def test_uploads_and_completions_at_once_end_in_one_whole_file(tmp_path):
    with as_system("test"):
        alice = make_user("alice")
        token = login(alice)
    ticket = presigned(token)
    versions = [bytes([n]) * 400_000 for n in range(4)]

    def send(data):
        try:
            return put(RiderClient(), ticket["url"], data, ticket["headers"])
        finally:
            connections.close_all()

    def complete(_):
        try:
            return services.complete(alice.pk, ticket["file_id"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, versions)) == [200] * 4
        files = list(pool.map(complete, range(4)))
    assert len({(file.key, file.sha256) for file in files}) == 1
    assert services.read_bytes(files[0], 400_000) in versions
    assert blobs(tmp_path) == [files[0].key]


# -- Staff


def test_staff_see_names_and_sizes(alice, desk):
    upload(alice, MAP, **WANTED)
    page = desk.get("/admin/core/storedfile/").content.decode()
    for words in ("stock.bin", "Alice Test", "10.0\xa0KB", "ECU backup"):
        assert words in page
    file = StoredFile.objects.get()
    detail = desk.get(f"/admin/core/storedfile/{file.pk}/change/").content.decode()
    assert "Alice Test" in detail
    assert str(file.owner_id) not in detail
    assert desk.get("/admin/core/storedfile/add/").status_code == 403


# -- Servers and schema


def test_a_download_streams_under_asgi_too(tmp_path):
    """In one process with the websockets nothing may read a disk on the loop."""
    key = f"document/{uuid4().hex}"
    store().write(key, MAP, content_type="text/plain")
    url = store().sign_download(
        key, filename="a.bin", content_type="text/plain", expires_at=clock.now() + timedelta(hours=1)
    )

    async def get(**headers):
        answer = await AsyncClient().get("/api" + url.partition("/api")[2], headers=headers)
        assert answer.is_async
        return answer.status_code, b"".join([piece async for piece in answer.streaming_content])

    assert asyncio.run(get()) == (200, MAP)
    assert asyncio.run(get(range="bytes=10-19")) == (206, MAP[10:20])


def test_the_schema_tells_clients_what_they_need():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    assert set(paths["/api/v1/files/{file_id}/"]) == {"get", "delete"}
    assert {"/api/v1/files/presign/", "/api/v1/files/{file_id}/complete/"} < set(paths)
    assert not [path for path in paths if "/upload/" in path or "/download/{token}" in path]
