"""Reads of tuners."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from tuners.errors import ProfileNotThere
from tuners.models import TunerProfile, TunerReview

if TYPE_CHECKING:
    from core.geo import Near


def profile_of(user_id: UUID, *, lock: bool = False) -> TunerProfile:
    """The caller's own profile, whatever its state. Raises ProfileNotThere (404)."""
    rows = TunerProfile.objects.filter(user_id=user_id, deleted_at=None)
    profile: TunerProfile | None = (rows.select_for_update() if lock else rows).first()
    if profile is None:
        raise ProfileNotThere
    return profile


def discover(
    rows: QuerySet[TunerProfile],
    *,
    search: str = "",
    speciality: str = "",
    min_rating: float | None = None,
    near: "Near | None" = None,
) -> QuerySet[TunerProfile]:
    """Filter listed tuners; with `near` each row carries `distance_m`, and those without a place are left out."""
    if search:
        words = SearchQuery(search, config="english", search_type="websearch")
        rows = rows.filter(document=words | SearchQuery(search, config="simple", search_type="websearch"))
    if speciality:
        rows = rows.filter(specialities__contains=[speciality])
    if min_rating is not None:
        rows = rows.filter(score__gte=min_rating)
    if near is not None:
        found: Any = rows.filter(near.box()).annotate(distance_m=near.distance_m())
        rows = found.filter(distance_m__lte=near.radius_km * 1000)
    return rows


def reviews_of(user: Any, tuner_id: UUID) -> QuerySet[TunerReview]:
    """What this person may read of a tuner's reviews."""
    rows: QuerySet[TunerReview] = TunerReview.objects.visible_to(user).filter(tuner_id=tuner_id)
    return rows.select_related("author")
