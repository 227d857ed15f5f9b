"""How far an odometer may have come is counted from its last reading, not from the last sample of anything."""

from django.db import migrations, models

from telematics.migrations._storage import SAW as BEFORE

# As in _storage.py, but for `read_at`; and a live frame is not of the future either.
SAW = """
CREATE OR REPLACE FUNCTION telematics_saw(a_vehicle uuid, a_owner uuid, a_t0 timestamptz, a_t1 timestamptz, a_vals jsonb,
  a_odometer double precision, OUT tell boolean, OUT live boolean, OUT newest timestamptz, OUT stirs boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  moment timestamptz := clock_timestamp();
  old telematics_latest;
  fresh jsonb := a_vals;
  best double precision := a_odometer;
  read_at timestamptz := CASE WHEN a_odometer IS NOT NULL THEN a_t1 END;
BEGIN
  SELECT * INTO old FROM telematics_latest WHERE vehicle_id = a_vehicle;
  IF FOUND THEN
    fresh := CASE WHEN old.t IS NULL OR a_t0 > old.t THEN old.vals || a_vals ELSE telematics_newer(old.vals, a_vals) END;
    read_at := old.odometer_at;
    IF best IS NOT NULL AND (old.odometer IS NULL OR best BETWEEN old.odometer AND old.odometer + 1
         + 250.0 / 3600 * GREATEST(0, extract(epoch FROM a_t1 - old.odometer_at))) THEN
      read_at := GREATEST(old.odometer_at, a_t1);
    ELSE
      best := old.odometer;
    END IF;
  END IF;
  newest := GREATEST(old.t, a_t1);
  tell := best IS NOT NULL AND (old.odometer_told IS NULL OR best >= old.odometer_told + 1)
          AND (old.odometer_told_at IS NULL OR old.odometer_told_at < moment - interval '5 minutes');
  live := a_t1 BETWEEN moment - interval '60 seconds' AND moment + interval '60 seconds'
          AND (old.live_at IS NULL OR old.live_at < moment - interval '250 milliseconds');
  INSERT INTO telematics_latest AS l (vehicle_id, owner_id, t, vals, odometer, odometer_at, odometer_told,
    odometer_told_at, lat, lon, last_seen, live_at, extra)
  VALUES (a_vehicle, a_owner, newest, fresh, best, read_at, CASE WHEN tell THEN best END,
    CASE WHEN tell THEN moment END, (fresh -> 'lat' ->> 0)::float8, (fresh -> 'lon' ->> 0)::float8, moment, CASE WHEN live THEN moment END, '{}')
  ON CONFLICT (vehicle_id) DO UPDATE SET t = EXCLUDED.t, vals = EXCLUDED.vals, odometer = EXCLUDED.odometer,
    odometer_at = EXCLUDED.odometer_at,
    odometer_told = COALESCE(EXCLUDED.odometer_told, l.odometer_told),
    odometer_told_at = COALESCE(EXCLUDED.odometer_told_at, l.odometer_told_at),
    lat = EXCLUDED.lat, lon = EXCLUDED.lon, last_seen = EXCLUDED.last_seen,
    live_at = COALESCE(EXCLUDED.live_at, l.live_at);
  stirs := NOT EXISTS (SELECT 1 FROM telematics_dirty d WHERE d.vehicle_id = a_vehicle);
  INSERT INTO telematics_dirty (vehicle_id, owner_id, t0, t1) VALUES (a_vehicle, a_owner, a_t0, a_t1)
    ON CONFLICT DO NOTHING;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('telematics', '0003_reports_purged'),
    ]

    operations = [
        migrations.AddField(
            model_name='latest',
            name='odometer_at',
            field=models.DateTimeField(help_text='Instant of the highest plausible reading.', null=True),
        ),
        migrations.RunSQL(
            "UPDATE telematics_latest SET odometer_at = t WHERE odometer IS NOT NULL", migrations.RunSQL.noop
        ),
        migrations.RunSQL(SAW, BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
    ]
