"""The tables of the garage, and the rules that PostgreSQL keeps for them."""

import core.clock
import core.ids
import core.rls
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import sync.operations
import uuid
from django.conf import settings
from django.db import migrations, models


RECORDS = [
    "Vehicle", "Mod", "ServiceRecord", "FuelUp", "Document", "Reminder", "OdometerEntry", "EcuBackup", "FlashJob",
]
ABOUT_A_VEHICLE = [
    "mod", "servicerecord", "fuelup", "document", "reminder", "odometerentry", "ecubackup", "flashjob",
    "flashwaiver",
]
SYNCED = {
    "Vehicle": 10, "Mod": 11, "ServiceRecord": 12, "FuelUp": 13, "Document": 14, "Reminder": 15,
    "OdometerEntry": 16, "EcuBackup": 17, "FlashJob": 18,
}
CATALOGUE = ["VehicleType", "VehicleBrand", "VehicleModel"]


def same_owner(model):
    """The owner of a row about a vehicle is the vehicle's, whoever writes it and however."""
    table, name = f"garage_{model}", f"garage_{model}_same_owner"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (vehicle_id, owner_id) "
        "REFERENCES garage_vehicle (id, owner_id) ON UPDATE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def staff_only_writes(model):
    table = f"garage_{model.lower()}"
    return migrations.RunSQL(
        f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM revsync_app",
        f"GRANT INSERT, UPDATE, DELETE ON {table} TO revsync_app",
    )


VERSION = """
CREATE FUNCTION garage_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO garage_cataloguestate (id, version) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version;
    RETURN NULL;
END $$;
"""


def new_version(model):
    table = f"garage_{model.lower()}"
    return migrations.RunSQL(
        f"CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION garage_catalogue_changed()",
        f"DROP TRIGGER catalogue_changed ON {table}",
    )


# What was saved from an ECU never changes; what is known of it may grow, but a verified backup stays verified.
BACKUP_STAYS = """
CREATE FUNCTION garage_backup_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.vehicle_id, NEW.file_id, NEW.sha256, NEW.size, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.vehicle_id, OLD.file_id, OLD.sha256, OLD.size, OLD.created_at)
        OR (OLD.state = 'verified' AND NEW.state <> 'verified')
    THEN
        RAISE EXCEPTION 'an ECU backup is immutable' USING ERRCODE = '23514', CONSTRAINT = 'garage_backup_immutable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER backup_stays BEFORE UPDATE ON garage_ecubackup
    FOR EACH ROW EXECUTE FUNCTION garage_backup_stays();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("sync", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='VehicleBrand',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('code', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('edited', models.BooleanField(default=False, help_text='Changed by staff: the loader leaves it alone.')),
                ('country', models.CharField(blank=True, help_text="ISO 3166-1 alpha-2 of the brand's home.", max_length=2)),
                ('wmi', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), blank=True, default=list, help_text='First three characters of VINs.', size=None)),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='VehicleType',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('code', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('edited', models.BooleanField(default=False, help_text='Changed by staff: the loader leaves it alone.')),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CatalogueState',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('version', models.UUIDField(default=uuid.uuid4)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='garage_one_catalogue_state')],
            },
        ),
        migrations.CreateModel(
            name='EcuBackup',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('file_id', models.UUIDField(help_text="Core's stored file.")),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(help_text='Bytes.')),
                ('filename', models.CharField(blank=True, help_text="The owner's name for it, shown escaped.", max_length=200)),
                ('state', models.CharField(choices=[('pending', 'Being checked'), ('verified', 'Verified'), ('unreadable', "Can't be read")], default='pending', max_length=10)),
                ('format', models.CharField(blank=True, max_length=20)),
                ('family', models.CharField(blank=True, max_length=80)),
                ('signature', models.CharField(blank=True, max_length=200)),
                ('calibration_id', models.CharField(blank=True, max_length=80)),
                ('checksum_ok', models.BooleanField(help_text='Unknown where no definition says how it is summed.', null=True)),
                ('detail', models.TextField(blank=True)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'ECU backup',
            },
        ),
        migrations.CreateModel(
            name='Vehicle',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('nickname', models.CharField(blank=True, max_length=80)),
                ('vin', models.CharField(blank=True, max_length=17, verbose_name='VIN')),
                ('vin_notes', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, default=list, editable=False, size=None)),
                ('make', models.CharField(max_length=80)),
                ('model', models.CharField(max_length=80)),
                ('trim', models.CharField(blank=True, max_length=80)),
                ('year', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('license_plate', models.CharField(blank=True, max_length=20)),
                ('odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('fuel_type', models.CharField(blank=True, choices=[('petrol', 'Petrol'), ('diesel', 'Diesel'), ('e85', 'E85'), ('ethanol', 'Ethanol'), ('methanol', 'Methanol'), ('lpg', 'LPG'), ('cng', 'CNG'), ('electric', 'Electric'), ('hybrid', 'Hybrid')], max_length=10)),
                ('dongle_id', models.CharField(blank=True, max_length=64)),
                ('dongle_connection_type', models.CharField(blank=True, choices=[('BLE', 'Bluetooth'), ('WIFI', 'Wi-Fi'), ('CLOUD', 'Own SIM card')], max_length=5)),
                ('ecu_family', models.CharField(blank=True, max_length=80, verbose_name='ECU family')),
                ('ecu_hardware', models.CharField(blank=True, max_length=80, verbose_name='ECU hardware')),
                ('ecu_software', models.CharField(blank=True, max_length=80, verbose_name='ECU software')),
                ('ecu_calibration_id', models.CharField(blank=True, max_length=80, verbose_name='ECU calibration id')),
                ('engine_displacement_cc', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('engine_cylinders', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('engine_stroke', models.PositiveSmallIntegerField(blank=True, help_text='2 or 4.', null=True)),
                ('engine_aspiration', models.CharField(blank=True, choices=[('na', 'Naturally aspirated'), ('turbo', 'Turbocharged'), ('supercharged', 'Supercharged')], max_length=12)),
                ('engine_redline_rpm', models.PositiveIntegerField(blank=True, null=True)),
                ('engine_compression', models.DecimalField(blank=True, decimal_places=2, help_text='x in x:1.', max_digits=4, null=True)),
                ('engine_injector_cc_min', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('mods', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('photo_file_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='FlashJob',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('source_kind', models.CharField(max_length=20)),
                ('source_id', models.UUIDField()),
                ('file_id', models.UUIDField(help_text="Core's stored file.")),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(help_text='Bytes.')),
                ('label', models.CharField(blank=True, max_length=200)),
                ('ecu_expected', models.JSONField(blank=True, default=dict)),
                ('safety_report_id', models.UUIDField(blank=True, null=True)),
                ('acknowledgement', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('ready', 'Ready'), ('in_progress', 'Writing'), ('verifying', 'Verifying'), ('completed', 'Completed'), ('failed', 'Failed'), ('restoring', 'Restoring'), ('restored', 'Restored'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], default='queued', max_length=12)),
                ('percent', models.PositiveSmallIntegerField(default=0)),
                ('detail', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField()),
                ('heard_at', models.DateTimeField(default=core.clock.now, help_text='The last event of the phone.')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('restore_backup', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='garage.ecubackup')),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
        ),
        migrations.AddField(
            model_name='ecubackup',
            name='vehicle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle'),
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('title', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('receipt', 'Receipt'), ('insurance', 'Insurance'), ('registration', 'Registration'), ('inspection', 'Inspection (PUC, MOT, TÜV)'), ('warranty', 'Warranty'), ('manual', 'Manual'), ('other', 'Other')], default='other', max_length=14)),
                ('file_id', models.UUIDField(blank=True, null=True)),
                ('issued_on', models.DateField(blank=True, null=True)),
                ('expires_on', models.DateField(blank=True, null=True)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
        ),
        migrations.CreateModel(
            name='VehicleModel',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('code', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('edited', models.BooleanField(default=False, help_text='Changed by staff: the loader leaves it alone.')),
                ('generation', models.CharField(blank=True, max_length=80)),
                ('year_from', models.PositiveSmallIntegerField()),
                ('year_to', models.PositiveSmallIntegerField(blank=True, help_text='Empty: still made.', null=True)),
                ('fuel_type', models.CharField(blank=True, choices=[('petrol', 'Petrol'), ('diesel', 'Diesel'), ('e85', 'E85'), ('ethanol', 'Ethanol'), ('methanol', 'Methanol'), ('lpg', 'LPG'), ('cng', 'CNG'), ('electric', 'Electric'), ('hybrid', 'Hybrid')], max_length=10)),
                ('engine_displacement_cc', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('engine_cylinders', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('engine_stroke', models.PositiveSmallIntegerField(blank=True, help_text='2 or 4.', null=True)),
                ('engine_aspiration', models.CharField(blank=True, choices=[('na', 'Naturally aspirated'), ('turbo', 'Turbocharged'), ('supercharged', 'Supercharged')], max_length=12)),
                ('engine_cooling', models.CharField(blank=True, help_text='air, oil or liquid.', max_length=10)),
                ('engine_compression', models.DecimalField(blank=True, decimal_places=2, help_text='x in x:1.', max_digits=4, null=True)),
                ('engine_redline_rpm', models.PositiveIntegerField(blank=True, null=True)),
                ('engine_power_kw', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('engine_torque_nm', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('ecu_maker', models.CharField(blank=True, max_length=80)),
                ('ecu_family', models.CharField(blank=True, max_length=80)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='models', to='garage.vehiclebrand')),
                ('vehicle_type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='garage.vehicletype')),
            ],
            options={
                'ordering': ['name', 'year_from'],
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='vehicle',
            name='vehicle_model',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='garage.vehiclemodel'),
        ),
        migrations.CreateModel(
            name='FlashEvent',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('client_event_id', models.CharField(max_length=64)),
                ('event', models.CharField(choices=[('started', 'Started'), ('progress', 'Progress'), ('verifying', 'Verifying'), ('verified', 'Verified'), ('completed', 'Completed'), ('failed', 'Failed'), ('restore_started', 'Restore started'), ('restored', 'Restored'), ('cancelled', 'Cancelled')], max_length=16)),
                ('percent', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('detail', models.TextField(blank=True)),
                ('applied', models.BooleanField()),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('ready', 'Ready'), ('in_progress', 'Writing'), ('verifying', 'Verifying'), ('completed', 'Completed'), ('failed', 'Failed'), ('restoring', 'Restoring'), ('restored', 'Restored'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], help_text="The job's, after it.", max_length=12)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='garage.flashjob')),
            ],
            options={
                'ordering': ['at', 'id'],
                'constraints': [models.UniqueConstraint(fields=('job', 'client_event_id'), name='garage_flash_event_once')],
            },
        ),
        migrations.CreateModel(
            name='ServiceRecord',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('title', models.CharField(max_length=120)),
                ('done_on', models.DateField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='garage_services_of_owner'), models.Index(fields=['vehicle', '-done_on'], name='garage_services_of_vehicle')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', None), ('currency', '')), models.Q(('amount_minor__gte', 0), ('currency__regex', '^[A-Z]{3}$')), _connector='OR'), name='garage_service_cost'), models.CheckConstraint(condition=models.Q(('odometer_km', None), ('odometer_km__range', (0, 5000000)), _connector='OR'), name='garage_service_odometer')],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('title', models.CharField(max_length=120)),
                ('due_on', models.DateField(blank=True, null=True)),
                ('due_odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('every_months', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('every_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('last_done_on', models.DateField(blank=True, null=True)),
                ('last_done_odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('done_at', models.DateTimeField(blank=True, help_text='When a reminder without a repeat was done.', null=True)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='garage_reminders_of_owner')],
                'constraints': [models.CheckConstraint(condition=models.Q(('due_on__isnull', False), ('due_odometer_km__isnull', False), _connector='OR'), name='garage_reminder_has_a_due'), models.CheckConstraint(condition=models.Q(('due_odometer_km', None), ('due_odometer_km__range', (0, 5000000)), _connector='OR'), name='garage_reminder_due_odometer')],
            },
        ),
        migrations.CreateModel(
            name='OdometerEntry',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('reading_km', models.DecimalField(decimal_places=1, max_digits=8)),
                ('read_at', models.DateTimeField(default=core.clock.now)),
                ('source', models.CharField(choices=[('owner', 'Typed in'), ('correction', 'Correction'), ('service', 'Service record'), ('fuel', 'Fuel-up'), ('telematics', 'Telematics')], default='owner', max_length=10)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'verbose_name_plural': 'odometer entries',
                'indexes': [models.Index(fields=['vehicle', '-read_at'], name='garage_readings_of_vehicle')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reading_km', None), ('reading_km__range', (0, 5000000)), _connector='OR'), name='garage_reading_plausible')],
            },
        ),
        migrations.CreateModel(
            name='Mod',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('title', models.CharField(max_length=120)),
                ('part_number', models.CharField(blank=True, max_length=80)),
                ('installed_on', models.DateField(blank=True, null=True)),
                ('removed_on', models.DateField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='garage_mods_of_owner')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', None), ('currency', '')), models.Q(('amount_minor__gte', 0), ('currency__regex', '^[A-Z]{3}$')), _connector='OR'), name='garage_mod_cost'), models.CheckConstraint(condition=models.Q(('odometer_km', None), ('odometer_km__range', (0, 5000000)), _connector='OR'), name='garage_mod_odometer')],
            },
        ),
        migrations.CreateModel(
            name='FuelUp',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('odometer_km', models.DecimalField(blank=True, decimal_places=1, max_digits=8, null=True)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('filled_on', models.DateField()),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=7)),
                ('unit', models.CharField(choices=[('l', 'Litres'), ('kg', 'Kilograms'), ('kwh', 'Kilowatt-hours')], default='l', max_length=3)),
                ('full_tank', models.BooleanField(default=True)),
                ('missed_previous', models.BooleanField(default=False, help_text='A fuel-up before this one was not noted.')),
                ('station', models.CharField(blank=True, max_length=120)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'verbose_name': 'fuel-up',
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='garage_fuel_of_owner'), models.Index(fields=['vehicle', 'odometer_km'], name='garage_fuel_of_vehicle')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', None), ('currency', '')), models.Q(('amount_minor__gte', 0), ('currency__regex', '^[A-Z]{3}$')), _connector='OR'), name='garage_fuel_cost'), models.CheckConstraint(condition=models.Q(('odometer_km', None), ('odometer_km__range', (0, 5000000)), _connector='OR'), name='garage_fuel_odometer'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='garage_fuel_quantity')],
            },
        ),
        migrations.CreateModel(
            name='FlashWaiver',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('code', models.CharField(help_text="The objection's code.", max_length=60)),
                ('reason', models.TextField(max_length=2000)),
                ('granted_by', models.UUIDField(editable=False, null=True)),
                ('expires_at', models.DateTimeField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('used_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='garage.flashjob')),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='garage.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['vehicle', 'code'], name='garage_waivers_of_vehicle')],
            },
        ),
        migrations.AddIndex(
            model_name='flashjob',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='garage_flashes_of_owner'),
        ),
        migrations.AddIndex(
            model_name='flashjob',
            index=models.Index(condition=models.Q(('state__in', ('queued', 'ready', 'in_progress', 'verifying', 'restoring'))), fields=['heard_at'], name='garage_flashes_to_expire'),
        ),
        migrations.AddConstraint(
            model_name='flashjob',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'ready', 'in_progress', 'verifying', 'restoring')), ('deleted_at', None)), fields=('vehicle',), name='garage_flash_one_live_a_vehicle'),
        ),
        migrations.AddConstraint(
            model_name='flashjob',
            constraint=models.CheckConstraint(condition=models.Q(('percent__lte', 100)), name='garage_flash_percent'),
        ),
        migrations.AddIndex(
            model_name='ecubackup',
            index=models.Index(fields=['vehicle', '-created_at'], name='garage_backups_of_vehicle'),
        ),
        migrations.AddIndex(
            model_name='ecubackup',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='garage_backups_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='ecubackup',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('vehicle', 'sha256'), name='garage_backup_content_once'),
        ),
        migrations.AddConstraint(
            model_name='ecubackup',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='garage_backup_sha256_whole'),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='garage_documents_of_owner'),
        ),
        migrations.AddIndex(
            model_name='vehicle',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['owner', '-created_at', '-id'], name='garage_vehicles_live'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('vin', ''), _negated=True), ('deleted_at', None)), fields=('owner', 'vin'), name='garage_vehicle_one_live_vin'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('dongle_id', ''), _negated=True), ('deleted_at', None)), fields=('dongle_id',), name='garage_vehicle_one_live_dongle'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.UniqueConstraint(fields=('id', 'owner'), name='garage_vehicle_and_owner'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.CheckConstraint(condition=models.Q(('year', None), ('year__range', (1885, 2100)), _connector='OR'), name='garage_vehicle_year_plausible'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.CheckConstraint(condition=models.Q(('odometer_km', None), ('odometer_km__range', (0, 5000000)), _connector='OR'), name='garage_vehicle_odometer_plausible'),
        ),
        migrations.AddConstraint(
            model_name='vehicle',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dongle_id', ''), _negated=True), ('dongle_connection_type', ''), _connector='OR'), name='garage_vehicle_dongle_whole'),
        ),
        migrations.AddIndex(
            model_name='vehiclemodel',
            index=models.Index(fields=['brand', 'name'], name='garage_model_by_brand'),
        ),
        migrations.AddConstraint(
            model_name='vehiclemodel',
            constraint=models.CheckConstraint(condition=models.Q(('year_from__range', (1885, 2100))), name='garage_model_year_plausible'),
        ),
        migrations.AddConstraint(
            model_name='vehiclemodel',
            constraint=models.CheckConstraint(condition=models.Q(('year_to', None), ('year_to__gte', models.F('year_from')), _connector='OR'), name='garage_model_years_in_order'),
        ),
        *(core.rls.TrackChanges(model) for model in [*RECORDS, *CATALOGUE, "FlashWaiver"]),
        *(core.rls.EnableRLS(model, core.rls.Owner()) for model in [*RECORDS, "FlashEvent"]),
        # Staff grant waivers; the owner may know of theirs.
        core.rls.EnableRLS("FlashWaiver", core.rls.Sql("{table}.owner_id = {me}", "false")),
        *(core.rls.EnableRLS(model, core.rls.Sql("true", "false")) for model in CATALOGUE),
        *(staff_only_writes(model) for model in [*CATALOGUE, "CatalogueState", "FlashWaiver"]),
        *(same_owner(model) for model in ABOUT_A_VEHICLE),
        migrations.RunSQL(VERSION, "DROP FUNCTION garage_catalogue_changed()"),
        *(new_version(model) for model in CATALOGUE),
        *(sync.operations.SyncTable(model, code=code) for model, code in SYNCED.items()),
        *(
            sync.operations.SyncTable(model, code=code, streams=sync.operations.PUBLIC)
            for code, model in enumerate(CATALOGUE, start=30)
        ),
        migrations.RunSQL(
            BACKUP_STAYS,
            "DROP TRIGGER backup_stays ON garage_ecubackup; DROP FUNCTION garage_backup_stays()",
        ),
    ]
