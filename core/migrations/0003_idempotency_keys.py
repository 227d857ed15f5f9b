"""Answers of POSTs that came with an Idempotency-Key."""

import core.clock
import core.ids
import core.rls
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField(null=True)),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(help_text='SHA-256 of route and body.', max_length=64)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done')], default='running', max_length=10)),
                ('locked_until', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('headers', models.JSONField(default=dict)),
                ('body', models.BinaryField(default=b'')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now)),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='core_key_by_age')],
                'constraints': [models.UniqueConstraint(fields=('owner_id', 'key'), name='core_key_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('locked_until__isnull', False), ('state', 'running'), ('status', None)), models.Q(('state', 'done'), ('status__range', (200, 299))), _connector='OR'), name='core_key_done_means_answered')],
            },
        ),
        # Without an account there is no context, and only such keys are seen.
        core.rls.EnableRLS(
            "IdempotencyKey",
            core.rls.Sql(
                read="{table}.owner_id IS NOT DISTINCT FROM {me}", write="{table}.owner_id IS NOT DISTINCT FROM {me}"
            ),
        ),
    ]
