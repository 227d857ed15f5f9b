"""Files after their upload: deleted, purged, used by other apps, raced for, seen by staff."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
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
from core.tests.uploads import MAP, SHA, WANTED, blobs, presigned
from tests.cast import login, make_user

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
