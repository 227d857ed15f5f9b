"""Stored files: blobs and what we know of them."""

import core.clock
import core.ids
import core.rls
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('owner_id', models.UUIDField()),
                ('purpose', models.CharField(choices=[('attachment', 'Attachment'), ('photo', 'Photo'), ('document', 'Document'), ('certification', 'Certification'), ('ecu_backup', 'ECU backup'), ('tune_version', 'Tune version')], default='attachment', max_length=20)),
                ('filename', models.CharField(blank=True, help_text='As its owner calls it; never a path of ours.', max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveBigIntegerField(default=0, help_text='Bytes.')),
                ('sha256', models.CharField(blank=True, help_text='Hexadecimal.', max_length=64)),
                ('key', models.CharField(blank=True, editable=False, max_length=80)),
                ('state', models.CharField(choices=[('pending', 'Waiting for the upload'), ('complete', 'Complete')], default='pending', max_length=10)),
                ('completed_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='Until when the upload URL works; empty once its remains are gone.', null=True)),
            ],
            options={
                'verbose_name': 'file',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['owner_id', '-created_at'], name='core_file_by_owner'), models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='core_file_expiring'), models.Index(condition=models.Q(('deleted_at__isnull', False), models.Q(('key', ''), _negated=True)), fields=['deleted_at'], name='core_file_deleted')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('completed_at', None), ('key', ''), ('state', 'pending')), models.Q(('completed_at__isnull', False), ('sha256__regex', '^[0-9a-f]{64}$'), ('size__gt', 0), ('state', 'complete')), _connector='OR'), name='core_file_complete_means_measured'), models.CheckConstraint(condition=models.Q(('state', 'pending'), ('deleted_at__isnull', False), models.Q(('key', ''), _negated=True), _connector='OR'), name='core_file_live_has_a_blob')],
            },
        ),
        core.rls.EnableRLS("StoredFile", core.rls.Owner("owner_id")),
        core.rls.TrackChanges("StoredFile"),
    ]
