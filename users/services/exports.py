"""A copy of everything that we hold of a person, as a zip."""

import io
import secrets
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.http import HttpRequest

from core import audit, clock
from core.files import services as files
from core.files.errors import FileNotComplete, FileUnavailable
from core.jobs import enqueue
from core.models import StoredFile
from core.ports import personal_data
from core.renderers import default
from core.rls import as_system, as_user
from core.storage import store
from users.authentication import Login
from users.models import DataExport, User
from users.services import post
from users.services.proof import demand_recent_proof

MAKE_EXPORT = "users.make_export"
LIFE = timedelta(hours=24)
FILES_LIMIT = 100 * 1024 * 1024  # bytes of files inside; what is larger is listed, and downloaded one by one
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def request_export(*, login: Login, request: HttpRequest) -> DataExport:
    """The copy that is being made, or a new one. Raises ReauthenticationRequired."""
    demand_recent_proof(login)
    with as_user(login.user_id), transaction.atomic():
        row, made = DataExport.objects.get_or_create(user_id=login.user_id, state=DataExport.State.QUEUED)
        if made:
            enqueue(MAKE_EXPORT, export_id=str(row.pk))
            audit.record("account.export", actor=login.user_id, session=login.session_id, request=request)
    export: DataExport = row
    return export


def download_url(export: DataExport) -> str | None:
    """The signed address of a finished copy, good until it expires."""
    if export.state != DataExport.State.READY or not export.expires_at or export.expires_at <= clock.now():
        return None
    return store().sign_download(
        export.key, filename="revsync-data.zip", content_type="application/zip", expires_at=export.expires_at
    )


def make(export_id: UUID) -> None:
    """Collect, pack, store, tell. Repeating makes it again."""
    with as_system("a copy for its owner, made by a job"):
        export = (
            DataExport.objects.filter(pk=export_id, state=DataExport.State.QUEUED)
            .select_related("user")
            .first()
        )
        if export is None:
            return
        collected = {name: plug.export(export.user_id) for name, plug in personal_data.items()}
        held = list(StoredFile.objects.live().filter(owner_id=export.user_id).order_by("id"))
    data = _packed(collected, held)
    key = f"exports/{secrets.token_hex(16)}"
    store().write(key, data, content_type="application/zip")
    with as_system("a copy for its owner, made by a job"):
        DataExport.objects.filter(pk=export.pk).update(
            state=DataExport.State.READY, key=key, size=len(data), expires_at=clock.now() + LIFE
        )
        post.tell(User.objects.get(pk=export.user_id), "export_ready")


def expire_old() -> int:
    """Delete the blobs of copies whose day is over."""
    with as_system("retention of exports"):
        old = list(DataExport.objects.filter(state=DataExport.State.READY, expires_at__lte=clock.now()))
    for export in old:
        store().delete(export.key)
    with as_system("retention of exports"):
        DataExport.objects.filter(pk__in=[export.pk for export in old]).update(
            state=DataExport.State.EXPIRED, key=""
        )
    return len(old)


def _packed(collected: dict[str, Any], held: list[StoredFile]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in collected.items():
            archive.writestr(f"{name}.json", orjson.dumps(content, default=default, option=_PRETTY))
        for path, content in _files(held):
            archive.writestr(path, content)
    return packed.getvalue()


def _files(held: list[StoredFile]) -> Iterator[tuple[str, bytes]]:
    room = FILES_LIMIT
    for file in held:
        if file.complete and file.size <= room:
            try:
                content = files.read_bytes(file, file.size)
            except (FileUnavailable, FileNotComplete):
                continue  # its facts stand in users.json
            room -= file.size
            yield f"files/{file.pk}/{file.filename}", content
