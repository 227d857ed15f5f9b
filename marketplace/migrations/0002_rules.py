"""What the database itself keeps: who sees what, states that move forward, versions that never change."""

import json

from django.db import migrations

from core.rls import AppendOnly, EnableRLS, Owner, PublicRead, Sql, TrackChanges, Via
from marketplace.states import MACHINES

OWN_TUNE = (
    "EXISTS (SELECT 1 FROM marketplace_tune t JOIN tuners_tunerprofile p ON p.id = t.tuner_id "
    "WHERE t.id = {table}.tune_id AND p.user_id = {me})"
)
# Row-level security of the tune applies inside: what one may not see does not exist.
SEEN_TUNE = "EXISTS (SELECT 1 FROM marketplace_tune t WHERE t.id = {table}.tune_id)"

FORWARD = """
CREATE FUNCTION marketplace_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (TG_ARGV[0]::jsonb -> OLD.status) ? NEW.status THEN
        RAISE EXCEPTION '% may not become %', OLD.status, NEW.status
            USING ERRCODE = '23514', CONSTRAINT = 'marketplace_forward_only';
    END IF;
    RETURN NEW;
END $$;
"""

KEPT = """
CREATE FUNCTION marketplace_version_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.tune_id, OLD.number, OLD.file_id, OLD.filename, OLD.size, OLD.sha256, OLD.changelog)
        IS DISTINCT FROM (NEW.tune_id, NEW.number, NEW.file_id, NEW.filename, NEW.size, NEW.sha256, NEW.changelog)
    OR (OLD.published_at IS NOT NULL AND
        (OLD.published_at, OLD.state, OLD.format, OLD.family, OLD.signature, OLD.calibration_id, OLD.deleted_at)
        IS DISTINCT FROM
        (NEW.published_at, NEW.state, NEW.format, NEW.family, NEW.signature, NEW.calibration_id, NEW.deleted_at))
    THEN
        RAISE EXCEPTION 'a version never changes'
            USING ERRCODE = '23514', CONSTRAINT = 'marketplace_version_immutable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON marketplace_tuneversion
    FOR EACH ROW EXECUTE FUNCTION marketplace_version_kept();
"""

RATED = """
CREATE TRIGGER count_rating AFTER INSERT OR DELETE OR UPDATE OF rating, hidden_reason, deleted_at
    ON marketplace_tunereview FOR EACH ROW EXECUTE FUNCTION tuners_count_rating('marketplace_tune', 'tune_id');
"""


def forward_only(table: str) -> migrations.RunSQL:
    moves = json.dumps({old: sorted(new) for old, new in MACHINES[table].items()})
    return migrations.RunSQL(
        f"CREATE TRIGGER forward_only BEFORE UPDATE OF status ON {table} FOR EACH ROW "
        f"WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION marketplace_forward('{moves}')",
        f"DROP TRIGGER forward_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial"), ("tuners", "0002_rules")]
    operations = [
        migrations.RunSQL([FORWARD], "DROP FUNCTION marketplace_forward()"),
        *(forward_only(table) for table in MACHINES),
        migrations.RunSQL(
            [KEPT], "DROP TRIGGER kept ON marketplace_tuneversion; DROP FUNCTION marketplace_version_kept()"
        ),
        migrations.RunSQL([RATED], "DROP TRIGGER count_rating ON marketplace_tunereview"),
        *(
            TrackChanges(name)
            for name in (
                "Tune",
                "TuneVersion",
                "Compatibility",
                "Purchase",
                "Entitlement",
                "TuneReview",
                "Favourite",
            )
        ),
        EnableRLS(
            "Tune",
            PublicRead(
                "status IN ('published', 'retired') AND deleted_at IS NULL",
                Via("tuner_id", "tuners_tunerprofile", "user_id"),
            ),
        ),
        EnableRLS(
            "TuneVersion", Sql(read=f"({{table}}.published_at IS NOT NULL AND {SEEN_TUNE}) OR {OWN_TUNE}", write=OWN_TUNE)
        ),
        EnableRLS("Compatibility", Sql(read=SEEN_TUNE, write=OWN_TUNE)),
        EnableRLS("Purchase", Owner("user_id")),
        EnableRLS("Entitlement", Owner("user_id")),
        EnableRLS("Download", Owner("user_id")),
        AppendOnly("Download"),
        EnableRLS("Favourite", Owner("owner_id")),
        EnableRLS(
            "TuneReview",
            Sql(
                read="{table}.hidden_reason = '' OR {table}.author_id = {me}",
                write="{table}.author_id = {me}",
            ),
        ),
    ]
