"""The tokens inside local signed URLs: what they allow, until when, signed with FILES_KEY."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing

from core import clock
from core.storage.base import LinkInvalid, UploadOrder


@dataclass(frozen=True, slots=True)
class UploadRight:
    """One PUT into one pending file of one owner."""

    file_id: UUID
    owner_id: UUID


@dataclass(frozen=True, slots=True)
class DownloadRight:
    key: str
    filename: str
    content_type: str


def upload_token(order: UploadOrder) -> str:
    return _sign("upload", [order.file_id.hex, order.owner_id.hex], order.expires_at)


def read_upload_token(token: str) -> UploadRight:
    """Raises LinkInvalid for a token that is forged, expired, or for something else."""
    file_id, owner_id = _read("upload", token)
    return UploadRight(UUID(hex=file_id), UUID(hex=owner_id))


def download_token(key: str, *, filename: str, content_type: str, expires_at: datetime) -> str:
    return _sign("download", [key, filename, content_type], expires_at)


def read_download_token(token: str) -> DownloadRight:
    """Raises LinkInvalid, as above."""
    return DownloadRight(*_read("download", token))


def _signer(use: str) -> signing.Signer:
    return signing.Signer(key=settings.FILES_KEY, salt=f"core.files.{use}")


def _sign(use: str, what: list[str], expires_at: datetime) -> str:
    return _signer(use).sign_object([int(expires_at.timestamp()), *what], compress=True)


def _read(use: str, token: str) -> list[str]:
    try:
        expires, *what = _signer(use).unsign_object(token)
    except signing.BadSignature:
        raise LinkInvalid from None
    if expires <= clock.now().timestamp():
        raise LinkInvalid
    return list(what)
