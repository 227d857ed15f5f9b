"""The SQL that threads are written with: one text for Django's connection and for the group commit's own."""

from typing import Final

# Each input row gets a verdict; only `sent` rows are written. The thread rows are locked first, in order of id, so
# numbers are given in order of commits, and `created_at` rises with them. A concurrent twin of the same client_id
# is not seen by this statement's snapshot: the unique constraint rolls the statement back, and the next try finds
# it. ON CONFLICT would leave a hole in the numbers. The laterals with a LIMIT keep the plan one of index look-ups,
# whatever the planner thought of tables that were small; what is live is judged after the look-up, as an index of
# the live rows alone would look cheap then.
SEND: Final = """
WITH input AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(threads)s::uuid[], %(senders)s::uuid[], %(client_ids)s::text[],
                         %(bodies)s::text[], %(replies)s::uuid[])
             WITH ORDINALITY AS i (id, thread_id, sender_id, client_id, body, reply_to_id, n)
), locked AS MATERIALIZED (
    SELECT id, kind, last_seq, last_rev, last_message_at, status, deleted_at FROM chat_thread
     WHERE id = ANY(%(threads)s::uuid[]) ORDER BY id FOR UPDATE
), judged AS (
    SELECT i.*, l.last_seq, l.last_rev, l.last_message_at, l.kind, l.status, p.role,
           old.id AS old_id, old.seq AS old_seq, old.rev AS old_rev, old.created_at AS old_at,
           CASE WHEN p.id IS NULL THEN 'absent'
                WHEN old.id IS NOT NULL THEN 'duplicate'
                WHEN l.kind = 'direct' AND EXISTS (
                     SELECT 1 FROM chat_participant o JOIN chat_block b ON b.deleted_at IS NULL
                        AND (b.user_id, b.other_id) IN ((o.user_id, i.sender_id), (i.sender_id, o.user_id))
                      WHERE o.thread_id = l.id AND o.user_id <> i.sender_id) THEN 'blocked'
                WHEN i.reply_to_id IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM chat_message r WHERE r.id = i.reply_to_id AND r.thread_id = l.id
                        AND r.seq > p.joined_seq) THEN 'reply'
                ELSE 'sent' END AS verdict
      FROM input i
      LEFT JOIN locked l ON l.id = i.thread_id AND l.deleted_at IS NULL
      LEFT JOIN LATERAL (SELECT * FROM chat_participant
             WHERE thread_id = l.id AND user_id = i.sender_id LIMIT 1) p ON p.left_at IS NULL
      LEFT JOIN LATERAL (SELECT * FROM chat_message
             WHERE thread_id = l.id AND sender_id = i.sender_id AND client_id = i.client_id LIMIT 1) old ON true
), fresh AS MATERIALIZED (
    SELECT n, id, thread_id, sender_id, client_id, body, reply_to_id, role, kind, status,
           last_seq + row_number() OVER thread AS seq, last_rev + row_number() OVER thread AS rev,
           GREATEST(clock_timestamp(), last_message_at) + row_number() OVER thread * interval '1 microsecond' AS at
      FROM judged WHERE verdict = 'sent' WINDOW thread AS (PARTITION BY thread_id ORDER BY n)
), inserted AS (
    INSERT INTO chat_message (id, thread_id, seq, rev, sender_id, sender_role, client_id, kind, body, reply_to_id,
                              created_at)
    SELECT id, thread_id, seq, rev, sender_id, role, client_id, 'text', body, reply_to_id, at FROM fresh
), last AS (
    SELECT DISTINCT ON (thread_id) thread_id, seq, rev, at, kind, role FROM fresh ORDER BY thread_id, seq DESC
), moved AS (
    UPDATE chat_thread t
       SET last_seq = f.seq, last_rev = f.rev, last_message_at = f.at,
           status = CASE WHEN f.kind NOT IN ('support', 'shop') THEN t.status
                         WHEN f.role IN ('support', 'shop') THEN 'pending' ELSE 'open' END,
           snoozed_until = NULL,
           first_responded_at = CASE WHEN f.kind IN ('support', 'shop') AND f.role IN ('support', 'shop')
                                     THEN COALESCE(t.first_responded_at, f.at) ELSE t.first_responded_at END
      FROM last f WHERE t.id = f.thread_id
)
SELECT n, 'sent', id, seq, rev, at, role, kind, status FROM fresh
 UNION ALL
SELECT n, verdict, old_id, old_seq, old_rev, old_at, role, kind, status FROM judged WHERE verdict <> 'sent'
 ORDER BY 1
"""

# One's own messages count as read. Their marks follow within a second (services/settling.py), in one write for all
# that was said meanwhile; until then the last of them is looked up. `p` is a participant of the thread `t`.
READ_UP_TO: Final = """
GREATEST(p.read_seq, CASE WHEN t.head_rev < t.last_rev THEN (
    SELECT max(own.seq) FROM chat_message own
     WHERE own.thread_id = t.id AND own.rev > t.head_rev AND own.sender_id = p.user_id) END)
"""

# Read marks only move forwards, never past the last message; the row comes back when it moved.
READ: Final = """
UPDATE chat_participant p SET read_seq = LEAST(%(seq)s, t.last_seq), read_at = clock_timestamp()
  FROM chat_thread t
 WHERE t.id = p.thread_id AND p.thread_id = %(thread)s AND p.user_id = %(user)s AND p.left_at IS NULL
   AND p.read_seq < LEAST(%(seq)s, t.last_seq)
RETURNING p.read_seq, t.kind
"""

ATTACHED: Final = """
COALESCE((SELECT jsonb_agg(jsonb_build_object('fileId', f.id, 'filename', f.filename, 'contentType', f.content_type,
                                              'size', f.size) ORDER BY a.position)
            FROM chat_attachment a JOIN core_storedfile f ON f.id = a.file_id WHERE a.message_id = m.id), '[]')
"""

COLUMNS: Final = f"""
m.id, m.thread_id, m.seq, m.rev, m.body, m.sender_role, m.sender_id, m.client_id, m.kind, m.reply_to_id,
m.created_at, m.edited_at, m.deleted_at, {ATTACHED}
"""
