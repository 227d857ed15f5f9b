"""Messages of a thread: by number, by change, by time; by words; and of all threads at once.

Attachments are files of whoever sent them, which row-level security hides from the others. So these statements run
as the system and name the person: only what came after they joined, only while they are in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.db.models import F

from chat import frames
from chat.errors import ThreadAbsent
from chat.models import Message
from chat.statements import COLUMNS
from core.rls import as_system

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from chat.frames import Said

CHANGED: Final = "GREATEST(m.created_at, m.edited_at, m.deleted_at)"
_MINE: Final = """
SELECT p.joined_seq FROM chat_participant p
 WHERE p.thread_id = t.id AND p.user_id = %(me)s AND p.left_at IS NULL
"""
# `base` is where the person's view begins: nothing for staff, who see everything.
_PAGE: Final = f"""
SELECT t.last_seq, t.last_rev, clock_timestamp(), m.* FROM chat_thread t
  CROSS JOIN LATERAL ({{base}}) p (joined_seq)
  LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM chat_message m
     WHERE m.thread_id = t.id AND m.seq > p.joined_seq AND {{where}} ORDER BY {{order}} LIMIT %(limit)s
  ) m ON true
 WHERE t.id = %(thread)s AND t.deleted_at IS NULL
"""
_SINCE: Final = f"""
COALESCE((SELECT m.rev FROM chat_message m WHERE m.thread_id = %(thread)s AND m.rev IS NOT NULL
             AND {CHANGED} < %(since)s ORDER BY m.rev DESC LIMIT 1), 0)
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in the order asked for, and where the thread stood when they were read."""

    messages: list[Said]
    more: bool
    last_seq: int
    last_rev: int
    at: datetime


def page(
    thread_id: UUID,
    user_id: UUID | None,
    *,
    limit: int,
    after_seq: int | None = None,
    before_seq: int | None = None,
    after_rev: int | None = None,
    since: datetime | None = None,
) -> Page:
    """`limit` messages: after a number (rising), before one or the newest (rising too), or by change since a
    revision or an instant. None as the user: staff. Raises ThreadAbsent.
    """
    where, order = "true", "m.seq DESC"
    if after_seq is not None:
        where, order = "m.seq > %(after)s", "m.seq"
    elif after_rev is not None:
        where, order = "m.rev > %(after)s", "m.rev"
    elif since is not None:
        where, order = f"m.rev > {_SINCE}", "m.rev"
    elif before_seq is not None:
        where = "m.seq < %(before)s"
    after = after_seq if after_seq is not None else after_rev
    statement = _PAGE.format(base=_MINE if user_id else "SELECT 0", where=where, order=order)
    given = {
        "me": user_id, "thread": thread_id, "after": after, "before": before_seq, "since": since, "limit": limit + 1,
    }  # fmt: skip
    with as_system("attachments belong to whoever sent them"), connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows = cursor.fetchall()
    if not rows:
        raise ThreadAbsent
    found = [frames.said_of(row[3:]) for row in rows if row[3] is not None]
    more, found = len(found) > limit, found[:limit]
    if order == "m.seq DESC":
        found.reverse()
    return Page(found, more, *rows[0][:3])


def changed(said: Said) -> datetime:
    """When a message was last changed."""
    return max(filter(None, (said.created_at, said.edited_at, said.deleted_at)))


def one(thread_id: UUID, message_id: UUID, user_id: UUID) -> Message | None:
    """A message that this person sees, deleted ones too."""
    with as_system("the statement names the person"):
        rows = Message.objects.filter(pk=message_id, thread_id=thread_id, seq__isnull=False)
        found: Message | None = rows.filter(
            thread__participants__user_id=user_id,
            thread__participants__left_at=None,
            thread__participants__joined_seq__lt=F("seq"),
        ).first()
    return found


def by_ids(ids: Sequence[UUID]) -> dict[UUID, Said]:
    """Messages that the caller was found to see."""
    with as_system("attachments belong to whoever sent them"), connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM chat_message m WHERE m.id = ANY(%s)", [list(ids)])
        return {row[0]: frames.said_of(row) for row in cursor.fetchall()}


def containing(rows: QuerySet[Message], words: str) -> QuerySet[Message]:
    """Those with all these words; a deleted one has none."""
    vector = SearchVector("body", config="simple")
    return rows.annotate(words=vector).filter(
        words=SearchQuery(words, config="simple", search_type="websearch"), deleted_at=None
    )


# -- All threads of a person, from a cursor on

_OVERLAP: Final = timedelta(seconds=60)  # longer than any transaction that writes a message
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ALL: Final = f"""
SELECT {CHANGED} AS changed, m.* FROM chat_participant p JOIN chat_thread t ON t.id = p.thread_id
  LEFT JOIN unnest(%(seen)s::uuid[], %(revs)s::bigint[]) AS s (thread_id, rev) ON s.thread_id = t.id
  CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM chat_message m
     WHERE m.thread_id = t.id AND m.seq > p.joined_seq
       AND m.rev > GREATEST(s.rev, (SELECT o.rev FROM chat_message o
                                     WHERE o.thread_id = t.id AND o.rev IS NOT NULL
                                       AND GREATEST(o.created_at, o.edited_at, o.deleted_at) < %(since)s
                                     ORDER BY o.rev DESC LIMIT 1), 0)
     ORDER BY m.rev LIMIT %(limit)s
  ) m
 WHERE p.user_id = %(me)s AND p.left_at IS NULL AND t.deleted_at IS NULL AND t.updated_at >= %(since)s
 ORDER BY changed, m.thread_id, m.rev LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a person has everything: up to `at`, and in threads that changed shortly before up to a revision.

    Within a thread changes are stamped and committed in one order. Of two threads the later one may be seen first,
    so whatever is younger than a minute is looked at again, and `seen` keeps it from coming twice.
    """

    at: datetime = _BEGINNING
    seen: tuple[tuple[str, int], ...] = ()


def stream(user_id: UUID, mark: Mark, *, limit: int) -> tuple[list[Said], Mark, bool]:
    """Changes of all threads after `mark`, the mark after them, and whether there are more."""
    seen = dict(mark.seen)
    given: dict[str, Any] = {
        "me": user_id, "since": mark.at - _OVERLAP, "seen": list(seen), "revs": list(seen.values()),
        "limit": limit + 1,
    }  # fmt: skip
    with as_system("attachments belong to whoever sent them"), connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
        cursor.execute(_ALL, given)
        rows = cursor.fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    found = [frames.said_of(row[1:]) for row in rows]
    at = rows[-1][0] if more else now
    fresh = {**seen, **_last_revs(found)}
    recent = _changed_since(fresh, at - _OVERLAP) if fresh else set()
    return found, Mark(at, tuple((thread, rev) for thread, rev in fresh.items() if thread in recent)), more


def _last_revs(found: Iterable[Said]) -> dict[str, int]:
    revs: dict[str, int] = {}
    for said in found:
        revs[str(said.thread_id)] = max(said.rev, revs.get(str(said.thread_id), 0))
    return revs


def _changed_since(threads: Iterable[str], instant: datetime) -> set[str]:
    with as_system("threads that the caller was found to see"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id::text FROM chat_thread WHERE id = ANY(%s::uuid[]) AND updated_at >= %s",
            [list(threads), instant],
        )
        return {row[0] for row in cursor.fetchall()}


def rest(said: Said) -> dict[str, Any]:
    """A message as REST answers it: a MESSAGE frame in snake_case."""
    frame = frames.message(said)
    del frame["type"]
    names = {"fileId": "file_id", "contentType": "content_type"}
    return {
        **{_SNAKE[key]: value for key, value in frame.items()},
        "attachments": [
            {names.get(key, key): value for key, value in file.items()} for file in frame["attachments"]
        ],
    }


_SNAKE: Final = {
    "id": "id", "threadId": "thread_id", "seq": "seq", "rev": "rev", "kind": "kind", "body": "body",
    "attachments": "attachments", "sender": "sender", "senderId": "sender_id", "clientId": "client_id",
    "replyTo": "reply_to", "timestamp": "timestamp", "editedAt": "edited_at", "deletedAt": "deleted_at",
}  # fmt: skip
