"""Blobs in a folder of this machine, behind signed URLs of our own."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from core.ids import uuid7
from core.links import absolute
from core.storage.base import (
    CHUNK,
    Blob,
    BlobAbsent,
    BlobTooLarge,
    SignedUpload,
    Source,
    StorageUnavailable,
    UploadOrder,
)
from core.storage.links import download_token, upload_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

log = logging.getLogger(__name__)

ROUTE = "/api/v1/files"
_KEY = re.compile(
    r"^([a-z_]{1,20}(/[0-9a-f]{2})?/[0-9a-f]{32}"
    r"|[a-z_]{1,20}/[0-9]{4}-[0-9]{2}/[0-9a-f-]{36}/[0-9a-f]{32}\.parquet)$"  # an archive: month, whose
)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


@dataclass(frozen=True, slots=True)
class Received:
    """A whole upload in a file that nobody else knows; it is gone at the end unless it is kept."""

    blob: Blob
    path: Path
    target: Path

    def keep(self) -> None:
        """Put it under its key at one stroke: a reader sees the old bytes or the new ones, never a mixture."""
        self.path.replace(self.target)


class LocalStore:
    def __init__(self, root: Path) -> None:
        self.root = root

    def sign_upload(self, order: UploadOrder) -> SignedUpload:
        url = absolute(f"{ROUTE}/upload/{upload_token(order)}/")
        return SignedUpload(url, {"Content-Type": order.content_type})

    def sign_download(self, key: str, *, filename: str, content_type: str, expires_at: datetime) -> str:
        token = download_token(key, filename=filename, content_type=content_type, expires_at=expires_at)
        return absolute(f"{ROUTE}/download/{token}/")

    @contextmanager
    def receiving(self, key: str, stream: Source, *, limit: int) -> Iterator[Received]:
        """Write a stream to disk and hash it on the way. Raises BlobTooLarge as soon as one byte is too many."""
        target = self.path(key)
        part = target.with_name(f"{target.name}.{uuid7().hex}.part")
        try:
            with _honest_disk():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with part.open("xb") as file:
                    blob = _pour(stream, file, limit)
                    file.flush()
                    os.fsync(file.fileno())
            yield Received(blob, part, target)
        finally:
            part.unlink(missing_ok=True)

    def snapshot(self, source: str, target: str, *, limit: int) -> Blob:
        """A hard link: a later upload replaces the name `source`, not the bytes that `target` names."""
        old, new = self.path(source), self.path(target)
        with _honest_disk():
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                new.hardlink_to(old)
            except FileNotFoundError:
                raise BlobAbsent from None
            except OSError:  # a file system without hard links; the bytes read are still those of one upload
                shutil.copyfile(old, new)
            with new.open("rb") as file:
                return _pour(file, None, limit)

    def write(self, key: str, data: bytes, *, content_type: str) -> None:
        path = self.path(key)
        part = path.with_name(f"{path.name}.part")
        with _honest_disk():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with part.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    @contextmanager
    def open(self, key: str) -> Iterator[IO[bytes]]:
        try:
            file = self.path(key).open("rb")
        except FileNotFoundError:
            raise BlobAbsent from None
        with file:
            yield file

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def address(self, key: str) -> str | None:
        return None

    def ready(self) -> bool:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(self.root, os.W_OK | os.X_OK)

    def path(self, key: str) -> Path:
        """Where a key lies. Only keys of our own shape have a place: nothing here came from a client."""
        if not _KEY.match(key):
            raise ValueError(f"{key!r} is no key of ours.")
        return self.root / key


def _pour(source: Source, sink: IO[bytes] | None, limit: int) -> Blob:
    """All bytes from one to the other, measured."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise BlobTooLarge(limit)
        digest.update(chunk)
        if sink is not None:
            sink.write(chunk)
    return Blob(size, digest.hexdigest())


@contextmanager
def _honest_disk() -> Iterator[None]:
    """A full or broken disk is our trouble, not the client's."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        log.exception("The file store can't be written.")
        raise StorageUnavailable from problem
