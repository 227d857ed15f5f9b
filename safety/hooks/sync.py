"""What phones keep: their reports, findings without cells; the tables stay where they are asked for."""

from safety.models import SafetyReport
from sync.ports import Field, Merge, ModelCollection, collections

REPORTS = 80  # safety/migrations/0002_gates.py says the same
FINDINGS = (
    "(SELECT coalesce(jsonb_agg(f - 'cells' ORDER BY n), '[]'::jsonb) "
    "FROM jsonb_array_elements({row}.body->'findings') WITH ORDINALITY AS told (f, n))"
)

collections.register(
    "safety_reports",
    ModelCollection(
        code=REPORTS,
        model=SafetyReport,
        read_only=(
            "vehicle_id",
            "tune_version_id",
            "file_id",
            "filename",
            "baseline_backup_id",
            "baseline_kind",
            "tune_sha256",
            "state",
            "verdict",
            "score",
            "coverage",
            "ruleset_version",
            Field("findings", FINDINGS, "json"),
            "acknowledgement",
            "acknowledged_at",
            "rev",
            "created_at",
            "updated_at",
        ),
        merge=Merge.SERVER_WINS,
        parents=("vehicles", "ecu_backups"),
    ),
)
