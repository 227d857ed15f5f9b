"""How samples lie: ordinary tables for what is small, a partitioned one for segments, and the functions that write them."""

import core.rls
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from telematics.migrations._storage import BACKWARDS, FORWARDS

class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ('core', '0001_initial'),
        ('garage', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tail',
            fields=[
                ('pk', models.CompositePrimaryKey('vehicle_id', 't', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vehicle_id', models.UUIDField()),
                ('owner_id', models.UUIDField()),
                ('t', models.DateTimeField()),
                ('vals', models.JSONField()),
                ('source', models.SmallIntegerField(choices=[(1, 'App'), (2, 'Torque'), (3, 'OsmAnd or Traccar Client'), (4, 'OwnTracks'), (5, 'Import'), (6, 'Compacted'), (7, 'Other')])),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'telematics_tail',
            },
        ),
        migrations.CreateModel(
            name='Daily',
            fields=[
                ('pk', models.CompositePrimaryKey('vehicle_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vehicle_id', models.UUIDField()),
                ('owner_id', models.UUIDField()),
                ('day', models.DateField()),
                ('n', models.IntegerField()),
                ('dist_m', models.FloatField(null=True)),
                ('fuel_l', models.FloatField(null=True)),
                ('drive_s', models.IntegerField(null=True)),
                ('idle_s', models.IntegerField(null=True)),
                ('vmax', models.FloatField(null=True)),
                ('stats', models.JSONField(default=dict, help_text='Signal -> [min, max, mean, last, count].')),
            ],
            options={
                'db_table': 'telematics_daily',
                'indexes': [models.Index(fields=['owner_id'], name='telematics_daily_of_owner')],
            },
        ),
        migrations.CreateModel(
            name='Dirty',
            fields=[
                ('pk', models.CompositePrimaryKey('vehicle_id', 't0', 't1', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vehicle_id', models.UUIDField()),
                ('owner_id', models.UUIDField()),
                ('t0', models.DateTimeField()),
                ('t1', models.DateTimeField()),
            ],
            options={
                'db_table': 'telematics_dirty',
                'constraints': [models.CheckConstraint(condition=models.Q(('t1__gte', models.F('t0'))), name='telematics_dirty_forward')],
            },
        ),
        migrations.CreateModel(
            name='Latest',
            fields=[
                ('vehicle', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='garage.vehicle')),
                ('owner_id', models.UUIDField()),
                ('t', models.DateTimeField(null=True)),
                ('vals', models.JSONField(default=dict)),
                ('odometer', models.FloatField(help_text='Highest plausible reading, km.', null=True)),
                ('odometer_told', models.FloatField(help_text='What the garage was told last, km.', null=True)),
                ('odometer_told_at', models.DateTimeField(null=True)),
                ('lat', models.FloatField(null=True)),
                ('lon', models.FloatField(null=True)),
                ('dtc_count', models.IntegerField(null=True)),
                ('mil', models.BooleanField(null=True)),
                ('dtc_at', models.DateTimeField(help_text='When codes or the warning light were last spoken of.', null=True)),
                ('last_seen', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('live_at', models.DateTimeField(help_text='When a live frame went out last.', null=True)),
                ('extra', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('keep_days', models.PositiveSmallIntegerField(help_text='Shorter than the plan allows, by the owner.', null=True)),
            ],
            options={
                'verbose_name': "vehicle's telemetry",
                'verbose_name_plural': 'telemetry by vehicle',
                'db_table': 'telematics_latest',
                'indexes': [models.Index(fields=['owner_id'], name='telematics_latest_of_owner')],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARDS, BACKWARDS)],
            state_operations=[
                migrations.CreateModel(
                    name='Segment',
                    fields=[
                        ('pk', models.CompositePrimaryKey('vehicle_id', 't0', 'digest', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('vehicle_id', models.UUIDField()),
                        ('owner_id', models.UUIDField()),
                        ('t0', models.DateTimeField()),
                        ('t1', models.DateTimeField()),
                        ('n', models.IntegerField(help_text='Samples.')),
                        ('digest', models.BinaryField(help_text='blake2b-128 of what was sent.')),
                        ('source', models.SmallIntegerField(choices=[(1, 'App'), (2, 'Torque'), (3, 'OsmAnd or Traccar Client'), (4, 'OwnTracks'), (5, 'Import'), (6, 'Compacted'), (7, 'Other')])),
                        ('skew_ms', models.IntegerField(help_text="Server's clock minus the device's, at the upload.", null=True)),
                        ('codec', models.SmallIntegerField()),
                        ('signals', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                        ('smin', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), size=None)),
                        ('smax', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), size=None)),
                        ('savg', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), size=None)),
                        ('slast', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), size=None)),
                        ('scount', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                        ('odo0', models.FloatField(help_text='First odometer reading, km.', null=True)),
                        ('odo1', models.FloatField(help_text='Last odometer reading, km.', null=True)),
                        ('fuel_l', models.FloatField(help_text='Integral of the fuel rate, litres.', null=True)),
                        ('dist_m', models.FloatField(help_text='Integral of the speed, metres.', null=True)),
                        ('data', models.BinaryField()),
                        ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        'db_table': 'telematics_segment',
                        'constraints': [models.CheckConstraint(condition=models.Q(('n__gt', 0)), name='telematics_segment_has_samples')],
                    },
                ),
            ],
        ),
        *(core.rls.EnableRLS(name, core.rls.Owner()) for name in ("Segment", "Latest", "Tail", "Daily", "Dirty")),
    ]
