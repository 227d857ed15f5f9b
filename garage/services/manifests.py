"""The manifest: what the phone needs to write a file and to prove that it has the right one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from core import audit
from core.files import services as files
from core.rls import as_user
from garage.services.flash_files import CHUNK, chunks_of, stored, what_to_write
from garage.services.flashing import get_ready, owned_job

_SALT = "garage.flash.manifest"
_UNSIGNED = frozenset({"url", "signature"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """sha256 and chunks: hexadecimal; a range of chunk_size bytes is right when its hash is. url ends at expires_at."""

    job_id: UUID
    vehicle_id: UUID
    purpose: str
    url: str
    size: int
    sha256: str
    chunk_size: int
    chunks: list[str]
    ecu_expected: dict[str, str]
    expires_at: datetime
    signature: str


def manifest_for(user: Any, job_id: UUID) -> Manifest:
    """The manifest of the file that this job writes now. Call it outside of a transaction: it may read the file.

    Raises NotFound, FlashExpired (410), FlashOver (409), FlashFileChanged (409), FileUnavailable.
    """
    with as_user(user):
        wanted = what_to_write(owned_job(user, job_id))
    file = stored(wanted.file_id)
    chunks = chunks_of(file, wanted.sha256)
    job = get_ready(job_id)
    link = files.signed_download(file, filename=f"{wanted.purpose}-{wanted.sha256[:12]}")
    with as_user(user):
        audit.record(
            "flash.manifest", actor=user.pk, target=job_id, sha256=wanted.sha256, purpose=wanted.purpose
        )
    told: dict[str, Any] = {
        "job_id": job_id,
        "vehicle_id": job.vehicle_id,
        "purpose": wanted.purpose,
        "size": wanted.size,
        "sha256": wanted.sha256,
        "chunk_size": CHUNK,
        "chunks": chunks,
        "ecu_expected": wanted.ecu_expected,
        "expires_at": link.expires_at,
    }
    return Manifest(url=link.url, signature=sign(told), **told)


def sign(manifest: dict[str, Any]) -> str:
    """HMAC-SHA-256 (hexadecimal) over all but `url` and itself, as JSON with sorted keys."""
    signed = {name: value for name, value in manifest.items() if name not in _UNSIGNED}
    text = orjson.dumps(signed, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return salted_hmac(_SALT, text, secret=settings.FILES_KEY, algorithm="sha256").hexdigest()


def genuine(manifest: dict[str, Any], signature: str) -> bool:
    """Whether we signed this manifest."""
    return constant_time_compare(sign(manifest), signature)
