"""What the database itself keeps: who sees what, revisions, and exact ratings."""

from django.db import migrations

from core.rls import EnableRLS, Owner, Sql, TrackChanges

# For any table of reviews (columns rating, hidden_reason, deleted_at) whose parent has rating_sum and rating_count:
# arguments are the parent's table and the column that points at it. The owner of the tables runs it, because a
# reviewer may not write the row of the one who is reviewed; the row lock of its UPDATE keeps parallel reviews exact.
COUNT_RATING = """
CREATE FUNCTION tuners_count_rating() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    more int := 0;
    stars int := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.hidden_reason = '' AND OLD.deleted_at IS NULL THEN
        more := more - 1;
        stars := stars - OLD.rating;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.hidden_reason = '' AND NEW.deleted_at IS NULL THEN
        more := more + 1;
        stars := stars + NEW.rating;
    END IF;
    IF more <> 0 OR stars <> 0 THEN
        EXECUTE format('UPDATE %I SET rating_count = rating_count + $1, rating_sum = rating_sum + $2 WHERE id = $3',
                       TG_ARGV[0])
        USING more, stars, (to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[1])::uuid;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_rating AFTER INSERT OR DELETE OR UPDATE OF rating, hidden_reason, deleted_at
    ON tuners_tunerreview FOR EACH ROW EXECUTE FUNCTION tuners_count_rating('tuners_tunerprofile', 'tuner_id');
"""


class Migration(migrations.Migration):
    dependencies = [("tuners", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [COUNT_RATING],
            "DROP TRIGGER count_rating ON tuners_tunerreview; DROP FUNCTION tuners_count_rating()",
        ),
        TrackChanges("TunerProfile"),
        TrackChanges("TunerApplication"),
        TrackChanges("TunerCertification"),
        TrackChanges("TunerReview"),
        # A profile holds what everybody may read; only its owner writes it.
        EnableRLS("TunerProfile", Sql(read="true", write="{table}.user_id = {me}")),
        EnableRLS("TunerApplication", Owner("user_id")),
        EnableRLS("TunerCertification", Owner("user_id")),
        EnableRLS(
            "TunerReview",
            Sql(
                read="{table}.hidden_reason = '' OR {table}.author_id = {me}",
                write="{table}.author_id = {me}",
            ),
        ),
    ]
