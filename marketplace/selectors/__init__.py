"""Reads of the marketplace."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max, OuterRef, Prefetch, QuerySet, Subquery

from core.errors import NotFound
from marketplace.models import Compatibility, Entitlement, Tune, TuneVersion
from marketplace.ports import tune_badges


def tune_page(rows: QuerySet[Tune]) -> QuerySet[Tune]:
    """A tune with all that its page shows, in three statements."""
    parts: list[Any] = [
        Prefetch("fits", Compatibility.objects.filter(deleted_at=None)),
        Prefetch("versions", TuneVersion.objects.filter(deleted_at=None)),
    ]
    return rows.select_related("tuner").prefetch_related(*parts)


def badges_of(version_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What higher apps have to show about these versions, by the name of their plug."""
    found: dict[UUID, dict[str, Any]] = {version_id: {} for version_id in version_ids}
    for name, plug in tune_badges.items():
        for version_id, badge in plug.badges(version_ids).items():
            found[version_id][name] = dict(badge)
    return found


def visible_tune(user: Any, tune_id: UUID) -> Tune:
    """A tune that this person may see. Raises NotFound."""
    tune: Tune | None = Tune.objects.visible_to(user).select_related("tuner").filter(pk=tune_id).first()
    if tune is None:
        raise NotFound
    return tune


def with_newest_version(rows: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
    """Entitlements with the number of the newest version that may be downloaded."""
    published = TuneVersion.objects.filter(
        tune=OuterRef("tune_id"), published_at__isnull=False, deleted_at=None
    )
    newest = published.order_by().values("tune").annotate(last=Max("number")).values("last")
    return rows.select_related("tune").annotate(version_number=Subquery(newest))
