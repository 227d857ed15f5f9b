"""Texts that people give to their assistant: capped, without repeats, found again by their words."""

import hashlib
from typing import Any, Final

from django.db import connection
from django.db.models import Sum

from chat.assistant.clean import visible
from chat.assistant.errors import TooMuchTraining
from chat.assistant.models import AssistantSession, TrainingData
from chat.assistant.retrieval import index
from core.errors import Invalid
from core.rls import as_user
from users.models import User

SESSION_BYTES: Final = 64 * 1024
USER_BYTES: Final = 1024 * 1024


def lock_person(user: User) -> None:
    """Alone with this person's assistant until the transaction ends: caps and quotas are sums."""
    digest = hashlib.sha256(f"assistant:{user.pk}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def add_training(
    *, owner: User, title: str, body: str, session: AssistantSession | None, **extra: Any
) -> TrainingData:
    """Keep a text; one that is there already is answered again. Raises TooMuchTraining, Invalid."""
    with as_user(owner):
        lock_person(owner)
        title, body = _cleaned(title, body)
        digest = _digest(title, body)
        known: TrainingData | None = (
            TrainingData.objects.visible_to(owner).filter(session=session, sha256=digest).first()
        )
        if known is not None:
            return known
        row = TrainingData(
            owner=owner,
            session=session,
            title=title,
            body=body,
            size=_size(title, body),
            sha256=digest,
            **extra,
        )
        _demand_room(owner, session, row.size)
        row.save(force_insert=True)
        index(row)
        return row


def change_training(row: TrainingData, *, owner: User, title: str, body: str) -> TrainingData:
    """Raises TooMuchTraining, Invalid. `row` is locked by the caller."""
    with as_user(owner):
        lock_person(owner)
        title, body = _cleaned(title, body)
        size = _size(title, body)
        _demand_room(owner, row.session, size, but=row)
        row.title, row.body, row.size, row.sha256 = title, body, size, _digest(title, body)
        row.save(update_fields=["title", "body", "size", "sha256"])
        index(row)
        return row


def _cleaned(title: str, body: str) -> tuple[str, str]:
    title, body = visible(title).strip()[:120], visible(body).strip()
    if not body:
        raise Invalid(fields={"body": ["There is nothing to read in this text."]})
    return title, body


def _digest(title: str, body: str) -> str:
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()


def _size(title: str, body: str) -> int:
    return len(title.encode()) + len(body.encode())


def _demand_room(
    owner: User, session: AssistantSession | None, size: int, *, but: TrainingData | None = None
) -> None:
    rows = TrainingData.objects.visible_to(owner)
    rows = rows.exclude(pk=but.pk) if but is not None else rows
    if _sum(rows) + size > USER_BYTES:
        raise TooMuchTraining(fields={"body": ["All your texts together may have 1 MB."]})
    if session is not None and _sum(rows.filter(session=session)) + size > SESSION_BYTES:
        raise TooMuchTraining(fields={"body": ["The texts of one conversation may have 64 KB."]})


def _sum(rows: Any) -> int:
    return rows.aggregate(total=Sum("size"))["total"] or 0


def forget_training(row: TrainingData) -> None:
    """The words go for good; a stub stays, as of every record."""
    row.chunks.all().delete()
    row.title = row.body = ""
    row.size = 0
    row.save(update_fields=["title", "body", "size"])
    row.tombstone()
