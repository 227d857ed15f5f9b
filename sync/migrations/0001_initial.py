"""Streams, entries, their triggers; pushes, dead letters and the filters of clients."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import core.clock
import core.ids
import core.rls
import sync.models

TRIGGERS = Path(__file__).resolve().parent.parent / "triggers.sql"

DROP = """
DROP FUNCTION sync_move_on();
DROP FUNCTION sync_tell_again(smallint, uuid[], boolean[]);
DROP TABLE sync_entry;
DROP TABLE sync_stream;
DROP FUNCTION sync_number();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(
            TRIGGERS.read_text(encoding="utf-8"),
            DROP,
            state_operations=[
                migrations.CreateModel(
                    name="SyncStream",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("seq", models.BigIntegerField(default=0)),
                        ("floor", models.BigIntegerField(default=0, help_text="Tombstones up to here may have been purged.")),
                        ("reset", models.BigIntegerField(default=0, help_text="The number at the last restore from a backup.")),
                        ("stamped_at", models.DateTimeField(default=core.clock.now)),
                    ],
                    options={"db_table": "sync_stream"},
                ),
                migrations.CreateModel(
                    name="SyncEntry",
                    fields=[
                        ("pk", models.CompositePrimaryKey("stream", "collection", "record_id", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("stream", models.UUIDField()),
                        ("collection", models.SmallIntegerField()),
                        ("record_id", models.UUIDField()),
                        ("seq", models.BigIntegerField(null=True)),
                        ("deleted", models.BooleanField()),
                        ("lead", models.BooleanField(default=False)),
                        ("xid", sync.models.XidField()),
                        ("changed_at", models.DateTimeField()),
                    ],
                    options={"db_table": "sync_entry"},
                ),
            ],
        ),
        migrations.CreateModel(
            name="SyncPush",
            fields=[
                ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("stream", models.UUIDField()),
                ("push_id", models.UUIDField()),
                ("digest", models.BinaryField(help_text="SHA-256 of what was pushed.", max_length=32)),
                ("answer", models.TextField(blank=True, help_text="JSON; empty only inside the transaction that works on it.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="sync_push_by_age")],
                "constraints": [models.UniqueConstraint(fields=("stream", "push_id"), name="sync_push_once")],
            },
        ),
        migrations.CreateModel(
            name="SyncRejection",
            fields=[
                ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("stream", models.UUIDField()),
                ("collection", models.CharField(max_length=60)),
                ("record", models.CharField(help_text="The id as the client gave it; it may be none.", max_length=64)),
                ("code", models.CharField(max_length=60)),
                ("errors", models.JSONField(default=dict)),
                ("payload", models.JSONField(null=True)),
                ("client_id", models.CharField(blank=True, max_length=64)),
                ("push_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="sync_rejection_by_age")],
                "constraints": [models.UniqueConstraint(fields=("stream", "collection", "record"), name="sync_rejection_once")],
            },
        ),
        migrations.CreateModel(
            name="SyncFilter",
            fields=[
                ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("stream", models.UUIDField()),
                ("client", models.CharField(max_length=64)),
                ("known", models.JSONField(default=dict, help_text="collection -> [digest of the filter, number]")),
                ("used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("stream", "client"), name="sync_filter_once")],
            },
        ),
        core.rls.EnableRLS("SyncPush", core.rls.Owner("stream")),
        core.rls.EnableRLS("SyncRejection", core.rls.Owner("stream")),
        core.rls.EnableRLS("SyncFilter", core.rls.Owner("stream")),
    ]
