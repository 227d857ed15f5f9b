"""Definitions: brought by staff, found by the id that stands in an image."""

from uuid import UUID

from django.db import transaction

from core import audit
from core.errors import Invalid
from core.files.services import put_bytes, read_bytes
from core.ids import NIL
from core.models import FilePurpose, StoredFile
from core.rls import as_system
from safety.formats.base import LIMITS, Definition
from safety.formats.image import sniff_image
from safety.models import DefinitionKind, RomDefinition

LIKELY = 0.5  # of the sniffer: more than just some bytes that are no text
LEAST_ID = 4  # characters: a shorter id would be found by chance
MOST = 2000  # definitions that are looked at
HEAD = 16 * 1024  # bytes of a tune in which its signature stands
_MARKS = {
    DefinitionKind.XDF: b"<XDFFORMAT",
    DefinitionKind.ROMRAIDER: b"<rom",
    DefinitionKind.INI: b"[Constants]",
}
_ENDINGS = {DefinitionKind.XDF: "xdf", DefinitionKind.ROMRAIDER: "xml", DefinitionKind.INI: "ini"}


@transaction.atomic
def add_definition(
    *, name: str, kind: DefinitionKind, ecu_id: str, data: bytes, filename: str, staff_id: UUID
) -> RomDefinition:
    """Keep a definition; files with this id are read with it from now on. One with the same id and kind is replaced.

    Raises Invalid naming `file` or `ecu_id`.
    """
    problem = problem_of(kind, data)
    if problem:
        raise Invalid(fields={"file": [problem]})
    if len(ecu_id.strip()) < LEAST_ID:
        raise Invalid(fields={"ecu_id": [f"Give at least {LEAST_ID} characters."]})
    file = put_bytes(NIL, FilePurpose.ATTACHMENT, filename, "text/plain", data)
    RomDefinition.objects.filter(ecu_id=ecu_id.strip(), kind=kind).tombstone()
    row: RomDefinition = RomDefinition.objects.create(
        name=name,
        kind=kind,
        ecu_id=ecu_id.strip(),
        file_id=file.pk,
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        added_by=staff_id,
    )
    audit.record("safety.definition_add", actor=staff_id, target=row.pk, ecu_id=row.ecu_id, sha256=row.sha256)
    return row


def problem_of(kind: DefinitionKind, data: bytes) -> str:
    """Why this can't be a definition of that kind, or "". A first look: it is parsed in the limited process only."""
    if not data:
        return "The file is empty."
    if len(data) > LIMITS.definition_bytes:
        return f"At most {LIMITS.definition_bytes:,} bytes are read."
    if _MARKS[kind].lower() not in data.lower():
        return f"This does not look like {kind.label}."
    return ""


def matching(data: bytes, name: str) -> Definition | None:
    """The definition whose id stands in this file, the longest id first; None when there is none."""
    image = is_image(data, name)
    content = _content(data) if image else data[:HEAD]
    with as_system("definitions belong to the house"):
        found = next(
            (row for row in _candidates(image=image) if row.ecu_id.encode("latin-1", "replace") in content),
            None,
        )
        file = StoredFile.objects.get(pk=found.file_id) if found else None
    if found is None or file is None:
        return None
    ending = _ENDINGS[DefinitionKind(found.kind)]
    return Definition(read_bytes(file, LIMITS.definition_bytes), f"{found.pk}.{ending}")


def is_image(data: bytes, name: str) -> bool:
    """Whether it comes as an image of an ECU (by its records or its name), which says nothing without a definition."""
    return data[:64].lstrip()[:1] != b"<" and sniff_image(data[:4096], name) >= LIKELY


def _candidates(*, image: bool) -> list[RomDefinition]:
    kinds = [DefinitionKind.XDF, DefinitionKind.ROMRAIDER] if image else [DefinitionKind.INI]
    rows = RomDefinition.objects.live().filter(kind__in=kinds)[:MOST]
    return sorted(rows, key=lambda row: (-len(row.ecu_id), row.kind, str(row.pk)))


def _content(data: bytes) -> bytes:
    """What an image holds, in the order of the file: the payload of hex and S-records, else the bytes themselves.

    Good enough to find an id in; the reader itself looks at addresses and checksums.
    """
    first = data[:64].lstrip()[:1]
    if first not in {b":", b"S"}:
        return data
    parts = []
    for line in data.split(b"\n"):
        body = line.strip()
        body = body[9:-2] if first == b":" else _payload(body)
        try:
            parts.append(bytes.fromhex(body.decode("ascii")))
        except ValueError:
            return data  # no records after all
    return b"".join(parts)


def _payload(record: bytes) -> bytes:
    """The data of an S-record, without kind, length, address (2 to 4 bytes) and sum."""
    width = {b"S1": 4, b"S2": 6, b"S3": 8}.get(record[:2])
    return record[4 + width : -2] if width else b""
