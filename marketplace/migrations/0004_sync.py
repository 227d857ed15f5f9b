"""What phones keep (marketplace/hooks/sync.py): buying brings a tune and its versions, losing the right takes them."""

from django.db import migrations

from sync.operations import SyncAccess, SyncTable

HOLDERS = "SELECT e.user_id FROM marketplace_entitlement e WHERE e.tune_id = {row}.%s AND e.status = 'active'"
PUBLISHED = "{row}.published_at IS NOT NULL AND {row}.deleted_at IS NULL"
ACTIVE = "{row}.status = 'active' AND {row}.deleted_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0003_shelf"), ("sync", "0001_initial")]
    operations = [
        SyncTable("Entitlement", code=60, streams="{row}.user_id"),
        SyncTable("Favourite", code=61),
        SyncTable(
            "Tune",
            code=62,
            streams=HOLDERS % "id",
            columns=(
                "title",
                "summary",
                "description",
                "stage",
                "fuel_type",
                "requirements",
                "vin_bound",
                "pictures",
                "status",
                "deleted_at",
            ),
        ),
        SyncAccess(
            "Entitlement", code=62, records="{row}.tune_id", streams="{row}.user_id", live=ACTIVE
        ),
        SyncTable("TuneVersion", code=63, streams=HOLDERS % "tune_id", live=PUBLISHED),
        SyncAccess(
            "Entitlement",
            code=63,
            records="SELECT v.id FROM marketplace_tuneversion v WHERE v.tune_id = {row}.tune_id "
            "AND v.published_at IS NOT NULL AND v.deleted_at IS NULL",
            streams="{row}.user_id",
            live=ACTIVE,
        ),
    ]
