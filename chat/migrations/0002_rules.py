"""What the database itself keeps: who sees what, revisions, and which rows are in the sync streams.

All writes go through services that act as the system: the send statement tests membership itself, for many people
at once.
"""

from django.db import migrations

from core.rls import EnableRLS, Owner, Sql, TrackChanges
from sync.operations import SyncAccess, SyncTable

IN_IT = "SELECT 1 FROM chat_participant p WHERE p.user_id = {me} AND p.left_at IS NULL"
NOBODY = Sql("false", "false")
POLICIES = {
    "Participant": Sql("{table}.user_id = {me}", "false"),
    "Thread": Sql(f"EXISTS ({IN_IT} AND p.thread_id = {{table}}.id)", "false"),
    "Message": Sql(
        f"{{table}}.kind <> 'note' AND "
        f"EXISTS ({IN_IT} AND p.thread_id = {{table}}.thread_id AND p.joined_seq < {{table}}.seq)",
        "false",
    ),
    # The inner table's own policy decides.
    "Attachment": Sql("EXISTS (SELECT 1 FROM chat_message m WHERE m.id = {table}.message_id)", "false"),
    "MessageEdit": NOBODY,
    "CannedReply": NOBODY,
    "Presence": NOBODY,
    "SocketTicket": NOBODY,
    "Block": Owner("user_id"),
    "Report": Owner("reporter_id"),
}
MEMBERS = "SELECT p.user_id FROM chat_participant p WHERE p.thread_id = {row}.id AND p.left_at IS NULL"
THERE = "{row}.left_at IS NULL AND {row}.deleted_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0001_initial"),
        ("core", "0001_initial"),
        ("sync", "0001_initial"),
    ]
    operations = [
        *(TrackChanges(model) for model in ("Thread", "Participant", "Block", "Report", "CannedReply")),
        *(EnableRLS(model, policy) for model, policy in POLICIES.items()),
        # Of the counters only `head_rev` is news: it follows once a second, not with every message.
        SyncTable(
            "Thread",
            code=100,
            streams=MEMBERS,
            columns=("kind", "subject", "context_type", "context_id", "status", "head_rev", "deleted_at"),
        ),
        SyncAccess("Participant", code=100, records="{row}.thread_id", streams="{row}.user_id", live=THERE),
        SyncTable(
            "Participant",
            code=101,
            streams="{row}.user_id",
            live=THERE,
            columns=("role", "joined_seq", "read_at", "muted_until", "left_at", "deleted_at"),
        ),
    ]
