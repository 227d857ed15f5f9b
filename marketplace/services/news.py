"""New versions reach those who own the tune: sync brings the row, a note rings the bell."""

from uuid import UUID

from core.notes import notify
from core.rls import as_system
from marketplace.models import Entitlement, EntitlementStatus, TuneVersion
from sync.services.live import poke


def tell_owners(version_id: UUID) -> int:
    """One note to each owner; how many."""
    with as_system("a job acts for all owners"):
        version = TuneVersion.objects.select_related("tune").get(pk=version_id)
        owners = set(
            Entitlement.objects.filter(
                tune_id=version.tune_id, status=EntitlementStatus.ACTIVE, deleted_at=None
            ).values_list("user_id", flat=True)
        )
        title = f"{version.tune.title}: version {version.number}"
        for owner in sorted(owners):
            notify(owner, "tune_version", title, version.changelog[:200], tune_id=version.tune_id)
            poke(owner)
    return len(owners)
