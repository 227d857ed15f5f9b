"""Frames as they go over the wire: camelCase JSON text, made once for all sockets."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

Json = dict[str, Any]


class Said(NamedTuple):
    """One row of a message, in the order of statements.COLUMNS."""

    id: UUID
    thread_id: UUID
    seq: int
    rev: int
    body: str
    sender_role: str
    sender_id: UUID | None
    client_id: str
    kind: str
    reply_to_id: UUID | None
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    attachments: Sequence[Mapping[str, Any]] = ()


def said_of(row: Sequence[Any]) -> Said:
    """A row of statements.COLUMNS; Django's connection gives JSON as text."""
    attachments = row[-1]
    if isinstance(attachments, str):
        attachments = orjson.loads(attachments)
    return Said._make([*row[:-1], attachments])


def stamp(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def text(frame: Mapping[str, Any]) -> str:
    return orjson.dumps(frame, option=orjson.OPT_UTC_Z).decode()


def message(said: Said, kind: str = "MESSAGE") -> Json:
    """MESSAGE, or EDITED and DELETED, which look alike; a deleted one has no words and no attachments."""
    frame: Json = {
        "type": kind,
        "id": str(said.id),
        "threadId": str(said.thread_id),
        "seq": said.seq,
        "rev": said.rev,
        "kind": said.kind,
        "body": said.body,
        "attachments": list(said.attachments),
        "sender": said.sender_role,
        "senderId": str(said.sender_id) if said.sender_id else None,
        "clientId": said.client_id,
        "replyTo": str(said.reply_to_id) if said.reply_to_id else None,
        "timestamp": stamp(said.created_at),
        "editedAt": stamp(said.edited_at) if said.edited_at else None,
        "deletedAt": stamp(said.deleted_at) if said.deleted_at else None,
    }
    if said.deleted_at:
        frame |= {"body": "", "attachments": []}
    return frame


def change(said: Said) -> Json:
    """EDITED or DELETED, by what the row has become."""
    return message(said, "DELETED" if said.deleted_at else "EDITED")


def ack(said: Said, *, duplicate: bool) -> Json:
    return {
        "type": "ACK",
        "clientId": said.client_id,
        "threadId": str(said.thread_id),
        "id": str(said.id),
        "seq": said.seq,
        "rev": said.rev,
        "timestamp": stamp(said.created_at),
        "duplicate": duplicate,
    }


def read(thread_id: UUID | str, user_id: UUID | str, seq: int) -> Json:
    return {"type": "READ", "threadId": str(thread_id), "user": str(user_id), "seq": seq}


def delivered(thread_id: UUID | str, marks: Mapping[str, int]) -> Json:
    """DELIVERED: up to which message each of these people has got the thread."""
    return {"type": "DELIVERED", "threadId": str(thread_id), "people": dict(marks)}


def thread(row: Any) -> Json:
    """THREAD: what a conversation's head says now."""
    return {
        "type": "THREAD",
        "threadId": str(row.pk),
        "status": str(row.status),
        "assignee": str(row.assignee_id) if row.assignee_id else None,
        "subject": row.subject,
    }
