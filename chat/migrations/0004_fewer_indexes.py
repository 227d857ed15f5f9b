"""Indexes that others begin with go; a message costs the feed of sync only what it must."""

import django.db.models.deletion
from django.db import migrations, models

from sync.operations import SyncTable

MEMBERS = "SELECT p.user_id FROM chat_participant p WHERE p.thread_id = {row}.id AND p.left_at IS NULL"
NEWS = ("kind", "subject", "context_type", "context_id", "status", "head_rev", "deleted_at")
OLD = SyncTable("Thread", code=100, streams=MEMBERS, columns=NEWS)


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0003_inbox'),
    ]

    operations = [
        migrations.RunSQL(OLD.backwards("chat_thread"), migrations.RunSQL.noop),
        SyncTable("Thread", code=100, streams=MEMBERS, columns=NEWS, settled=True),
        migrations.AlterField(
            model_name='message',
            name='reply_to',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='chat.message'),
        ),
        migrations.AlterField(
            model_name='message',
            name='thread',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='chat.thread'),
        ),
        migrations.AlterField(
            model_name='participant',
            name='thread',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='chat.thread'),
        ),
    ]
