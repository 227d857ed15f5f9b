"""Which offers somebody may use, and what they are worth."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from appointments.models import Location, Offer, OfferRedemption
from appointments.selectors.pricing import share
from core import clock
from core.geo import Near
from garage.models import Vehicle, VehicleModel
from users.models import User
from users.ports import benefits

TIERS = "offer_tiers"  # the benefit: codes of the plans whose offers a person may use


def tiers_of(user: Any) -> list[str]:
    """The plans whose offers are for this person; none without a plan, or while no app knows of plans."""
    plug = benefits.get(TIERS)
    return list(plug.value_for(user) or ()) if plug and isinstance(user, User) else []


def offers_for(
    rows: Any, user: Any, *, vehicle: Vehicle | None = None, near: Near | None = None
) -> QuerySet[Offer]:
    """Those of `rows` that this person could use now, for this vehicle, at shops near this point."""
    now = clock.now()
    rows = rows.filter(active=True, deleted_at=None, starts_at__lte=now, expires_at__gt=now)
    rows = rows.filter(Q(eligible_memberships=[]) | Q(eligible_memberships__overlap=tiers_of(user)))
    if vehicle is not None:
        of_type = Offer.vehicle_types.through.objects.filter(offer=OuterRef("pk"))
        wanted = VehicleModel.objects.filter(pk__in=[vehicle.vehicle_model_id]).values("vehicle_type")
        rows = rows.filter(~Exists(of_type) | Exists(of_type.filter(vehicletype__in=wanted)))
    if near is not None:
        close = Location.objects.live().filter(near.box(), active=True).annotate(distance=near.distance_m())
        close = close.filter(distance__lte=near.radius_km * 1000)
        at_shop = Offer.locations.through.objects.filter(offer=OuterRef("pk"))
        anywhere = Q(~Exists(at_shop)) & Q(Exists(close))
        rows = rows.filter(anywhere | Exists(at_shop.filter(location__in=close.values("pk"))))
    found: QuerySet[Offer] = rows
    return found


def worth(offer: Offer, total_minor: int, currency: str) -> int:
    """What it takes off a total, never more than the total; 0 in another currency."""
    if offer.percent_bps is not None:
        return share(total_minor, offer.percent_bps)
    return min(int(offer.amount_minor or 0), total_minor) if offer.currency == currency else 0


def uses_left(offer: Offer, user_id: UUID) -> bool:
    """May this person use it once more?"""
    used = OfferRedemption.objects.filter(offer=offer, user_id=user_id, returned_at=None).count()
    return used < offer.limit_per_user and (
        offer.limit_total is None or offer.redeemed_count < offer.limit_total
    )
