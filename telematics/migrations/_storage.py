"""SQL of 0001: the partitioned table, its functions, and what the two roles may do with them."""

SEGMENT = """
CREATE TABLE telematics_segment (
  vehicle_id uuid NOT NULL, owner_id uuid NOT NULL,
  t0 timestamptz NOT NULL, t1 timestamptz NOT NULL,
  n integer NOT NULL CONSTRAINT telematics_segment_has_samples CHECK (n > 0),
  digest bytea NOT NULL, source smallint NOT NULL, skew_ms integer, codec smallint NOT NULL,
  signals smallint[] NOT NULL,
  smin real[] NOT NULL, smax real[] NOT NULL, savg real[] NOT NULL, slast real[] NOT NULL, scount integer[] NOT NULL,
  odo0 double precision, odo1 double precision, fuel_l real, dist_m real,
  data bytea NOT NULL, received_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT telematics_segment_within_an_hour CHECK (t1 >= t0 AND t1 - t0 <= interval '1 hour'),
  PRIMARY KEY (vehicle_id, t0, digest)
) PARTITION BY RANGE (t0);
ALTER TABLE telematics_segment ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE telematics_segment_default PARTITION OF telematics_segment DEFAULT;
REVOKE ALL ON telematics_segment_default FROM revsync_app, revsync_system;
ALTER TABLE telematics_latest SET (fillfactor = 70);
"""

# Months are made by the tables' owner, whoever asks; rows that waited in the default partition move in.
PARTITIONS = """
CREATE FUNCTION telematics_make_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET lock_timeout = '3s' SET timezone = 'UTC' AS $$
DECLARE
  low timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  high timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  child text := 'telematics_segment_' || to_char(month, '"y"YYYY"m"MM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('telematics partitions'));
  IF to_regclass(child) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE telematics_segment INCLUDING ALL)', child);
  EXECUTE format('REVOKE ALL ON %I FROM revsync_app, revsync_system', child);
  LOCK TABLE telematics_segment IN SHARE ROW EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM telematics_segment_default WHERE t0 >= $1 AND t0 < $2 RETURNING *) '
                 'INSERT INTO %I SELECT * FROM moved', child) USING low, high;
  EXECUTE format('ALTER TABLE telematics_segment ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, low, high);
  RETURN true;
END $$;

CREATE FUNCTION telematics_drop_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET lock_timeout = '3s' SET timezone = 'UTC' AS $$
DECLARE
  child text := 'telematics_segment_' || to_char(month, '"y"YYYY"m"MM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('telematics partitions'));
  IF to_regclass(child) IS NULL THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE %I', child);
  RETURN true;
END $$;

-- Months that stand in the default partition: none, while the job runs.
CREATE FUNCTION telematics_unplaced_months() RETURNS TABLE (month date, segments bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT date_trunc('month', t0 AT TIME ZONE 'UTC')::date, count(*) FROM telematics_segment_default GROUP BY 1 ORDER BY 1
$$;

REVOKE ALL ON FUNCTION telematics_make_month(date), telematics_drop_month(date), telematics_unplaced_months() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telematics_make_month(date), telematics_drop_month(date), telematics_unplaced_months()
  TO revsync_system;
SELECT telematics_make_month((date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date)
  FROM generate_series(-1, 3) ahead;
"""

# Everything that writes samples of a vehicle holds this lock to the end of its transaction.
LOCK = """
CREATE FUNCTION telematics_lock(vehicle uuid) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('telematics:' || vehicle::text, 13))
$$;
"""

# Signal -> [value, ms]: of two the newer; at one instant the first that was known.
NEWER = """
CREATE FUNCTION telematics_newer(known jsonb, news jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT known || COALESCE(jsonb_object_agg(n.key, n.value) FILTER (
           WHERE NOT known ? n.key OR (known -> n.key ->> 1)::bigint < (n.value ->> 1)::bigint), '{}')
    FROM jsonb_each(news) n
$$;
"""

# The whole of an append. a_mode 0: look first; 1: the caller has looked and holds the lock; 2: the same, and these
# samples are known already, only repacked. outcome: n stored; 0 this very upload is stored already; -1 some instants
# may be known already; -2 the owner has no such vehicle: nothing was written. Locks first: the statements that follow see all that was committed before.
APPEND = """
CREATE FUNCTION telematics_append(
  a_vehicle uuid, a_owner uuid, a_t0 timestamptz, a_t1 timestamptz, a_n integer, a_sent integer, a_digest bytea,
  a_source smallint, a_skew integer, a_codec smallint, a_signals smallint[], a_min real[], a_max real[], a_avg real[],
  a_last real[], a_count integer[], a_odo0 double precision, a_odo1 double precision, a_fuel real, a_dist real,
  a_data bytea, a_vals jsonb, a_odometer double precision, a_mode integer,
  OUT outcome integer, OUT tell boolean, OUT live boolean, OUT newest timestamptz, OUT stirs boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  near RECORD;
BEGIN
  tell := false;
  live := false;
  stirs := false;
  IF a_mode = 0 AND NOT EXISTS (
    SELECT 1 FROM garage_vehicle v WHERE v.id = a_vehicle AND v.owner_id = a_owner AND v.deleted_at IS NULL)
  THEN outcome := -2; RETURN; END IF;
  PERFORM telematics_lock(a_vehicle);
  IF a_mode = 0 THEN
    SELECT COALESCE(bool_or(s.digest = a_digest AND s.t0 = a_t0 AND s.n = a_sent), false) AS same, count(*) AS many
      INTO near FROM telematics_segment s
     WHERE s.vehicle_id = a_vehicle AND s.t0 BETWEEN a_t0 - interval '1 hour' AND a_t1 AND s.t1 >= a_t0;
    IF near.same THEN
      outcome := 0;
      SELECT l.t INTO newest FROM telematics_latest l WHERE l.vehicle_id = a_vehicle;
      RETURN;
    END IF;
    IF near.many > 0 OR EXISTS (
      SELECT 1 FROM telematics_tail s WHERE s.vehicle_id = a_vehicle AND s.t BETWEEN a_t0 AND a_t1)
    THEN outcome := -1; RETURN; END IF;
  END IF;
  INSERT INTO telematics_segment (vehicle_id, owner_id, t0, t1, n, digest, source, skew_ms, codec, signals, smin, smax,
    savg, slast, scount, odo0, odo1, fuel_l, dist_m, data)
  VALUES (a_vehicle, a_owner, a_t0, a_t1, a_n, a_digest, a_source, a_skew, a_codec, a_signals, a_min, a_max, a_avg,
    a_last, a_count, a_odo0, a_odo1, a_fuel, a_dist, a_data);
  outcome := a_n;
  IF a_mode < 2 THEN
    SELECT s.tell, s.live, s.newest, s.stirs INTO tell, live, newest, stirs
      FROM telematics_saw(a_vehicle, a_owner, a_t0, a_t1, a_vals, a_odometer) s;
  END IF;
END $$;
"""

# What is known by heart after new samples, and that facts about their range are to be made anew. An odometer that jumped faster than 250 km/h counts for nothing. The garage
# is told of a kilometre more, at most every five minutes; a live frame goes out at most four times a second.
SAW = """
CREATE FUNCTION telematics_saw(a_vehicle uuid, a_owner uuid, a_t0 timestamptz, a_t1 timestamptz, a_vals jsonb,
  a_odometer double precision, OUT tell boolean, OUT live boolean, OUT newest timestamptz, OUT stirs boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  moment timestamptz := clock_timestamp();
  old telematics_latest;
  fresh jsonb := a_vals;
  best double precision := a_odometer;
BEGIN
  SELECT * INTO old FROM telematics_latest WHERE vehicle_id = a_vehicle;
  IF FOUND THEN
    fresh := CASE WHEN old.t IS NULL OR a_t0 > old.t THEN old.vals || a_vals ELSE telematics_newer(old.vals, a_vals) END;
    IF old.odometer IS NOT NULL AND (best IS NULL OR best < old.odometer OR best > old.odometer + 1
         + 250.0 / 3600 * abs(extract(epoch FROM a_t1 - old.t))) THEN
      best := old.odometer;
    END IF;
  END IF;
  newest := GREATEST(old.t, a_t1);
  tell := best IS NOT NULL AND (old.odometer_told IS NULL OR best >= old.odometer_told + 1)
          AND (old.odometer_told_at IS NULL OR old.odometer_told_at < moment - interval '5 minutes');
  live := a_t1 > moment - interval '60 seconds'
          AND (old.live_at IS NULL OR old.live_at < moment - interval '250 milliseconds');
  INSERT INTO telematics_latest AS l (vehicle_id, owner_id, t, vals, odometer, odometer_told, odometer_told_at, lat, lon,
    last_seen, live_at, extra)
  VALUES (a_vehicle, a_owner, newest, fresh, best, CASE WHEN tell THEN best END, CASE WHEN tell THEN moment END,
    (fresh -> 'lat' ->> 0)::float8, (fresh -> 'lon' ->> 0)::float8, moment, CASE WHEN live THEN moment END, '{}')
  ON CONFLICT (vehicle_id) DO UPDATE SET t = EXCLUDED.t, vals = EXCLUDED.vals, odometer = EXCLUDED.odometer,
    odometer_told = COALESCE(EXCLUDED.odometer_told, l.odometer_told),
    odometer_told_at = COALESCE(EXCLUDED.odometer_told_at, l.odometer_told_at),
    lat = EXCLUDED.lat, lon = EXCLUDED.lon, last_seen = EXCLUDED.last_seen,
    live_at = COALESCE(EXCLUDED.live_at, l.live_at);
  stirs := NOT EXISTS (SELECT 1 FROM telematics_dirty d WHERE d.vehicle_id = a_vehicle);
  INSERT INTO telematics_dirty (vehicle_id, owner_id, t0, t1) VALUES (a_vehicle, a_owner, a_t0, a_t1)
    ON CONFLICT DO NOTHING;
END $$;
"""

FORWARDS = [SEGMENT, PARTITIONS, LOCK, NEWER, SAW, APPEND]
BACKWARDS = """
DROP FUNCTION telematics_append; DROP FUNCTION telematics_saw; DROP FUNCTION telematics_newer;
DROP FUNCTION telematics_lock; DROP FUNCTION telematics_make_month; DROP FUNCTION telematics_drop_month;
DROP FUNCTION telematics_unplaced_months; DROP TABLE telematics_segment;
"""
