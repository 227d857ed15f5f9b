import core.clock
import core.ids
import core.rls
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The second change that the append-only log allows: where somebody was is forgotten after a while.
FORGET_NETWORKS = """
CREATE FUNCTION core_forget_networks(before timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE core_auditevent SET ip_prefix = '' WHERE at < before AND ip_prefix <> '';
$$;
REVOKE ALL ON FUNCTION core_forget_networks(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core_forget_networks(timestamptz) TO revsync_system;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0002_identity'),
    ]

    operations = [
        migrations.CreateModel(
            name='DataExport',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('queued', 'Being made'), ('ready', 'Ready'), ('expired', 'Expired')], default='queued', max_length=10)),
                ('created_at', models.DateTimeField(default=core.clock.now)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('key', models.CharField(blank=True, max_length=200)),
                ('size', models.PositiveBigIntegerField(default=0, help_text='Bytes.')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('user',), name='users_one_export_at_a_time')],
            },
        ),
        core.rls.EnableRLS("DataExport", core.rls.Owner("user_id")),
        migrations.RunSQL(FORGET_NETWORKS, "DROP FUNCTION core_forget_networks(timestamptz)"),
    ]
