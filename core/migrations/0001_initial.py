"""Roles, grants and the trigger function come before every table of our own."""

import core.clock
import core.ids
import core.rls
from django.db import migrations, models

ROLES = """
DO $$ BEGIN CREATE ROLE revsync_app NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE revsync_system NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN EXECUTE format('GRANT revsync_app, revsync_system TO %I', current_user);
EXCEPTION WHEN OTHERS THEN IF SQLSTATE NOT IN ('XX000', '0LP01') THEN RAISE; END IF; END $$;
GRANT USAGE ON SCHEMA public TO revsync_app, revsync_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO revsync_app, revsync_system;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO revsync_app, revsync_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO revsync_app, revsync_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO revsync_app, revsync_system;
"""

TRACK = """
CREATE FUNCTION core_track_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rev := OLD.rev + 1;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
"""

# Erasure is the one change that the log allows, and only this function makes it: it runs as the tables' owner,
# whom the policies must let through when he has no BYPASSRLS.
FORGET = """
ALTER TABLE core_auditevent NO FORCE ROW LEVEL SECURITY;
CREATE FUNCTION core_forget_actor(person uuid, stand_in uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE core_auditevent SET actor = stand_in, session = NULL, ip_prefix = '' WHERE actor = person;
    UPDATE core_auditevent SET target = stand_in::text WHERE target = person::text;
$$;
REVOKE ALL ON FUNCTION core_forget_actor(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core_forget_actor(uuid, uuid) TO revsync_system;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(TRACK, "DROP FUNCTION core_track_changes()"),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=core.clock.now)),
                ("actor", models.UUIDField(null=True)),
                ("session", models.UUIDField(null=True)),
                ("action", models.CharField(max_length=60)),
                ("target", models.CharField(blank=True, max_length=120)),
                ("ip_prefix", models.CharField(blank=True, max_length=50)),
                ("outcome", models.CharField(default="ok", max_length=40)),
                ("data", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ["-at"],
                "indexes": [
                    models.Index(fields=["actor", "-at"], name="core_audit_by_actor"),
                    models.Index(fields=["action", "-at"], name="core_audit_by_action"),
                ],
            },
        ),
        core.rls.AppendOnly("AuditEvent"),
        # A person may read of their own deeds (export), everybody may be written about.
        core.rls.EnableRLS("AuditEvent", core.rls.Sql("{table}.actor = {me}", "true")),
        migrations.RunSQL(FORGET, "DROP FUNCTION core_forget_actor(uuid, uuid)"),
    ]
