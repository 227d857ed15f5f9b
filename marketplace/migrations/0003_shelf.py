"""The shelf keeps itself: triggers rewrite the listings of tunes whose words, price, fit or tuner changed.

All triggers are statement triggers over transition tables, so that a bulk load costs one pass. Listings are
written by the owner of the tables; the web may only read them.
"""

from django.db import migrations

from core.rls import APP_ROLE

# marketplace/fitment.py has the twin of this function: case, blanks and ASCII punctuation do not count.
KEY = r"""
CREATE FUNCTION marketplace_key(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(lower(words), '[[:space:]!-/:-@\[-`{-~]+', '', 'g')
$$;
"""

SHELVE = """
CREATE FUNCTION marketplace_shelve(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM marketplace_listing l WHERE l.tune_id = ANY(ids) AND NOT EXISTS (
        SELECT 1 FROM marketplace_tune t JOIN tuners_tunerprofile p ON p.id = t.tuner_id
         WHERE t.id = l.tune_id AND t.status = 'published' AND t.deleted_at IS NULL AND p.status = 'verified');
    INSERT INTO marketplace_listing AS l
        (tune_id, published_at, price_minor, score, sales_count, tokens, labels, document, card)
    SELECT t.id, t.published_at, t.price_minor, t.score, t.sales_count,
           ARRAY(SELECT DISTINCT token FROM unnest(ARRAY[
                   'stage:' || t.stage, 'currency:' || t.currency, 'tuner:' || t.tuner_id,
                   'fuel:' || nullif(t.fuel_type, ''), CASE WHEN t.price_minor = 0 THEN 'free:true' END
               ] || f.tokens || f.years) token WHERE token IS NOT NULL ORDER BY token),
           ARRAY(SELECT DISTINCT label FROM unnest(ARRAY[
                   'stage:' || t.stage, 'fuel:' || nullif(t.fuel_type, '')
               ] || f.labels) label WHERE label IS NOT NULL ORDER BY label),
           setweight(to_tsvector('simple', t.title || ' ' || f.words), 'A')
               || setweight(to_tsvector('english', t.title || ' ' || t.summary), 'A')
               || setweight(to_tsvector('simple', p.business), 'B')
               || setweight(to_tsvector('english', left(t.description, 5000)), 'C'),
           row_to_json(card)
      FROM marketplace_tune t
      JOIN tuners_tunerprofile p ON p.id = t.tuner_id
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(token.token) FILTER (WHERE token.token IS NOT NULL), '{}') AS tokens,
                  coalesce(array_agg(token.label) FILTER (WHERE token.label IS NOT NULL), '{}') AS labels,
                  ARRAY(SELECT CASE WHEN year IS NULL THEN 'year:any' ELSE 'year:' || year END
                          FROM marketplace_compatibility c
                          LEFT JOIN LATERAL generate_series(
                                    least(greatest(coalesce(c.year_from, 1960), 1960), 2040)::int,
                                    greatest(least(coalesce(c.year_to, 2040), 2040), 1960)::int) year
                            ON c.year_from IS NOT NULL OR c.year_to IS NOT NULL
                         WHERE c.tune_id = t.id AND c.deleted_at IS NULL)
                      || CASE WHEN (SELECT count(*) FROM marketplace_compatibility c
                                     WHERE c.tune_id = t.id AND c.deleted_at IS NULL) = 1 THEN '{rows:1}'::text[] END
                      AS years,
                  coalesce((SELECT string_agg(concat_ws(' ', c.make, c.model, c.ecu_family), ' ')
                              FROM marketplace_compatibility c
                             WHERE c.tune_id = t.id AND c.deleted_at IS NULL), '') AS words
             FROM marketplace_compatibility c
             LEFT JOIN garage_vehiclemodel m ON m.id = c.vehicle_model_id
             LEFT JOIN garage_vehicletype y ON y.id = m.vehicle_type_id
            CROSS JOIN LATERAL (VALUES
                  ('make:' || nullif(marketplace_key(c.make), ''), 'make:' || nullif(c.make, '')),
                  (CASE WHEN c.model <> '' THEN 'model:' || marketplace_key(c.make) || '/' || marketplace_key(c.model)
                        WHEN c.make <> '' THEN 'make_all:' || marketplace_key(c.make)
                        ELSE 'ecu_all:' || marketplace_key(c.ecu_family) END,
                   CASE WHEN c.model <> '' THEN 'model:' || c.make || ' ' || c.model END),
                  ('vm:' || c.vehicle_model_id, NULL),
                  ('ecu:' || nullif(marketplace_key(c.ecu_family), ''), 'ecu:' || nullif(c.ecu_family, '')),
                  ('type:' || y.code, 'type:' || y.code)
            ) AS token(token, label)
            WHERE c.tune_id = t.id AND c.deleted_at IS NULL) f
     CROSS JOIN LATERAL (
           SELECT t.id, t.title, t.summary, t.stage, t.fuel_type, t.price_minor, t.currency, t.vin_bound,
                  t.pictures -> 0 ->> 'url' AS picture, t.gain_power_kw, t.gain_torque_nm,
                  round(t.rating_sum::numeric / nullif(t.rating_count, 0), 2) AS rating, t.rating_count, t.score,
                  t.sales_count, json_build_object('id', p.id, 'business', p.business) AS tuner,
                  ARRAY(SELECT concat_ws(' ', nullif(c.make, ''), nullif(c.model, ''),
                               CASE WHEN c.year_from = c.year_to THEN c.year_from::text
                                    WHEN c.year_from IS NOT NULL OR c.year_to IS NOT NULL
                                    THEN concat(c.year_from, '-', c.year_to) END,
                               nullif(c.ecu_family, ''))
                          FROM marketplace_compatibility c
                         WHERE c.tune_id = t.id AND c.deleted_at IS NULL
                         ORDER BY c.make, c.model, c.year_from, c.id LIMIT 5) AS fits,
                  (SELECT max(v.number) FROM marketplace_tuneversion v
                    WHERE v.tune_id = t.id AND v.published_at IS NOT NULL AND v.deleted_at IS NULL) AS version_number,
                  replace(to_char(t.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                          '.000000Z', 'Z') AS published_at) card
     WHERE t.id = ANY(ids) AND t.status = 'published' AND t.deleted_at IS NULL AND p.status = 'verified'
    ON CONFLICT (tune_id) DO UPDATE
       SET (published_at, price_minor, score, sales_count, tokens, labels, document, card) =
           (EXCLUDED.published_at, EXCLUDED.price_minor, EXCLUDED.score, EXCLUDED.sales_count, EXCLUDED.tokens,
            EXCLUDED.labels, EXCLUDED.document, EXCLUDED.card)
     WHERE (l.card::text, l.tokens, l.document) IS DISTINCT FROM
           (EXCLUDED.card::text, EXCLUDED.tokens, EXCLUDED.document);
END $$;

CREATE FUNCTION marketplace_reshelve() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids uuid[];
BEGIN
    EXECUTE format('SELECT array_agg(DISTINCT %I) FROM changed', TG_ARGV[0]) INTO ids;
    IF ids IS NOT NULL THEN
        PERFORM marketplace_shelve(ids);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION marketplace_reshelve_tuner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM marketplace_shelve(array_agg(t.id)) FROM marketplace_tune t WHERE t.tuner_id = NEW.id HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER reshelve AFTER UPDATE OF business, status ON tuners_tunerprofile FOR EACH ROW
    WHEN ((OLD.business, OLD.status) IS DISTINCT FROM (NEW.business, NEW.status))
    EXECUTE FUNCTION marketplace_reshelve_tuner();
"""


def reshelve(table: str, column: str) -> str:
    """Statement triggers: transition tables allow one event each."""
    return "".join(
        f"CREATE TRIGGER reshelve_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
        f"FOR EACH STATEMENT EXECUTE FUNCTION marketplace_reshelve('{column}');\n"
        for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    )


# At commit, so that the lock on a part is the last one taken and can't close a circle; once a transaction.
VERSION = """
CREATE FUNCTION marketplace_shelf_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE me text := pg_current_xact_id()::text;
BEGIN
    IF current_setting('app.shelf_changed', true) IS DISTINCT FROM me THEN
        PERFORM set_config('app.shelf_changed', me, true);
        INSERT INTO marketplace_shelfstate (part, version) VALUES (me::numeric % 8, gen_random_uuid())
            ON CONFLICT (part) DO UPDATE SET version = EXCLUDED.version;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER shelf_changed AFTER INSERT OR UPDATE OR DELETE ON marketplace_listing
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION marketplace_shelf_changed();
"""

READ_ONLY = f"""
REVOKE INSERT, UPDATE, DELETE ON marketplace_listing, marketplace_shelfstate FROM {APP_ROLE};
REVOKE EXECUTE ON FUNCTION marketplace_shelve(uuid[]) FROM PUBLIC;
"""
TABLES = {"marketplace_tune": "id", "marketplace_compatibility": "tune_id", "marketplace_tuneversion": "tune_id"}

UNDO = """
DROP TRIGGER shelf_changed ON marketplace_listing;
DROP FUNCTION marketplace_shelf_changed();
DROP TRIGGER reshelve ON tuners_tunerprofile;
DROP FUNCTION marketplace_reshelve_tuner();
DROP FUNCTION marketplace_reshelve() CASCADE;
DROP FUNCTION marketplace_shelve(uuid[]);
DROP FUNCTION marketplace_key(text);
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_rules"), ("garage", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [KEY, SHELVE, *(reshelve(table, column) for table, column in TABLES.items()), VERSION, READ_ONLY],
            UNDO,
        )
    ]
