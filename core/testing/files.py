"""Uploads as a client makes them, for the tests of every app."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import requests

from core.files import services
from core.rls import as_user

if TYPE_CHECKING:
    from core.models import StoredFile


def put(client: Any, url: str, data: bytes, headers: dict[str, str]) -> int:
    """The status of a PUT to a signed URL: of ours through the test client, of an S3 store over the network."""
    if "/api/v1/files/upload/" in url:
        path = url.partition("://")[2].partition("/")[2]
        return int(client.put(f"/{path}", data=data, content_type=headers["Content-Type"]).status_code)
    return requests.put(url, data=data, headers=headers, timeout=5).status_code


def upload(client: Any, data: bytes, **wanted: Any) -> dict[str, Any]:
    """Presign, PUT, complete by REST; what `complete/` answers. Size and SHA-256 are announced."""
    body = {
        "filename": "file.bin",
        "content_type": "application/octet-stream",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        **wanted,
    }
    ticket = client.post("/api/v1/files/presign/", body).json()
    assert put(client, ticket["url"], data, ticket["headers"]) == 200
    done = client.post(f"/api/v1/files/{ticket['file_id']}/complete/")
    assert done.status_code == 200, done.json()
    answer: dict[str, Any] = done.json()
    return answer


def stored(owner: Any, data: bytes, purpose: str = "attachment", **wanted: Any) -> StoredFile:
    """A complete file of this owner, without the way there."""
    facts = {"filename": "file.bin", "content_type": "application/octet-stream", **wanted}
    with as_user(owner):
        return services.put_bytes(owner.pk, purpose, facts["filename"], facts["content_type"], data)
