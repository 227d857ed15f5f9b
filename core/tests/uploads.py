"""What the tests of files have in common."""

import hashlib

PRESIGN = "/api/v1/files/presign/"
MAP = bytes(range(256)) * 40
SHA = hashlib.sha256(MAP).hexdigest()
WANTED = {"filename": "stock.bin", "content_type": "application/octet-stream", "purpose": "ecu_backup"}


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
