"""Whoever is known changes no person but themselves, and the web deletes nobody (docs/decisions/people-table.md)."""

import core.rls
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0003_exports")]
    operations = [
        core.rls.EnableRLS("User", core.rls.Sql("true", "{me} IS NULL OR {table}.id = {me}")),
        migrations.RunSQL(
            "REVOKE DELETE, TRUNCATE ON users_user FROM revsync_app",
            "GRANT DELETE ON users_user TO revsync_app",
        ),
    ]
