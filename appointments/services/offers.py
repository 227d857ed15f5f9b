"""Offers are redeemed once per appointment, within their limits, whoever comes at the same time."""

from uuid import UUID

from django.db.models import F

from appointments.errors import OfferNotValid
from appointments.models import Appointment, Location, Offer, OfferRedemption
from appointments.selectors.offers import offers_for, uses_left, worth
from core import clock
from users.models import User


def demand_offer(
    offer_id: UUID, *, user: User | None, location: Location, vehicle_type_id: UUID | None, total_minor: int
) -> tuple[Offer, int]:
    """The offer, locked until the transaction ends, and what it takes off. Raises OfferNotValid (409)."""
    if user is None:
        raise OfferNotValid("Please log in to use an offer.")
    if not offers_for(Offer.objects.all(), user).filter(pk=offer_id).exists():
        raise OfferNotValid
    offer: Offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    places = set(offer.locations.values_list("pk", flat=True))
    types = set(offer.vehicle_types.values_list("pk", flat=True))
    if (places and location.pk not in places) or (types and vehicle_type_id not in types):
        raise OfferNotValid
    amount = worth(offer, total_minor, location.currency)
    if amount == 0:
        raise OfferNotValid
    if not uses_left(offer, user.pk):
        raise OfferNotValid("This offer was used as often as it may be.")
    return offer, amount


def redeem(offer: Offer, user: User, appointment: Appointment, amount_minor: int) -> None:
    """Count one use; the offer is locked by `demand_offer`."""
    Offer.objects.filter(pk=offer.pk).update(redeemed_count=F("redeemed_count") + 1)
    OfferRedemption.objects.create(offer=offer, user=user, appointment=appointment, amount_minor=amount_minor)


def give_back(appointment: Appointment) -> None:
    """An appointment that came to nothing leaves its offer unused."""
    used = OfferRedemption.objects.filter(appointment=appointment, returned_at=None)
    if (row := used.first()) and used.update(returned_at=clock.now()):
        Offer.objects.filter(pk=row.offer_id).update(redeemed_count=F("redeemed_count") - 1)
