"""Facts that follow from samples, and the rules that PostgreSQL keeps for them."""

import core.rls
import sync.operations
import core.clock
import core.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


RECORDS = [
    "Trip", "TripEdit", "Geofence", "AlertRule", "Alert", "DtcEvent", "MaintenancePlan", "DeviceKey", "ImportJob",
]
ABOUT_A_VEHICLE = ["trip", "tripedit", "alert", "dtcevent", "maintenanceplan", "devicekey", "importjob"]
SYNCED = {"Trip": 110, "DtcEvent": 111, "Alert": 112, "AlertRule": 113, "Geofence": 114}


def same_owner(model):
    """The owner of a row about a vehicle is the vehicle's, whoever writes it and however."""
    table, name = f"telematics_{model}", f"telematics_{model}_same_owner"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (vehicle_id, owner_id) "
        "REFERENCES garage_vehicle (id, owner_id) ON UPDATE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('sync', '0001_initial'),
        ('garage', '0001_initial'),
        ('telematics', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='dirty', name='shrinks', field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.CreateModel(
            name='DtcDefinition',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('make', models.CharField(max_length=80)),
                ('code', models.CharField(max_length=5)),
                ('text', models.CharField(max_length=400)),
            ],
            options={
                'verbose_name': "manufacturer's trouble code",
                'constraints': [models.UniqueConstraint(fields=('code', 'make'), name='telematics_definition_once')],
            },
        ),
        migrations.CreateModel(
            name='DtcReport',
            fields=[
                ('pk', models.CompositePrimaryKey('vehicle_id', 'at', 'digest', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vehicle_id', models.UUIDField()),
                ('owner_id', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('digest', models.BinaryField(help_text='blake2b-128 of codes and lamp.')),
                ('codes', models.JSONField(null=True)),
                ('mil', models.BooleanField(null=True)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['owner_id'], name='telematics_reports_of_owner')],
            },
        ),
        migrations.CreateModel(
            name='Geofence',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('name', models.CharField(max_length=80)),
                ('lat', models.FloatField(blank=True, null=True)),
                ('lon', models.FloatField(blank=True, null=True)),
                ('radius_m', models.FloatField(blank=True, null=True)),
                ('corners', models.JSONField(blank=True, default=list)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AlertRule',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('kind', models.CharField(choices=[('overspeed', 'Overspeed'), ('rev_limit', 'Rev limit'), ('coolant', 'Coolant hot'), ('battery', 'Battery low'), ('idling', 'Idling'), ('harsh_accel', 'Harsh acceleration'), ('harsh_brake', 'Harsh braking'), ('geofence', 'Place entered or left'), ('fuel_drop', 'Fuel drop'), ('dtc_new', 'New trouble code'), ('mil_on', 'Warning light'), ('silent', 'Device silent'), ('maintenance', 'Maintenance due')], max_length=12)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('on_enter', models.BooleanField(default=True)),
                ('on_exit', models.BooleanField(default=True)),
                ('active', models.BooleanField(default=True)),
                ('since', models.DateTimeField(default=core.clock.now)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
                ('geofence', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='telematics.geofence')),
            ],
        ),
        migrations.CreateModel(
            name='ImportJob',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('format', models.CharField(choices=[('gpx', 'GPX track'), ('torque_csv', 'Torque log (CSV)'), ('openxc', 'OpenXC trace (JSON lines)'), ('dbc', 'CAN frames with a DBC file')], max_length=10)),
                ('file_id', models.UUIDField()),
                ('dbc_file_id', models.UUIDField(blank=True, null=True)),
                ('start_at', models.DateTimeField(blank=True, help_text='For files without times of their own.', null=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=7)),
                ('percent', models.PositiveSmallIntegerField(default=0)),
                ('rows', models.PositiveIntegerField(default=0, help_text='Samples found in the file.')),
                ('accepted', models.PositiveIntegerField(default=0)),
                ('duplicates', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0, help_text='Lines without an instant or a number.')),
                ('message', models.CharField(blank=True, max_length=300)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
        ),
        migrations.CreateModel(
            name='MaintenancePlan',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('title', models.CharField(max_length=120)),
                ('every_km', models.PositiveIntegerField(blank=True, null=True)),
                ('every_months', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('every_hours', models.PositiveIntegerField(blank=True, null=True)),
                ('last_done_on', models.DateField()),
                ('last_done_km', models.FloatField(default=0)),
                ('last_done_hours', models.FloatField(default=0)),
                ('lead_km', models.PositiveIntegerField(default=500)),
                ('lead_days', models.PositiveSmallIntegerField(default=14)),
                ('lead_hours', models.PositiveSmallIntegerField(default=10)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('told_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
        ),
        migrations.CreateModel(
            name='Trip',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('start_at', models.DateTimeField()),
                ('end_at', models.DateTimeField()),
                ('distance_m', models.FloatField()),
                ('distance_source', models.CharField(blank=True, help_text='odometer, speed or gps.', max_length=10)),
                ('gps_m', models.FloatField(help_text='Way between the fixes, as a check.', null=True)),
                ('drive_s', models.FloatField()),
                ('idle_s', models.FloatField()),
                ('speed_max', models.FloatField(null=True)),
                ('speed_avg', models.FloatField(null=True)),
                ('rpm_max', models.FloatField(null=True)),
                ('coolant_max', models.FloatField(null=True)),
                ('fuel_l', models.FloatField(null=True)),
                ('fuel_source', models.CharField(blank=True, help_text='rate, maf or level.', max_length=10)),
                ('level_used', models.FloatField(null=True)),
                ('refuelled', models.FloatField(null=True)),
                ('odometer_start_km', models.FloatField(null=True)),
                ('odometer_end_km', models.FloatField(null=True)),
                ('start_lat', models.FloatField(null=True)),
                ('start_lon', models.FloatField(null=True)),
                ('end_lat', models.FloatField(null=True)),
                ('end_lon', models.FloatField(null=True)),
                ('samples', models.PositiveIntegerField()),
                ('label', models.CharField(blank=True, choices=[('', 'None'), ('business', 'Business'), ('private', 'Private')], default='', max_length=10)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'ordering': ['-start_at'],
            },
        ),
        migrations.CreateModel(
            name='TripEdit',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('kind', models.CharField(choices=[('join', 'Joined'), ('cut', 'Split'), ('label', 'Labelled')], max_length=5)),
                ('t0', models.DateTimeField()),
                ('t1', models.DateTimeField()),
                ('label', models.CharField(blank=True, choices=[('', 'None'), ('business', 'Business'), ('private', 'Private')], max_length=10)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('kind', models.CharField(choices=[('overspeed', 'Overspeed'), ('rev_limit', 'Rev limit'), ('coolant', 'Coolant hot'), ('battery', 'Battery low'), ('idling', 'Idling'), ('harsh_accel', 'Harsh acceleration'), ('harsh_brake', 'Harsh braking'), ('geofence', 'Place entered or left'), ('fuel_drop', 'Fuel drop'), ('dtc_new', 'New trouble code'), ('mil_on', 'Warning light'), ('silent', 'Device silent'), ('maintenance', 'Maintenance due')], max_length=12)),
                ('what', models.CharField(blank=True, help_text='A finer kind: enter, exit, off, running, a code.', max_length=40)),
                ('start_at', models.DateTimeField()),
                ('end_at', models.DateTimeField()),
                ('value', models.FloatField(help_text='The extreme, in the unit of what the rule looks at.', null=True)),
                ('lat', models.FloatField(null=True)),
                ('lon', models.FloatField(null=True)),
                ('title', models.CharField(max_length=160)),
                ('seen_at', models.DateTimeField(blank=True, help_text='When the owner acknowledged it.', null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
                ('rule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='telematics.alertrule')),
            ],
            options={
                'ordering': ['-start_at'],
                'indexes': [models.Index(fields=['vehicle', '-start_at'], name='telematics_alerts_of_vehicle'), models.Index(fields=['owner', '-created_at', '-id'], name='telematics_alerts_of_owner'), models.Index(fields=['rule', 'start_at'], name='telematics_alerts_of_rule')],
                'constraints': [models.CheckConstraint(condition=models.Q(('end_at__gte', models.F('start_at'))), name='telematics_alert_forward')],
            },
        ),
        migrations.CreateModel(
            name='DeviceKey',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('protocol', models.CharField(choices=[('torque', 'Torque Pro'), ('osmand', 'OsmAnd or Traccar Client'), ('owntracks', 'OwnTracks')], max_length=10)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('prefix', models.CharField(help_text='The first characters, to tell keys apart.', max_length=8)),
                ('digest', models.CharField(help_text='SHA-256 of the key, hexadecimal.', max_length=64, unique=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('told', models.JSONField(blank=True, default=dict)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='telematics_keys_of_owner')],
            },
        ),
        migrations.CreateModel(
            name='DtcEvent',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('code', models.CharField(max_length=5)),
                ('status', models.CharField(choices=[('stored', 'Stored'), ('pending', 'Pending'), ('permanent', 'Permanent')], max_length=10)),
                ('first_seen', models.DateTimeField()),
                ('last_seen', models.DateTimeField()),
                ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ('occurrences', models.PositiveIntegerField()),
                ('freeze_frame', models.JSONField(blank=True, default=dict)),
                ('acked_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'verbose_name': 'trouble code',
                'ordering': ['-first_seen'],
                'indexes': [models.Index(fields=['vehicle', '-first_seen'], name='telematics_dtcs_of_vehicle'), models.Index(fields=['owner', '-created_at', '-id'], name='telematics_dtcs_of_owner')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('cleared_at', None), ('deleted_at', None)), fields=('vehicle', 'code'), name='telematics_dtc_one_open'), models.CheckConstraint(condition=models.Q(('last_seen__gte', models.F('first_seen'))), name='telematics_dtc_forward')],
            },
        ),
        migrations.AddIndex(
            model_name='geofence',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='telematics_fences_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='geofence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lat', None), ('lon', None), ('radius_m', None), models.Q(('corners', []), _negated=True)), models.Q(('corners', []), ('lat__range', (-90, 90)), ('lon__range', (-180, 180)), ('radius_m__gt', 0)), _connector='OR'), name='telematics_fence_has_one_shape'),
        ),
        migrations.AddIndex(
            model_name='alertrule',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='telematics_rules_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('geofence__isnull', False), ('kind', 'geofence')), models.Q(models.Q(('kind', 'geofence'), _negated=True), ('geofence', None)), _connector='OR'), name='telematics_rule_fence_with_its_kind'),
        ),
        migrations.AddIndex(
            model_name='importjob',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='telematics_imports_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='importjob',
            constraint=models.CheckConstraint(condition=models.Q(('percent__lte', 100)), name='telematics_import_percent'),
        ),
        migrations.AddIndex(
            model_name='maintenanceplan',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='telematics_plans_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.CheckConstraint(condition=models.Q(('every_km__gt', 0), ('every_months__gt', 0), ('every_hours__gt', 0), _connector='OR'), name='telematics_plan_comes_back'),
        ),
        migrations.AddIndex(
            model_name='trip',
            index=models.Index(fields=['vehicle', '-start_at'], name='telematics_trips_of_vehicle'),
        ),
        migrations.AddIndex(
            model_name='trip',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='telematics_trips_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='trip',
            constraint=models.CheckConstraint(condition=models.Q(('end_at__gte', models.F('start_at'))), name='telematics_trip_forward'),
        ),
        migrations.AddIndex(
            model_name='tripedit',
            index=models.Index(fields=['vehicle', 't0'], name='telematics_edits_of_vehicle'),
        ),
        migrations.AddConstraint(
            model_name='tripedit',
            constraint=models.CheckConstraint(condition=models.Q(('t1__gte', models.F('t0'))), name='telematics_edit_forward'),
        ),
        *(core.rls.TrackChanges(model) for model in RECORDS),
        *(core.rls.EnableRLS(model, core.rls.Owner()) for model in [*RECORDS, "DtcReport"]),
        # Words of manufacturers are nobody's secret; only staff write them.
        core.rls.EnableRLS("DtcDefinition", core.rls.Sql("true", "false")),
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON telematics_dtcdefinition FROM revsync_app",
            "GRANT INSERT, UPDATE, DELETE ON telematics_dtcdefinition TO revsync_app",
        ),
        *(same_owner(model) for model in ABOUT_A_VEHICLE),
        *(sync.operations.SyncTable(model, code=code) for model, code in SYNCED.items()),
    ]
