"""Where blobs live: a local folder, or any S3-compatible store (settings.USE_S3). Both sign real URLs."""

from functools import cache

from django.conf import settings

from core.storage.base import (
    Blob,
    BlobAbsent,
    BlobTooLarge,
    LinkInvalid,
    SignedUpload,
    SignedUrl,
    Source,
    StorageUnavailable,
    Store,
    UploadOrder,
)
from core.storage.local import LocalStore
from core.storage.s3 import S3Store

__all__ = [
    "Blob",
    "BlobAbsent",
    "BlobTooLarge",
    "LinkInvalid",
    "LocalStore",
    "S3Store",
    "SignedUpload",
    "SignedUrl",
    "Source",
    "StorageUnavailable",
    "Store",
    "UploadOrder",
    "store",
]


def store() -> Store:
    """The store that the settings name."""
    return _s3(tuple(settings.S3.items())) if settings.USE_S3 else LocalStore(settings.MEDIA_ROOT)


@cache
def _s3(options: tuple[tuple[str, str], ...]) -> S3Store:
    """One client a process: it takes a fifth of a second to make, and threads may share it."""
    return S3Store(dict(options))
