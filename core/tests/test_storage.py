"""Both stores keep the same port; S3 is spoken over the network, to a server of its own."""

import base64
import hashlib
import io
import os
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from PIL import Image

from core import clock, health
from core.files import services
from core.files.errors import FileMismatch
from core.files.pictures import MAX_EDGE, NotAPicture, clean_picture
from core.ids import uuid7
from core.models import StoredFile
from core.rls import as_user
from core.storage import BlobAbsent, BlobTooLarge, LocalStore, S3Store, StorageUnavailable, UploadOrder, store
from core.testing.files import put, stored, upload
from tests.cast import make_user

BYTES = os.urandom(600_000)
SHA = hashlib.sha256(BYTES).hexdigest()
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def bucket():
    """An S3 store of its own at the moto server."""
    options = {
        "access_key": "tests",
        "secret_key": "tests-secret",
        "bucket": f"revsync-{uuid4().hex[:12]}",
        "region": "eu-central-1",
        "endpoint": os.environ["TEST_S3_ENDPOINT"],
        "public_domain": "",
    }
    made = S3Store(options)
    made.client.create_bucket(
        Bucket=options["bucket"], CreateBucketConfiguration={"LocationConstraint": options["region"]}
    )
    yield options
    made.client.close()


@pytest.fixture
def on_s3(bucket, settings):
    settings.USE_S3, settings.S3 = True, bucket
    return store()


@pytest.fixture(params=["local", "s3"])
def shop(request, tmp_path):
    """Each store in turn."""
    if request.param == "local":
        return LocalStore(tmp_path)
    return S3Store(request.getfixturevalue("bucket"))


def key(folder="document"):
    return f"{folder}/{uuid7().hex}"


def order(**fields):
    base = {
        "file_id": uuid4(),
        "owner_id": uuid4(),
        "key": key("incoming"),
        "content_type": "application/octet-stream",
        "size": None,
        "sha256": "",
        "expires_at": clock.now() + HOUR,
    }
    return UploadOrder(**base | fields)


# -- What both promise


def test_a_blob_comes_back_as_it_went(shop):
    name = key()
    shop.write(name, BYTES, content_type="application/pdf")
    with shop.open(name) as stream:
        assert stream.read(10) + stream.read() == BYTES
    shop.delete(name)
    shop.delete(name)
    with pytest.raises(BlobAbsent), shop.open(name):
        raise AssertionError
    assert shop.ready()


def test_a_snapshot_is_measured_and_never_changes(shop):
    late, kept = key("incoming"), key()
    shop.write(late, BYTES, content_type="text/plain")
    blob = shop.snapshot(late, kept, limit=len(BYTES))
    assert (blob.size, blob.sha256) == (len(BYTES), SHA)
    shop.write(late, b"something else", content_type="text/plain")
    with shop.open(kept) as stream:
        assert stream.read() == BYTES


def test_a_snapshot_of_nothing_or_of_too_much_is_refused(shop):
    with pytest.raises(BlobAbsent):
        shop.snapshot(key("incoming"), key(), limit=10)
    late = key("incoming")
    shop.write(late, b"12345678901", content_type="text/plain")
    with pytest.raises(BlobTooLarge):
        shop.snapshot(late, key(), limit=10)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "document/../../x", "document/a\x00b", "", "x" * 40]
)
def test_only_keys_of_our_own_shape_have_a_place(name, tmp_path):
    with pytest.raises(ValueError, match="no key of ours"):
        LocalStore(tmp_path).path(name)


def test_a_file_system_without_links_copies(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(1, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    local, late = LocalStore(tmp_path), key("incoming")
    local.write(late, BYTES, content_type="text/plain")
    assert local.snapshot(late, key(), limit=len(BYTES)).sha256 == SHA


def test_a_full_disk_is_our_trouble(tmp_path):
    local = LocalStore(tmp_path)
    (tmp_path / "incoming").mkdir()

    class Full(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageUnavailable), local.receiving(key("incoming"), Full(), limit=10):
        raise AssertionError
    assert list((tmp_path / "incoming").iterdir()) == []


# -- S3


def test_what_is_promised_stands_inside_the_signature(bucket):
    shop = S3Store(bucket)
    signed = shop.sign_upload(order(size=len(BYTES), sha256=SHA))
    query = parse_qs(urlsplit(signed.url).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host;x-amz-checksum-sha256"]
    assert 3590 <= int(query["X-Amz-Expires"][0]) <= 3600
    assert "x-amz-checksum-crc32" not in signed.url.lower()
    assert signed.headers == {
        "Content-Type": "application/octet-stream",
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(SHA)).decode(),
    }
    bare = parse_qs(urlsplit(shop.sign_upload(order()).url).query)
    assert bare["X-Amz-SignedHeaders"] == ["content-type;host"]


def test_aws_itself_is_addressed_by_bucket(bucket):
    aws = S3Store(bucket | {"endpoint": "", "public_domain": "cdn.example"})
    host = f"{bucket['bucket']}.s3.amazonaws.com"
    assert urlsplit(aws.sign_upload(order()).url).hostname in {
        host,
        host.replace(".s3.", ".s3.eu-central-1."),
    }
    assert aws.address("photo/aa/" + "0" * 32) == "https://cdn.example/photo/aa/" + "0" * 32
    aws.client.close()


@pytest.mark.django_db
@pytest.mark.parametrize("promised", [True, False])
def test_the_journey_of_a_file_on_s3(promised, on_s3, client_for):
    alice = client_for(make_user("alice"))
    body = {"filename": "Zündung.bin", "content_type": "application/octet-stream", "purpose": "ecu_backup"}
    body |= {"size": len(BYTES), "sha256": SHA} if promised else {}
    ticket = alice.post("/api/v1/files/presign/", body).json()
    assert ticket["url"].startswith(os.environ["TEST_S3_ENDPOINT"])
    path = f"/api/v1/files/{ticket['file_id']}/"
    assert alice.post(f"{path}complete/").status_code == 409
    assert put(None, ticket["url"], BYTES, ticket["headers"]) == 200
    done = alice.post(f"{path}complete/").json()
    assert (done["size"], done["sha256"]) == (len(BYTES), SHA)
    got = requests.get(done["url"], timeout=5)
    assert got.content == BYTES
    assert got.headers["Content-Disposition"] == "attachment; filename*=utf-8''Z%C3%BCndung.bin"
    assert got.headers["Content-Type"] == "application/octet-stream"
    # A late PUT to the same URL hits only the landing place.
    assert put(None, ticket["url"], BYTES[::-1] if not promised else BYTES, ticket["headers"]) == 200
    file = StoredFile.objects.get(pk=ticket["file_id"])
    assert services.read_bytes(file, len(BYTES)) == BYTES
    assert alice.post(f"{path}complete/").json()["sha256"] == SHA
    assert alice.put("/api/v1/files/upload/x/", data=b"1", content_type="text/plain").status_code == 404
    assert alice.get("/api/v1/files/download/x/").status_code == 404


@pytest.mark.django_db
def test_other_bytes_on_s3_are_found_out_and_leave_nothing(on_s3):
    alice = make_user("alice")
    with as_user(alice):
        made = services.presign(
            alice.pk,
            filename="a.bin",
            content_type="text/plain",
            size=5,
            sha256=hashlib.sha256(b"right").hexdigest(),
        )
    on_s3.write(made.file.incoming_key, b"wrong", content_type="text/plain")  # a store that checks nothing
    with pytest.raises(FileMismatch) as refusal:
        services.complete(alice.pk, made.file.id)
    assert list(refusal.value.fields) == ["sha256"]
    on_s3.write(made.file.incoming_key, b"right", content_type="text/plain")
    assert services.complete(alice.pk, made.file.id).size == 5
    names = [
        row["Key"]
        for row in on_s3.client.list_objects_v2(Bucket=on_s3.bucket, Prefix="attachment/")["Contents"]
    ]
    assert names == [StoredFile.objects.get(pk=made.file.id).key]


def test_a_store_that_cannot_hash_is_read_through(bucket, monkeypatch):
    shop = S3Store(bucket)
    late = key("incoming")
    shop.write(late, BYTES, content_type="text/plain")
    head = shop.client.head_object

    def forgetful(**wanted):
        answer = head(**wanted)
        answer.pop("ChecksumSHA256", None)
        return answer

    monkeypatch.setattr(shop.client, "head_object", forgetful)
    assert shop.snapshot(late, key(), limit=len(BYTES)).sha256 == SHA


@pytest.mark.django_db
def test_a_store_that_is_down_is_a_503(bucket, settings, client_for, monkeypatch):
    settings.USE_S3, settings.S3 = True, bucket | {"endpoint": "http://127.0.0.1:9", "bucket": "nowhere"}
    alice = client_for(make_user("alice"))
    ticket = alice.post("/api/v1/files/presign/", {"filename": "a.txt", "content_type": "text/plain"}).json()
    answer = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (
        503,
        "storage_unavailable",
        "5",
    )
    assert not health._passes(health.CHECKS["storage"])
    store().client.close()


@pytest.mark.django_db
def test_readiness_asks_the_store(on_s3):
    assert health._passes(health.CHECKS["storage"])


# -- Pictures


def picture(kind="JPEG", size=(40, 20), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, 120).save(out, kind, **options)
    return out.getvalue()


def located():
    """Taken somewhere, with the phone upside down."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[2] = (45.0, 58.0, 0.0)  # latitude
    return picture(exif=exif, comment=b"at home")


def test_a_photo_tells_nothing_of_where_it_was_taken():
    assert Image.open(io.BytesIO(located())).getexif().get_ifd(0x8825)
    clean = Image.open(io.BytesIO(clean_picture(located(), "image/jpeg")))
    assert (clean.size, dict(clean.getexif())) == ((20, 40), {})
    assert "comment" not in clean.info


@pytest.mark.parametrize(
    "kind,mode", [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA"), ("PNG", "I;16"), ("WEBP", "RGBA"), ("JPEG", "CMYK"), ("JPEG", "L")]
)  # fmt: skip
def test_pictures_of_all_kinds_stay_what_they_are(kind, mode):
    clean = Image.open(io.BytesIO(clean_picture(picture(kind, mode=mode), f"image/{kind.lower()}")))
    assert (clean.format, clean.size) == (kind, (40, 20))


def test_large_pictures_are_scaled_down():
    clean = Image.open(io.BytesIO(clean_picture(picture(size=(MAX_EDGE * 2, 100)), "image/jpeg")))
    assert clean.size == (MAX_EDGE, 50)


@pytest.mark.parametrize(
    "data,kind",
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png"),
        (picture("PNG"), "image/jpeg"),
        (picture()[:200], "image/jpeg"),
        (b"", "image/webp"),
        (picture("PNG", size=(30_000, 30_000), mode="1"), "image/png"),
    ],
)
def test_what_is_no_picture_is_refused(data, kind):
    with pytest.raises(NotAPicture):
        clean_picture(data, kind)


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_photo_has_a_lasting_public_address(where, request, settings, tmp_path, client_for, anyone):
    settings.MEDIA_ROOT = tmp_path
    if where == "s3":
        request.getfixturevalue("on_s3")
    alice = client_for(make_user("alice"))
    wanted = {"filename": "bike.jpg", "content_type": "image/jpeg", "purpose": "photo"}
    ticket = alice.post("/api/v1/files/presign/", wanted).json()
    address = ticket["public_url"].removeprefix("http://testserver")
    assert anyone.get(address).status_code == 404
    put(alice, ticket["url"], located(), ticket["headers"])
    done = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/").json()
    assert done["sha256"] != hashlib.sha256(located()).hexdigest()
    shown = anyone.get(address)
    if where == "local":
        data = b"".join(shown.streaming_content)
        assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "public, max-age=3600")
        assert not shown.has_header("Content-Disposition")
    else:
        assert shown.status_code == 302
        data = requests.get(shown["Location"], timeout=5).content
    assert hashlib.sha256(data).hexdigest() == done["sha256"]
    assert alice.delete(f"/api/v1/files/{done['id']}/").status_code == 204
    assert anyone.get(address).status_code == 404


@pytest.mark.django_db
def test_what_only_calls_itself_a_picture_never_completes(settings, tmp_path, client_for):
    settings.MEDIA_ROOT = tmp_path
    alice = client_for(make_user("alice"))
    wanted = {"filename": "bike.jpg", "content_type": "image/jpeg", "purpose": "photo"}
    ticket = alice.post("/api/v1/files/presign/", wanted).json()
    put(alice, ticket["url"], b"<script>alert(1)</script>", ticket["headers"])
    answer = alice.post(f"/api/v1/files/{ticket['file_id']}/complete/")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["content_type"])
    assert StoredFile.objects.get().state == "pending"


@pytest.mark.django_db
def test_helpers_of_other_tests_work(settings, tmp_path, client_for):
    settings.MEDIA_ROOT = tmp_path
    alice = make_user("alice")
    assert stored(alice, BYTES, "tune_version").sha256 == upload(client_for(alice), BYTES)["sha256"] == SHA
