"""What a store of blobs can do: the port that both of ours keep."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol
from uuid import UUID

from core.errors import DomainError, Unavailable

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class UploadOrder:
    """One upload to come. `size` in bytes or None, `sha256` hexadecimal or "": when given they are signed in."""

    file_id: UUID
    owner_id: UUID
    key: str
    content_type: str
    size: int | None
    sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """Where to PUT the bytes, and the headers that must go with them."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class SignedUrl:
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Blob:
    """What was measured: bytes, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


class BlobAbsent(Exception):
    """There is nothing under this key."""


class BlobTooLarge(Exception):
    """More bytes than allowed."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"more than {limit} bytes")


class StorageUnavailable(Unavailable):
    code, message = "storage_unavailable", "The file store does not answer. Please try again in a moment."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class LinkInvalid(DomainError):
    """A signed URL that was changed, made up, or has expired."""

    code, status, message = "link_invalid", 403, "This link is not valid or has expired."


class Source(Protocol):
    """What bytes are read from: a file, or the body of a request."""

    def read(self, size: int, /) -> bytes: ...


class Store(Protocol):
    """Blobs by key. Keys are made by us; a key is written once, but for `incoming/` ones."""

    def sign_upload(self, order: UploadOrder) -> SignedUpload:
        """A URL that takes one PUT of these bytes until `order.expires_at`."""
        ...

    def sign_download(self, key: str, *, filename: str, content_type: str, expires_at: datetime) -> str:
        """A URL that gives the blob as an attachment of this name until then."""
        ...

    def snapshot(self, source: str, target: str, *, limit: int) -> Blob:
        """Copy a blob to a new key, where no late upload can change it, and measure the copy.

        Raises BlobAbsent, BlobTooLarge.
        """
        ...

    def write(self, key: str, data: bytes, *, content_type: str) -> None: ...

    def open(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """Its bytes as a stream. Raises BlobAbsent on entry."""
        ...

    def delete(self, key: str) -> None:
        """Absent already is well."""
        ...

    def address(self, key: str) -> str | None:
        """Where everybody finds a public blob without a signature, or None: we deliver it."""
        ...

    def ready(self) -> bool:
        """Can it be written to?"""
        ...
