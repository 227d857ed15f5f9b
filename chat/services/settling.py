"""What follows a message and may take a second: sync learns of the new head, whoever wrote has read up to there,
absent people are told.

`Thread.head_rev` is how far this has been done, so whoever dies in between is made up for by the next message or by
the sweep (chat/tasks.py).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

from chat.models.people import FRESH_SECONDS
from core.jobs import enqueue

AGAIN_SECONDS: Final = 300  # who was told and has not looked is told again after so long

_HEADS: Final = """
UPDATE chat_thread t SET head_rev = last_rev
  FROM (SELECT id, head_rev FROM chat_thread WHERE id = ANY(%s) AND head_rev < last_rev ORDER BY id FOR UPDATE) due
 WHERE t.id = due.id RETURNING t.id, due.head_rev
"""
_OWN: Final = """
UPDATE chat_participant p SET read_seq = said.seq
  FROM (SELECT m.thread_id, m.sender_id, max(m.seq) AS seq
          FROM unnest(%s::uuid[], %s::bigint[]) AS due (id, rev)
          JOIN chat_message m ON m.thread_id = due.id AND m.rev > due.rev
         GROUP BY m.thread_id, m.sender_id) said
 WHERE p.thread_id = said.thread_id AND p.user_id = said.sender_id AND p.read_seq < said.seq
"""
_ABSENT: Final = """
UPDATE chat_participant p SET notified_seq = t.last_seq, notified_at = now()
  FROM chat_thread t
 WHERE t.id = p.thread_id AND t.id = ANY(%s) AND p.left_at IS NULL AND p.read_seq < t.last_seq
   AND (p.muted_until IS NULL OR p.muted_until <= now()) AND p.notified_seq < t.last_seq
   AND (p.notified_seq <= p.read_seq OR p.notified_at < now() - make_interval(secs => %s))
   AND NOT EXISTS (SELECT 1 FROM chat_presence o WHERE o.user_id = p.user_id AND o.online
                      AND o.seen_at > now() - make_interval(secs => %s))
RETURNING p.thread_id, p.user_id
"""


def settle(threads: Iterable[UUID | str]) -> None:
    """In the transaction under way, as the system."""
    absent: dict[UUID, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [[str(each) for each in threads]])
        due = dict(cursor.fetchall())
        if not due:
            return
        moved = list(due)
        cursor.execute(_OWN, [moved, list(due.values())])
        cursor.execute(_ABSENT, [moved, AGAIN_SECONDS, FRESH_SECONDS])
        for thread_id, user_id in cursor.fetchall():
            absent[thread_id].append(str(user_id))
    for thread_id, people in absent.items():
        enqueue("chat.tell_absent", thread_id=str(thread_id), people=people)
