"""A small client of the API, as a phone would have it: tokens, uploads, and errors that explain themselves."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import httpx


class Refused(Exception):
    """The server said no, in its one shape of errors."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(f"{status} {body.get('code', '')}: {body.get('error', '')}")


class Client:
    """One person at one server. Every POST carries an idempotency key, so a repeat has no second effect."""

    def __init__(self, base: str) -> None:
        self.http = httpx.Client(base_url=f"{base}/api/v1/", timeout=30)

    def login(self, email: str, password: str) -> None:
        self._enter(self.post("auth/login/", email=email, password=password))

    def register(self, email: str, password: str, name: str) -> None:
        self._enter(self.post("auth/register/", email=email, password=password, name=name))

    def _enter(self, answer: dict[str, Any]) -> None:
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path: str, **query: Any) -> Any:
        return self._read(self.http.get(path, params=query))

    def post(self, path: str, **body: Any) -> Any:
        return self._read(self.http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())}))

    def upload(self, data: bytes, name: str, purpose: str) -> dict[str, Any]:
        """Promise, put, complete: what every file goes through. Answers file id and SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        promise = self.post(
            "files/presign/",
            filename=name,
            content_type="application/octet-stream",
            size=len(data),
            sha256=digest,
            purpose=purpose,
        )
        put = httpx.put(promise["url"], content=data, headers=promise["headers"], timeout=30)
        if put.is_error:
            raise Refused(put.status_code, put.json())
        self.post(f"files/{promise['file_id']}/complete/")
        return {"file_id": promise["file_id"], "sha256": digest}

    def fetch(self, url: str) -> bytes:
        """The bytes behind a signed address."""
        answer = httpx.get(url, timeout=30)
        answer.raise_for_status()
        return answer.content

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        if answer.is_error:
            raise Refused(answer.status_code, answer.json())
        return answer.json() if answer.content else None
