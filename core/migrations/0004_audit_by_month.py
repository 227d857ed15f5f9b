"""The audit log, one partition a month, and indexes that keep its pages and erasure bounded.

Web and system reach the partitions through the whole only: its policies and its missing UPDATE and DELETE do not
hold for a partition that is named directly. `core_audit_month` makes partitions; it alone moves rows, out of the
default partition.
"""

import core.rls
from django.db import migrations, models
from django.db.models import Q

COLUMNS = "id, at, actor, session, action, target, ip_prefix, outcome, data"

SPLIT = f"""
ALTER TABLE core_auditevent RENAME TO core_auditevent_whole;
CREATE TABLE core_auditevent (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor uuid,
    session uuid,
    action varchar(60) NOT NULL,
    target varchar(120) NOT NULL,
    ip_prefix varchar(50) NOT NULL,
    outcome varchar(40) NOT NULL,
    data jsonb NOT NULL
) PARTITION BY RANGE (at);
GRANT SELECT, INSERT ON core_auditevent TO revsync_app, revsync_system;
CREATE TABLE core_auditevent_rest PARTITION OF core_auditevent DEFAULT;
REVOKE ALL ON core_auditevent_rest FROM PUBLIC, revsync_app, revsync_system;
INSERT INTO core_auditevent ({COLUMNS}) SELECT {COLUMNS} FROM core_auditevent_whole;
DROP TABLE core_auditevent_whole;
ALTER TABLE core_auditevent ADD CONSTRAINT core_auditevent_pkey PRIMARY KEY (id, at);
CREATE INDEX core_audit_by_time ON core_auditevent (at DESC, id DESC);
CREATE INDEX core_audit_by_actor ON core_auditevent (actor, at DESC);
CREATE INDEX core_audit_by_action ON core_auditevent (action, at DESC);
CREATE INDEX core_audit_by_target ON core_auditevent (target, at DESC) WHERE NOT target = '';
"""

# The lock keeps two workers from making one month twice; a busy log is tried again at the next run.
MONTH = f"""
CREATE FUNCTION core_audit_month(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET lock_timeout = '3s' AS $$
DECLARE
    since timestamptz := date_trunc('month', day::timestamp) AT TIME ZONE 'UTC';
    until timestamptz := (date_trunc('month', day::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    part text := 'core_auditevent_' || to_char(day, 'YYYYMM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('core_audit_month'));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE core_auditevent INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, revsync_app, revsync_system', part);
    LOCK TABLE core_auditevent_rest IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('INSERT INTO %I ({COLUMNS}) SELECT {COLUMNS} FROM core_auditevent_rest'
                   ' WHERE at >= $1 AND at < $2', part) USING since, until;
    DELETE FROM core_auditevent_rest WHERE at >= since AND at < until;
    EXECUTE format('ALTER TABLE core_auditevent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   part, since, until);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION core_audit_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core_audit_month(date) TO revsync_system;
"""

# Says what the index on targets says, so that erasure reads it.
FORGET = """
CREATE OR REPLACE FUNCTION core_forget_actor(person uuid, stand_in uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE core_auditevent SET actor = stand_in, session = NULL, ip_prefix = '' WHERE actor = person;
    UPDATE core_auditevent SET target = stand_in::text WHERE target = person::text AND NOT target = '';
$$;
"""

# What is there goes into months of its own (ten years at most; anything odd stays in the default partition).
MONTHS = """
SELECT core_audit_month(month::date) FROM generate_series(
    (SELECT GREATEST(COALESCE(min(at), now()), now() - interval '10 years') FROM core_auditevent)::date
        - interval '1 month',
    now() + interval '2 months', interval '1 month') month;
"""

JOIN_UP = f"""
CREATE TABLE core_auditevent_whole (LIKE core_auditevent);
INSERT INTO core_auditevent_whole ({COLUMNS}) SELECT {COLUMNS} FROM core_auditevent;
DROP TABLE core_auditevent;
ALTER TABLE core_auditevent_whole RENAME TO core_auditevent;
ALTER TABLE core_auditevent ADD CONSTRAINT core_auditevent_pkey PRIMARY KEY (id);
CREATE INDEX core_audit_by_actor ON core_auditevent (actor, at DESC);
CREATE INDEX core_audit_by_action ON core_auditevent (action, at DESC);
GRANT SELECT, INSERT ON core_auditevent TO revsync_app, revsync_system;
"""


class AndWithin(core.rls.EnableRLS):
    """The policies of a new table in the place of an old one; going back they come with the old table.

    Its owner is not bound: the two functions that forget people and networks run as the owner.
    """

    def forwards(self, table):
        return [*super().forwards(table), f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"]

    def backwards(self, table):
        return []


class AndBack(AndWithin):
    """The same for the way back."""

    def forwards(self, table):
        return []

    def backwards(self, table):
        return [
            *AndWithin.forwards(self, table),
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM revsync_app, revsync_system",
        ]


OWN = core.rls.Sql("{table}.actor = {me}", "true")


class Migration(migrations.Migration):
    dependencies = [("core", "0003_idempotency_keys")]
    operations = [
        AndBack("AuditEvent", OWN),
        migrations.RunSQL(
            SPLIT,
            JOIN_UP,
            state_operations=[
                migrations.AddIndex(
                    "AuditEvent", models.Index(fields=["-at", "-id"], name="core_audit_by_time")
                ),
                migrations.AddIndex(
                    "AuditEvent",
                    models.Index(
                        fields=["target", "-at"], condition=~Q(target=""), name="core_audit_by_target"
                    ),
                ),
            ],
        ),
        core.rls.AppendOnly("AuditEvent"),
        AndWithin("AuditEvent", OWN),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.RunSQL(MONTH, "DROP FUNCTION core_audit_month(date)"),
        migrations.RunSQL(MONTHS, migrations.RunSQL.noop),
    ]
