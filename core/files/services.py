"""Uploads and files. A file is promised (`presign`), uploaded to the store, checked (`complete`), then `claim`ed."""

from __future__ import annotations

import hashlib
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.http import UnreadablePostError

from core import clock
from core.errors import DomainError, Invalid, NotFound, PayloadTooLarge
from core.files.errors import (
    FileInUse,
    FileMismatch,
    FileNotComplete,
    FileNotUploaded,
    FileUnavailable,
    UploadClosed,
)
from core.files.names import clean_filename
from core.files.pictures import NotAPicture, clean_picture
from core.files.purposes import PURPOSES, Purpose
from core.ids import uuid7
from core.links import absolute
from core.models import FilePurpose, FileState, StoredFile
from core.ports import file_holders
from core.rls import as_system, as_user
from core.storage import (
    Blob,
    BlobAbsent,
    BlobTooLarge,
    LocalStore,
    SignedUpload,
    SignedUrl,
    Source,
    StorageUnavailable,
    UploadOrder,
    store,
)
from core.storage.links import UploadRight, read_upload_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

log = logging.getLogger(__name__)

_SHA256 = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Presigned:
    """A pending file, and where its bytes go."""

    file: StoredFile
    upload: SignedUpload
    public_url: str | None


def presign(
    owner_id: UUID,
    *,
    filename: str,
    content_type: str,
    size: int | None = None,
    sha256: str = "",
    purpose: str = FilePurpose.ATTACHMENT,
) -> Presigned:
    """Promise a file. Size (bytes) and SHA-256 (hexadecimal) bind the upload when given. Raises Invalid."""
    rule = _rule(purpose)
    expires_at = clock.now() + settings.SIGNED_URL_LIFETIME
    file = StoredFile(
        owner_id=owner_id,
        purpose=purpose,
        filename=clean_filename(filename),
        content_type=_content_type(content_type, rule),
        size=_size(size, rule) if size is not None else 0,
        sha256=_sha256(sha256) if sha256 else "",
        expires_at=expires_at,
    )
    file.save(force_insert=True)
    order = UploadOrder(
        file_id=file.id,
        owner_id=owner_id,
        key=file.incoming_key,
        content_type=file.content_type,
        size=size,
        sha256=file.sha256,
        expires_at=expires_at,
    )
    return Presigned(file, store().sign_upload(order), public_url(file))


def public_url(file: StoredFile) -> str | None:
    """The lasting address of a file that everybody may see, or None. It answers once the file is complete."""
    return public_address(file.id) if PURPOSES[file.purpose].public else None


def public_address(file_id: UUID) -> str:
    """The same for who knows already that everybody may see it."""
    return absolute(f"/api/v1/files/{file_id}/public/")


def complete(owner_id: UUID, file_id: UUID) -> StoredFile:
    """Check what was uploaded against what was promised; repeating answers the same file.

    Call it outside of a transaction: the store may be far away.
    Raises NotFound, FileNotUploaded, FileMismatch.
    """
    with as_user(owner_id):
        file = owned(owner_id, file_id)
    if file.complete:
        return file
    key = _new_key(file.purpose)
    try:
        blob = _take_in(file, key)
        with as_user(owner_id):
            file = owned(owner_id, file_id, lock=True)
            if mine := not file.complete:
                _mark_complete(file, key, blob)
    except DomainError:  # not at a lost database: its commit may have come through
        discard(key)
        with as_user(owner_id):
            file = owned(owner_id, file_id)
        if file.complete:  # by another call, which took the upload away
            return file
        raise
    discard(file.incoming_key if mine else key)
    return file


def claim(owner_id: UUID, file_id: UUID, *, purpose: str) -> StoredFile:
    """The complete file of this owner and purpose, locked against deletion until your transaction ends.

    Raises Invalid naming `file_id`.
    """
    file = StoredFile.objects.live().filter(pk=file_id, owner_id=owner_id).select_for_update().first()
    judge_claim(None if file is None else f"{file.state} {file.purpose}", purpose=purpose)
    assert file is not None  # noqa: S101 -- or the judge had refused
    return file


# `claim` as a part of a statement of somebody else's: locks the file and gives what `judge_claim` wants.
CLAIM_SQL = """SELECT concat(f.state, ' ', f.purpose) AS told FROM core_storedfile f
 WHERE f.id = {file} AND f.owner_id = {owner} AND f.deleted_at IS NULL FOR UPDATE"""


def judge_claim(told: str | None, *, purpose: str) -> None:
    """`told`: state and purpose of a file, None where the owner has no such file. Raises Invalid naming `file_id`."""
    if told is None:
        raise Invalid(fields={"file_id": ["There is no such file."]})
    state, uploaded_as = told.split(" ")
    if state != FileState.COMPLETE:
        raise Invalid(fields={"file_id": ["The upload of this file was not completed."]})
    if uploaded_as != purpose:
        raise Invalid(fields={"file_id": [f"This file was uploaded as {uploaded_as}, not as {purpose}."]})


def put_bytes(owner_id: UUID, purpose: str, filename: str, content_type: str, data: bytes) -> StoredFile:
    """A file that the server made (an export, an invoice), complete at once. Raises Invalid.

    Its blob stays behind, unnamed, if your transaction is rolled back afterwards: make files last.
    """
    rule = _rule(purpose)
    kind = _content_type(content_type, rule)
    _size(len(data), rule)
    if rule.public:
        data = _clean(data, kind)
    key = _new_key(purpose)
    file = StoredFile(
        owner_id=owner_id, purpose=purpose, filename=clean_filename(filename), content_type=kind
    )
    store().write(key, data, content_type=kind)
    try:
        _mark_complete(file, key, _measure(data), new=True)
    except Exception:
        discard(key)
        raise
    return file


def delete(owner_id: UUID, file_id: UUID) -> None:
    """Tombstone a file; a job wipes its blob after FILE_RETENTION. Raises NotFound, FileInUse."""
    file = owned(owner_id, file_id, lock=True)
    with as_system("whoever holds the file may be somebody else"):
        if any(holder.holds(file_id) for holder in file_holders.values()):
            raise FileInUse
    file.tombstone()


def owned(owner_id: UUID, file_id: UUID, *, lock: bool = False) -> StoredFile:
    """The live file of this owner. Raises NotFound."""
    rows = StoredFile.objects.live().filter(pk=file_id, owner_id=owner_id)
    file = (rows.select_for_update() if lock else rows).first()
    if file is None:
        raise NotFound
    return file


# -- Reading


def read_bytes(file: StoredFile, limit: int) -> bytes:
    """All bytes of a complete file, checked against its SHA-256.

    Raises PayloadTooLarge above `limit` bytes, FileNotComplete, FileUnavailable.
    """
    if file.size > limit:
        raise PayloadTooLarge(f"The file may have at most {limit:,} bytes.")
    with open_stream(file) as stream:
        data = stream.read(file.size + 1)
    if _measure(data) != Blob(file.size, file.sha256):
        raise FileUnavailable
    return data


@contextmanager
def open_stream(file: StoredFile) -> Iterator[IO[bytes]]:
    """The bytes of a complete file as a stream. Raises FileNotComplete, FileUnavailable."""
    try:
        with store().open(_key(file)) as stream:
            yield stream
    except BlobAbsent:
        raise FileUnavailable from None


def signed_download(
    file: StoredFile, filename: str | None = None, expires: datetime | None = None
) -> SignedUrl:
    """A URL that gives the file as an attachment to whoever has it, until `expires`. Raises FileNotComplete."""
    until = expires or clock.now() + settings.SIGNED_URL_LIFETIME
    url = store().sign_download(
        _key(file), filename=filename or file.filename, content_type=file.content_type, expires_at=until
    )
    return SignedUrl(url, until)


def _key(file: StoredFile) -> str:
    if not file.complete or not file.key:
        raise FileNotComplete
    return file.key


# -- Receiving, in a store whose PUT comes to us


def receive(token: str, stream: Source, *, content_type: str, length: int | None) -> Blob:
    """Take the body of a PUT to a signed URL of ours; `length` is its declared size in bytes.

    May be repeated until the file is complete: the last whole upload counts.
    Raises LinkInvalid, NotFound, UploadClosed, FileMismatch, PayloadTooLarge.
    """
    local = store()
    if not isinstance(local, LocalStore):
        raise NotFound
    right = read_upload_token(token)
    with as_user(right.owner_id):
        file = _receivable(right)
    if content_type.partition(";")[0].strip().lower() != file.content_type:
        raise FileMismatch(fields={"content_type": [f"This upload was announced as {file.content_type}."]})
    limit = file.size or PURPOSES[file.purpose].limit
    try:
        if length is not None and length > limit:
            raise BlobTooLarge(limit)
        with local.receiving(file.incoming_key, stream, limit=limit) as received:
            if length is not None and received.blob.size != length:
                raise FileMismatch(fields={"size": ["The upload broke off."]})
            _check_promise(file, received.blob)
            with as_user(right.owner_id):
                _receivable(right, lock=True)
                received.keep()
            return received.blob
    except BlobTooLarge:
        raise PayloadTooLarge(f"This upload may have at most {limit:,} bytes.") from None
    except UnreadablePostError:
        raise FileMismatch(fields={"size": ["The upload broke off."]}) from None


def public_file(file_id: UUID) -> StoredFile:
    """A complete file that everybody may see. Raises NotFound."""
    open_to_all = [purpose for purpose, rule in PURPOSES.items() if rule.public]
    rows = StoredFile.objects.live().filter(state=FileState.COMPLETE, purpose__in=open_to_all)
    with as_system("a public picture may be seen by anybody"):
        file = rows.filter(pk=file_id).first()
    if file is None:
        raise NotFound
    return file


def discard(key: str) -> None:
    """Delete a blob that no row names. What fails here is found again by the hourly job (core/tasks.py)."""
    try:
        store().delete(key)
    except (StorageUnavailable, OSError):
        log.warning("the blob %s could not be deleted now", key)


# -- Inside


def _receivable(right: UploadRight, *, lock: bool = False) -> StoredFile:
    file = owned(right.owner_id, right.file_id, lock=lock)
    if file.complete:
        raise UploadClosed
    return file


def _check_promise(file: StoredFile, blob: Blob) -> None:
    if blob.size == 0:
        raise FileMismatch(fields={"size": ["The upload is empty."]})
    if file.size and blob.size != file.size:
        raise FileMismatch(fields={"size": [f"{file.size:,} bytes were announced, {blob.size:,} came."]})
    if file.sha256 and blob.sha256 != file.sha256:
        raise FileMismatch(fields={"sha256": [f"The bytes that came have the SHA-256 {blob.sha256}."]})


def _take_in(file: StoredFile, key: str) -> Blob:
    """What was uploaded, checked, under its final key."""
    rule = PURPOSES[file.purpose]
    try:
        blob = store().snapshot(file.incoming_key, key, limit=rule.limit)
    except BlobAbsent:
        raise FileNotUploaded(fields={"file": [FileNotUploaded.message]}) from None
    except BlobTooLarge as problem:
        raise FileMismatch(fields={"size": [f"At most {problem.limit:,} bytes are allowed."]}) from None
    _check_promise(file, blob)
    if not rule.public:
        return blob
    with store().open(key) as stream:
        data = _clean(stream.read(), file.content_type)
    store().delete(key)
    store().write(key, data, content_type=file.content_type)
    return _measure(data)


def _mark_complete(file: StoredFile, key: str, blob: Blob, *, new: bool = False) -> None:
    file.key, file.size, file.sha256 = key, blob.size, blob.sha256
    file.state, file.completed_at = FileState.COMPLETE, clock.now()
    with transaction.atomic():
        if new:
            file.save(force_insert=True)
        else:
            file.save(update_fields=["key", "size", "sha256", "state", "completed_at"])


def _new_key(purpose: str) -> str:
    unique = uuid7().hex
    return f"{purpose}/{unique[-2:]}/{unique}"


def _measure(data: bytes) -> Blob:
    return Blob(len(data), hashlib.sha256(data).hexdigest())


def _clean(data: bytes, content_type: str) -> bytes:
    try:
        return clean_picture(data, content_type)
    except NotAPicture as problem:
        raise FileMismatch(fields={"content_type": [str(problem)]}) from None


def _rule(purpose: str) -> Purpose:
    if purpose not in PURPOSES:
        raise Invalid(fields={"purpose": [f"Choose one of: {', '.join(PURPOSES)}."]})
    return PURPOSES[purpose]


def _content_type(given: str, rule: Purpose) -> str:
    """`type/subtype` in small letters; parameters such as a charset are dropped."""
    plain = given.partition(";")[0].strip().lower()
    if plain not in rule.types:
        raise Invalid(fields={"content_type": [f"Choose one of: {', '.join(rule.types)}."]})
    return plain


def _size(size: int, rule: Purpose) -> int:
    if not 1 <= size <= rule.limit:
        raise Invalid(fields={"size": [f"From 1 to {rule.limit:,} bytes are allowed."]})
    return size


def _sha256(given: str) -> str:
    plain = given.lower()
    if not _SHA256.match(plain):
        raise Invalid(fields={"sha256": ["Give 64 hexadecimal digits."]})
    return plain
