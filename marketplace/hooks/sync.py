"""What phones keep: rights, the tunes and versions that one owns, the wishlist."""

from marketplace.models import Entitlement, Favourite, Tune, TuneVersion
from marketplace.serializers.buying import FavouriteSerializer
from sync.ports import Merge, ModelCollection, collections

RIGHTS, WISHES, TUNES, VERSIONS = 60, 61, 62, 63  # marketplace/migrations/0004_sync.py says the same
OWNED = (
    "EXISTS (SELECT 1 FROM marketplace_entitlement e WHERE e.tune_id = {row}.%s "
    "AND e.user_id = %%(me)s AND e.status = 'active')"
)

collections.register(
    "entitlements",
    ModelCollection(
        code=RIGHTS,
        model=Entitlement,
        read_only=(
            "tune_id",
            "purchase_id",
            "vehicle_id",
            "vin",
            "status",
            "granted_at",
            "ended_at",
            "download_count",
            "download_limit",
            "rev",
            "created_at",
            "updated_at",
        ),
        owner="user_id",
        merge=Merge.SERVER_WINS,
        hot=True,
    ),
)
collections.register(
    "favourites",
    ModelCollection(
        code=WISHES, model=Favourite, serializer=FavouriteSerializer, writable=("tune_id", "note")
    ),
)
collections.register(
    "tunes",
    ModelCollection(
        code=TUNES,
        model=Tune,
        read_only=(
            "tuner_id",
            "title",
            "summary",
            "description",
            "stage",
            "fuel_type",
            "requirements",
            "vin_bound",
            "pictures",
            "status",
            "rev",
            "created_at",
            "updated_at",
        ),
        owner="",
        scope=OWNED % "id",
    ),
)
collections.register(
    "tune_versions",
    ModelCollection(
        code=VERSIONS,
        model=TuneVersion,
        read_only=(
            "tune_id",
            "number",
            "size",
            "sha256",
            "changelog",
            "format",
            "family",
            "signature",
            "calibration_id",
            "published_at",
            "rev",
            "created_at",
            "updated_at",
        ),
        owner="",
        scope=OWNED % "tune_id",
        live="{row}.deleted_at IS NULL AND {row}.published_at IS NOT NULL",
        parents=("tunes",),
    ),
)
