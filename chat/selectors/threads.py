"""Threads with their people, as one person (or staff) sees them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from chat import frames
from chat.models import Thread
from chat.models.people import FRESH_SECONDS
from chat.ports import About, contexts
from chat.selectors.inbox import staffed
from chat.selectors.messages import by_ids, rest
from chat.statements import READ_UP_TO
from core import clock
from core.rls import as_system

Row = dict[str, Any]

_PEOPLE: Final = f"""
SELECT p.thread_id, p.user_id, p.role, own.read, GREATEST(p.delivered_seq, own.read), p.joined_seq, p.muted_until,
       trim(u.first_name || ' ' || u.last_name), u.profile_picture, seen.at, seen.online
  FROM chat_participant p JOIN users_user u ON u.id = p.user_id JOIN chat_thread t ON t.id = p.thread_id
  CROSS JOIN LATERAL (SELECT {READ_UP_TO}) own (read)
  LEFT JOIN LATERAL (SELECT max(o.seen_at) AS at, bool_or(o.online AND o.seen_at > %s) AS online
                       FROM chat_presence o WHERE o.user_id = p.user_id) seen ON true
 WHERE p.thread_id = ANY(%s) AND p.left_at IS NULL ORDER BY p.created_at, p.id
"""
_LAST: Final = """
SELECT m.id FROM chat_thread t JOIN chat_message m ON m.thread_id = t.id AND m.seq = t.last_seq
 WHERE t.id = ANY(%s)
"""
_UNREAD: Final = f"""
SELECT t.id, t.last_seq - {READ_UP_TO} FROM chat_participant p JOIN chat_thread t ON t.id = p.thread_id
 WHERE p.user_id = %s AND p.left_at IS NULL AND t.deleted_at IS NULL AND t.last_seq > p.read_seq
   AND t.last_seq > {READ_UP_TO}
 ORDER BY t.last_message_at DESC LIMIT 500
"""


def people_of(threads: Sequence[UUID]) -> Mapping[UUID, list[Row]]:
    """Who is in these threads, for people who are too."""
    found: dict[UUID, list[Row]] = {thread_id: [] for thread_id in threads}
    fresh = clock.now() - timedelta(seconds=FRESH_SECONDS)
    with as_system("one's own threads have other people"), connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [fresh, list(threads)])
        for (
            thread_id,
            user_id,
            role,
            read,
            delivered,
            joined,
            muted,
            name,
            picture,
            seen,
            online,
        ) in cursor.fetchall():
            found[thread_id].append(
                {
                    "user_id": str(user_id),
                    "name": name,
                    "role": role,
                    "profile_picture": picture or None,
                    "read_seq": read,
                    "delivered_seq": delivered,
                    "joined_seq": joined,
                    "muted_until": muted,
                    "online": bool(online),
                    "last_seen": seen,
                }
            )
    return found


def last_messages(threads: Sequence[UUID]) -> dict[UUID, frames.Said]:
    with as_system("one's own threads"), connection.cursor() as cursor:
        cursor.execute(_LAST, [list(threads)])
        ids = [row[0] for row in cursor.fetchall()]
    return {said.thread_id: said for said in by_ids(ids).values()} if ids else {}


def shown(rows: Iterable[Thread], user_id: UUID | None) -> list[Row]:
    """Threads as answered; `read_seq`, `unread` and `muted_until` are the asking person's own."""
    rows = list(rows)
    ids = [row.pk for row in rows]
    people = people_of(ids) if ids else {}
    last = last_messages(ids) if ids else {}
    return [_shown(row, people[row.pk], last.get(row.pk), user_id) for row in rows]


def _shown(row: Thread, people: list[Row], last: frames.Said | None, user_id: UUID | None) -> Row:
    mine: Row = next((one for one in people if one["user_id"] == str(user_id)), {})
    sees_last = last is not None and (user_id is None or last.seq > mine.get("joined_seq", 0))
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "subject": row.subject,
        "context": {"kind": row.context_type, "id": str(row.context_id)} if row.context_type else None,
        "status": row.status,
        "assignee_id": str(row.assignee_id) if row.assignee_id else None,
        "last_seq": row.last_seq,
        "last_rev": row.last_rev,
        "last_message_at": row.last_message_at,
        "read_seq": mine.get("read_seq", 0),
        "unread": max(0, row.last_seq - mine["read_seq"]) if mine else 0,
        "muted_until": mine.get("muted_until"),
        "participants": [
            {key: value for key, value in one.items() if key not in {"muted_until", "joined_seq"}}
            for one in people
        ],
        "last_message": rest(last) if last is not None and sees_last else None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "rev": row.rev,
    }


def unread(user_id: UUID) -> list[tuple[UUID, int]]:
    """Threads with something new, and how much: a subtraction each."""
    with as_system("the statement names the person"), connection.cursor() as cursor:
        cursor.execute(_UNREAD, [user_id])
        return [(thread_id, int(count)) for thread_id, count in cursor.fetchall()]


def about(thread: Thread) -> About | None:
    """What a conversation is about, as whoever opened it sees it; for staff."""
    plug = contexts.get(thread.context_type) if thread.context_id and thread.opened_by_id else None
    return plug.about(thread.context_id, thread.opened_by_id) if plug else None  # type: ignore[arg-type]


def desk(
    *, status: str = "", kind: str = "", assignee: UUID | None = None, since: datetime | None = None
) -> Any:
    """Conversations of staff, with what nobody of them has seen as `unread`; run it as the system."""
    rows = staffed()
    if status:
        rows = rows.filter(status=status)
    if kind:
        rows = rows.filter(kind=kind)
    if assignee:
        rows = rows.filter(assignee_id=assignee)
    if since:
        rows = rows.filter(last_message_at__gte=since)
    return rows
