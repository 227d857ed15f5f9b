"""Saying something: one statement that locks, judges, numbers and writes (statements.SEND).

`send` runs it on Django's connection; the consumer's writer runs the same text for many messages at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection

from chat import frames
from chat.errors import Blocked, ReplyAbsent, ThreadAbsent
from chat.models import Attachment, Kind, Message, Part, Thread, ThreadKind
from chat.models.message import MAX_BODY, MAX_CLIENT_ID
from chat.services import live
from chat.services.settling import settle
from chat.statements import COLUMNS, SEND
from core.errors import Invalid
from core.files.services import claim
from core.ids import uuid7
from core.models import FilePurpose
from core.rls import as_system

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MAX_ATTACHMENTS = 10
STAFFED = frozenset({ThreadKind.SUPPORT.value, ThreadKind.SHOP.value})
REFUSALS: dict[str, type[Blocked | ReplyAbsent | ThreadAbsent]] = {
    "absent": ThreadAbsent,
    "blocked": Blocked,
    "reply": ReplyAbsent,
}
_TRIES = 3  # against a concurrent twin of the same client_id


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it stands in the thread; `duplicate`: it was there already."""

    said: frames.Said
    duplicate: bool


def send(
    *,
    thread_id: UUID,
    sender_id: UUID,
    body: str,
    client_id: str = "",
    attachments: Sequence[UUID] = (),
    reply_to: UUID | None = None,
) -> Sent:
    """Say `body` in a thread as one of its people; repeating the same `client_id` answers the first message.

    `attachments`: ids of complete files of the sender. Raises ThreadAbsent, Blocked, Invalid.
    """
    check_body(body, empty=bool(attachments))
    client_id = check_client_id(client_id)
    if len(attachments) > MAX_ATTACHMENTS:
        raise Invalid(fields={"attachments": [f"At most {MAX_ATTACHMENTS} files."]})
    for left in reversed(range(_TRIES)):
        try:
            with as_system("the statement tests membership itself"):
                return _send(thread_id, sender_id, body, client_id, attachments, reply_to)
        except IntegrityError:  # a twin was committed meanwhile: now it can be seen
            if not left:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


def _send(  # noqa: PLR0917 -- a call of one line
    thread_id: UUID,
    sender_id: UUID,
    body: str,
    client_id: str,
    attachments: Sequence[UUID],
    reply_to: UUID | None,
) -> Sent:
    with connection.cursor() as cursor:
        cursor.execute(SEND, arguments([(uuid7(), thread_id, sender_id, client_id, body, reply_to)]))
        _, verdict, message_id, _, _, _, _, kind, old_status = cursor.fetchone()
    if refusal := REFUSALS.get(verdict):
        raise refusal
    if verdict == "sent" and attachments:
        _attach(message_id, sender_id, attachments)
    said = read_message(message_id)
    if verdict == "sent":
        live.tell_message(said, staff=kind in STAFFED)
        tell_status(thread_id, kind, old_status)
        settle([thread_id])
    return Sent(said, duplicate=verdict == "duplicate")


def _attach(message_id: UUID, sender_id: UUID, attachments: Sequence[UUID]) -> None:
    try:
        files = [claim(sender_id, file_id, purpose=FilePurpose.ATTACHMENT) for file_id in attachments]
    except Invalid as problem:
        raise Invalid(fields={"attachments": problem.fields["file_id"]}) from None
    Attachment.objects.bulk_create(
        Attachment(message_id=message_id, file=file, position=position) for position, file in enumerate(files)
    )


def append(
    *, thread_id: UUID, body: str, kind: Kind = Kind.SYSTEM, author: UUID | None = None, role: str = ""
) -> frames.Said:
    """A line of the system in the public stream, or a private NOTE of staff beside it. Raises ThreadAbsent."""
    check_body(body)
    with as_system("the system and staff speak in threads of others"):
        thread = Thread.objects.live().select_for_update().filter(pk=thread_id).first()
        if thread is None:
            raise ThreadAbsent
        now = later_than(thread.last_message_at)
        row = Message(
            thread=thread,
            sender_id=author,
            sender_role=role or (Part.SUPPORT if kind == Kind.NOTE else Part.SYSTEM),
            client_id=uuid4().hex,
            kind=kind,
            body=body,
            created_at=now,
        )
        if kind == Kind.NOTE:
            row.save(force_insert=True)
            note = read_message(row.pk)
            live.tell_inbox(thread_id, frames.message(note, "NOTE"))
            return note
        thread.last_seq, thread.last_rev, thread.last_message_at = (
            thread.last_seq + 1,
            thread.last_rev + 1,
            now,
        )
        row.seq, row.rev = thread.last_seq, thread.last_rev
        row.save(force_insert=True)
        thread.save(update_fields=["last_seq", "last_rev", "last_message_at"])
        said = read_message(row.pk)
        live.tell_message(said, staff=thread.kind in STAFFED)
        settle([thread_id])
        return said


def later_than(instant: datetime) -> datetime:
    """The database's clock, which all servers share, and in any case later than what was last stamped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT GREATEST(clock_timestamp(), %s + interval '1 microsecond')", [instant])
        found: datetime = cursor.fetchone()[0]
    return found


def tell_status(thread_id: UUID, kind: str, old_status: str) -> None:
    """A customer's message opens a conversation of staff again, an answer passes it back."""
    if kind in STAFFED:
        row = Thread.objects.get(pk=thread_id)
        if row.status != old_status:
            live.tell_frame(thread_id, frames.thread(row), staff=True)


def arguments(rows: Sequence[tuple[UUID, Any, Any, str, str, Any]]) -> Mapping[str, list[Any]]:
    """(id, thread, sender, client id, body, reply to) of each message, as the statement takes them."""
    ids, threads, senders, client_ids, bodies, replies = (list(column) for column in zip(*rows, strict=True))
    return {
        "ids": ids,
        "threads": threads,
        "senders": senders,
        "client_ids": client_ids,
        "bodies": bodies,
        "replies": replies,
    }


def read_message(message_id: UUID) -> frames.Said:
    """Runs as the system."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM chat_message m WHERE m.id = %s", [message_id])
        return frames.said_of(cursor.fetchone())


# -- Judging what comes in


def check_body(body: str, *, empty: bool = False) -> None:
    """Raises Invalid naming `body`."""
    if problem := body_problem(body, empty=empty):
        raise Invalid(fields={"body": [problem]})


def body_problem(body: Any, *, empty: bool = False) -> str:
    """Why a text can't be sent, or nothing."""
    if not isinstance(body, str):
        return "Give a text."
    if not empty and not body.strip():
        return "Write something."
    if len(body) > MAX_BODY:
        return f"At most {MAX_BODY} characters."
    if "\0" in body:
        return "A message can't contain the character NUL."
    return ""


def check_client_id(client_id: str) -> str:
    """The id given, or a new one. Raises Invalid naming `client_id`."""
    if len(client_id) > MAX_CLIENT_ID or "\0" in client_id:
        raise Invalid(fields={"client_id": [f"At most {MAX_CLIENT_ID} characters, no NUL."]})
    return client_id or uuid4().hex
