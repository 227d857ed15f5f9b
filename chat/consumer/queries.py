"""What sockets read. Each statement names whose rows it gives."""

from typing import Final

from chat.statements import COLUMNS, READ_UP_TO
from users.models import AppSession, User

_LIVE: Final = """
s.revoked_at IS NULL AND s.idle_expires_at > now() AND s.absolute_expires_at > now()
AND u.is_active AND u.deleted_at IS NULL
"""
_SESSIONS: Final = f"{AppSession._meta.db_table} s JOIN {User._meta.db_table} u ON u.id = s.user_id"

# The generation: a token from before a stolen session was rotated does not count.
LOGIN: Final = f"SELECT 1 FROM {_SESSIONS} WHERE s.id = %s AND u.id = %s AND s.gen >= %s AND {_LIVE}"
LIVE_SESSIONS: Final = f"SELECT s.id::text FROM {_SESSIONS} WHERE s.id = ANY(%s::uuid[]) AND {_LIVE}"

THREADS: Final = f"""
SELECT t.id::text, t.last_seq, t.last_rev, {READ_UP_TO}, p.joined_seq, t.kind
  FROM chat_participant p JOIN chat_thread t ON t.id = p.thread_id
 WHERE p.user_id = %s AND p.left_at IS NULL AND t.deleted_at IS NULL
 ORDER BY t.last_message_at DESC, t.id LIMIT %s
"""
ONE_THREAD: Final = f"""
SELECT t.last_seq, t.last_rev, {READ_UP_TO}, p.joined_seq, t.kind, t.status, t.assignee_id::text, t.subject
  FROM chat_participant p JOIN chat_thread t ON t.id = p.thread_id
 WHERE p.user_id = %s AND t.id = %s AND p.left_at IS NULL AND t.deleted_at IS NULL
"""
HEADS: Final = "SELECT id::text, last_seq, last_rev FROM chat_thread WHERE id = ANY(%s::uuid[])"
INBOX: Final = """
SELECT id::text, last_seq, last_rev FROM chat_thread
 WHERE kind IN ('support', 'shop') AND status <> 'resolved' AND deleted_at IS NULL
 ORDER BY created_at DESC LIMIT 2000
"""
MEMBERS: Final = """
SELECT thread_id::text, user_id::text FROM chat_participant
 WHERE thread_id = ANY(%s::uuid[]) AND user_id = ANY(%s::uuid[]) AND left_at IS NULL
"""

# Whoever came into a thread lately (or did anything there).
JOINED: Final = """
SELECT p.user_id::text, p.thread_id::text FROM chat_participant p JOIN chat_thread t ON t.id = p.thread_id
 WHERE p.user_id = ANY(%s::uuid[]) AND p.left_at IS NULL AND t.deleted_at IS NULL
   AND p.updated_at > now() - interval '5 minutes'
"""

# For a socket that was away: `after` is never before the person joined.
PAGE: Final = f"""
SELECT {COLUMNS} FROM chat_message m
 WHERE m.thread_id = %s AND m.seq > %s AND EXISTS (
       SELECT 1 FROM chat_participant p WHERE p.thread_id = m.thread_id AND p.user_id = %s AND p.left_at IS NULL
          AND p.joined_seq < m.seq)
 ORDER BY m.seq LIMIT %s
"""
# For a process that missed something: new messages by seq, and changes of older ones by rev, in one snapshot.
MISSED: Final = f"""
SELECT t.last_seq, t.last_rev, m.* FROM chat_thread t LEFT JOIN LATERAL (
    (SELECT false AS older, {COLUMNS} FROM chat_message m
      WHERE m.thread_id = t.id AND m.seq > %(seq)s ORDER BY m.seq LIMIT %(limit)s)
    UNION ALL
    (SELECT true AS older, {COLUMNS} FROM chat_message m
      WHERE m.thread_id = t.id AND m.rev > %(rev)s AND m.seq <= %(seq)s ORDER BY m.rev LIMIT %(limit)s)
) m ON true WHERE t.id = %(thread)s
"""
